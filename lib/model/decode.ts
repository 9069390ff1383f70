/**
 * Decoding token by token with key and value caches. Rows are items times paths, an item's paths side by side; paths
 * share their item's encoder keys and values, and every step is one batch.
 */
import { type EncodedBatch, endEncoder } from "./encoded.ts";
import { computeLogits } from "./head.ts";
import { keyValueCache } from "./key_value_cache.ts";
import { checkMasks, checkTokens, type Tokens } from "./request.ts";
import { runStack, unpatchedFeeds } from "./stack.ts";
import type { EncoderDecoderModel } from "./t5_model.ts";

/** Rows being decoded. */
export interface Decoding {
  readonly nRows: number;
  /**
   * Appends one token to every row.
   * @param tokens [rows]; first the decoder's start token (`model.config.decoderStartToken`), then what was chosen
   * @returns logits of the next token, [rows, vocabulary]
   */
  step(tokens: ArrayLike<number>): Promise<Float32Array>;
}

/**
 * Encodes items as one batch.
 * @param masks 0 at each position that nobody may attend to
 * @throws {RangeError} for tokens or masks that do not fit, or different lengths on engine portable
 */
export async function encode(
  model: EncoderDecoderModel,
  items: readonly Tokens[],
  { masks }: { readonly masks?: readonly ArrayLike<number>[] } = {},
): Promise<EncodedBatch> {
  checkTokens(items, model.config);
  checkMasks(masks, items);
  const rows = items.map((tokens, item) => ({
    length: tokens.length,
    resid: model.embed(tokens),
    mask: masks?.[item],
  }));
  const { resid } = await runStack(model.encoder, rows, { from: 0, to: model.encoder.nBlocks });
  return endEncoder(model, resid.map((values, item) => ({ resid: values, mask: masks?.[item] })));
}

/**
 * Starts decoding from encoded items.
 * @param nPathsEach rows for each item
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encode, loadModel, startDecoding } from "lib/model/model.ts";
 * const model = await loadModel("tests/golden/models/t5_chronos", { engine: "portable" });
 * assert.ok(model.kind === "encoder-decoder");
 * const decoding = startDecoding(model, await encode(model, [[5, 6, 7]]), 2);
 * const start = model.config.decoderStartToken;
 * assert.equal((await decoding.step([start, start])).length, 2 * model.config.vocabSize);
 * assert.equal((await decoding.step([9, 10])).length, 2 * model.config.vocabSize);
 * await model.close();
 * ```
 */
export function startDecoding(
  model: EncoderDecoderModel,
  encoded: EncodedBatch,
  nPathsEach: number,
): Decoding {
  const { decoder, config: { vocabSize } } = model;
  const nRows = encoded.nItems * nPathsEach;
  const caches = Array.from({ length: decoder.nBlocks }, () => keyValueCache({ ...decoder, nRows }));
  const unpatched = unpatchedFeeds(decoder);
  let known = 0;
  return {
    nRows,
    async step(tokens) {
      if (tokens.length !== nRows) {
        throw new RangeError(`Cannot decode: needs ${nRows} tokens, got ${tokens.length}`);
      }
      checkTokens([tokens], { vocabSize, what: "step" });
      let resid = model.embed(tokens);
      const bias = model.stepBias(known, caches[0]!.capacity());
      for (const [block, cache] of caches.entries()) {
        const session = await decoder.block(block);
        const out = await session.run({
          resid: { type: "float32", data: resid, dims: [nRows, 1, decoder.dModel] },
          attn_bias: bias,
          ...cache.feeds(),
          ...encoded.blockFeeds(block),
          ...unpatched,
        }, ["resid_post", "k", "v"]);
        cache.append(out.k.data, out.v.data);
        resid = out.resid_post.data;
      }
      known++;
      return await computeLogits(model.head, resid);
    },
  };
}
