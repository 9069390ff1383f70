/** What a decoder sees of the encoder: keys and values of a few items, made once for all that is decoded from them. */
import { type BatchShape, batchShape, isUniform, MASKED } from "./batching.ts";
import type { Float32Tensor, Tensor } from "./engine.ts";
import type { EncoderDecoderModel } from "./t5_model.ts";

/** Encoded items side by side. */
export interface EncodedBatch {
  readonly nItems: number;
  /** The encoder's output after its final norm, an item each, [length, d]. */
  readonly states: readonly Float32Array[];
  /** Feeds of a decoder block. */
  blockFeeds(block: number): Readonly<Record<string, Tensor>>;
}

/** What the encoder computed of an item. */
export interface EncoderResult {
  /** Its last residual stream, [length, d]. */
  readonly resid: Float32Array;
  /** 0 for positions the decoder may not see; all are seen by default. */
  readonly mask?: ArrayLike<number> | undefined;
}

/**
 * Ends the encoder for a few items.
 * @throws {RangeError} if lengths differ on an engine that does not pad
 */
export async function endEncoder(
  model: EncoderDecoderModel,
  items: readonly EncoderResult[],
): Promise<EncodedBatch> {
  const { dModel, nDecoderBlocks } = model.config;
  const shape = batchShape(
    items.map(({ resid, mask }) => ({ length: resid.length / dModel, past: 0, mask })),
  );
  const { length, rows } = shape;
  if (rows.some((row) => row.length !== length) && model.engine.name === "portable") {
    const lengths = rows.map((row) => row.length).join(", ");
    throw new RangeError(`Cannot decode: engine portable needs items of equal length, got ${lengths}`);
  }
  const packed = new Float32Array(items.length * length * dModel);
  items.forEach(({ resid }, i) => packed.set(resid, i * length * dModel));
  const names = Array.from({ length: nDecoderBlocks }, (_, i) => [`k${i}`, `v${i}`]).flat();
  const session = await model.encoderEnd();
  const out = await session.run(
    { resid: { type: "float32", data: packed, dims: [items.length, length, dModel] } },
    ["states", ...names],
  );
  const bias = sourceBias(shape);
  return {
    nItems: items.length,
    states: rows.map((row, i) => {
      const start = i * length * dModel;
      return out["states"]!.data.slice(start, start + row.length * dModel);
    }),
    blockFeeds: (block) => ({ cross_k: out[`k${block}`]!, cross_v: out[`v${block}`]!, cross_bias: bias }),
  };
}

/** Hides padding and masked positions of sources, [items or 1, 1, 1, source]. */
function sourceBias(shape: BatchShape): Float32Tensor {
  const { length } = shape;
  const rows = isUniform(shape) ? shape.rows.slice(0, 1) : shape.rows;
  const data = new Float32Array(rows.length * length);
  rows.forEach((row, r) => {
    for (let j = 0; j < length; j++) {
      if (j >= row.length || row.mask?.[j] === 0) data[r * length + j] = MASKED;
    }
  });
  return { type: "float32", data, dims: [rows.length, 1, 1, length] };
}
