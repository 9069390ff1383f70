/** Running an encoder-decoder model: items through the encoder, then their targets, teacher-forced, through the decoder. */
import { planBatches } from "./batching.ts";
import { endEncoder } from "./encoded.ts";
import { type HookPoint, parseHook } from "./hooks.ts";
import { predict } from "./predict.ts";
import {
  checkMasks,
  checkPatches,
  checkPositions,
  checkTokens,
  type RunOptions,
  type RunResult,
  type Tokens,
} from "./request.ts";
import { batchPolicy, lastBlock, patchesOf } from "./run_causal.ts";
import { type RowPatch, runStack } from "./stack.ts";
import type { EncoderDecoderModel } from "./t5_model.ts";

/** A row of the encoder: where it starts and what is patched on the way. */
export interface EncoderRow {
  readonly length: number;
  /** Residual stream before block `from`, [length, d]; asked when the row's turn comes. */
  readonly resid: () => Float32Array;
  readonly mask?: ArrayLike<number> | undefined;
  readonly patches: readonly RowPatch[];
  readonly targets: Tokens;
  /** Decoder positions to predict from. */
  readonly positions: readonly number[];
}

export interface T5Run {
  /** First encoder block to run. */
  readonly from: number;
  readonly want: RunOptions["want"];
  readonly read: readonly HookPoint[];
  readonly maxBatchPositions?: number | undefined;
}

/** Runs items from the beginning. See `run`. */
export async function runT5(
  model: EncoderDecoderModel,
  items: readonly Tokens[],
  { want, read = [], patch = [], positions, targets, masks, maxBatchPositions }: RunOptions,
): Promise<RunResult> {
  checkTokens(items, model.config);
  checkMasks(masks, items);
  const stacks = [model.encoder, model.decoder];
  const points = read.map((hook) => parseHook(hook, stacks));
  const needsDecoder = want !== "residual" || points.some(({ stack }) => stack === "decoder");
  const decoded = checkTargets(model, targets, items.length, needsDecoder);
  const patches = checkPatches(patch, {
    stacks,
    dModel: model.config.dModel,
    nItems: items.length,
    lengthOf: (item, { stack }) => (stack === "encoder" ? items : decoded)[item]?.length ?? 0,
  });
  const wanted = checkPositions(positions, decoded.map((own) => own.length));
  const rows = items.map((tokens, item): EncoderRow => ({
    length: tokens.length,
    resid: () => model.embed(tokens),
    mask: masks?.[item],
    patches: patchesOf(patches, item),
    targets: decoded[item]!,
    positions: wanted[item]!,
  }));
  const result = await runT5Rows(model, rows, { from: 0, want, read: points, maxBatchPositions });
  return {
    read: Object.fromEntries(read.map((hook, p) => [hook, result.read[p]!])),
    ...(want !== "residual" && { [want]: result.predictions }),
  };
}

/** Runs rows in batches; results are in the order of the rows. */
export async function runT5Rows(
  model: EncoderDecoderModel,
  rows: readonly EncoderRow[],
  { from, want, read, maxBatchPositions }: T5Run,
): Promise<{ read: Float32Array[][]; predictions: Float32Array[] }> {
  const reads = read.map((): Float32Array[] => []);
  const predictions: Float32Array[] = [];
  const decoderReads = read.filter(({ stack }) => stack === "decoder");
  const needsDecoder = want !== "residual" || decoderReads.length > 0;
  const to = needsDecoder ? model.encoder.nBlocks : lastBlock(read);
  // Encoder and decoder of a row are run together, so rows share a batch when both their lengths do.
  const lengths = rows.map(({ length, targets }) => ({ length, past: targets.length }));
  for (const batch of planBatches(lengths, batchPolicy(model.engine.name, maxBatchPositions ?? 4 * 513))) {
    const own = batch.map((i) => rows[i]!);
    const take = (points: readonly HookPoint[], values: readonly (readonly Float32Array[])[]) =>
      points.forEach((point, p) =>
        values[p]!.forEach((one, r) => {
          reads[read.indexOf(point)]![batch[r]!] = one;
        })
      );
    const encoderReads = read.filter(({ stack }) => stack === "encoder");
    const encoded = await runStack(
      model.encoder,
      own.map(({ length, resid, mask, patches }) => ({ length, resid: resid(), mask, patches })),
      { from, to, read: encoderReads },
    );
    take(encoderReads, encoded.read);
    if (!needsDecoder) continue;
    const { blockFeeds } = await endEncoder(
      model,
      own.map(({ mask }, r) => ({ resid: encoded.resid[r]!, mask })),
    );
    const decoded = await runStack(
      model.decoder,
      own.map(({ targets, patches }) => ({
        length: targets.length,
        resid: model.embed(shiftRight(targets, model.config.decoderStartToken)),
        patches,
      })),
      {
        from: 0,
        to: want === "residual" ? lastBlock(decoderReads) : model.decoder.nBlocks,
        read: decoderReads,
        blockFeeds,
      },
    );
    take(decoderReads, decoded.read);
    if (want === "residual") continue;
    const predicted = await predict(
      model.head,
      own.map(({ positions, targets }, r) => ({
        resid: decoded.resid[r]!,
        positions,
        targets: want === "nats" ? positions.map((t) => targets[t]!) : [],
      })),
      want,
    );
    predicted.forEach((values, r) => predictions[batch[r]!] = values);
  }
  return { read: reads, predictions };
}

/**
 * Checks the decoder's targets; without a need for them, items get empty ones.
 * @throws {RangeError} if they are missing or not tokens
 */
export function checkTargets(
  model: EncoderDecoderModel,
  targets: readonly Tokens[] | undefined,
  nItems: number,
  isNeeded: boolean,
): readonly Tokens[] {
  if (!isNeeded) return Array.from({ length: nItems }, () => []);
  if (targets?.length !== nItems) {
    throw new RangeError(
      `Cannot run the decoder: needs targets for ${nItems} items, got ${targets?.length ?? 0}`,
    );
  }
  checkTokens(targets, { vocabSize: model.config.vocabSize, what: "targets of item" });
  return targets;
}

/** What the decoder reads when it is to predict `targets`. */
function shiftRight(targets: Tokens, start: number): number[] {
  return [start, ...Array.from(targets).slice(0, -1)];
}
