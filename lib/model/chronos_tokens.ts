/**
 * Chronos' tokenizer MeanScaleUniformBins: a series is divided by the mean absolute value of its context and each
 * value becomes the id of its bin. Every step is float32, in PyTorch's order of operations, so that tokens and
 * scales equal chronos-forecasting's bit for bit (checked on x86-64, where PyTorch fuses the bin centres'
 * multiply-add; its build for other processors may round a centre differently in the last bit).
 * @module
 */
import type { ChronosConfig } from "./chronos_config.ts";
import { sumFloat32 } from "./float32_sum.ts";

/** The bins of one checkpoint. */
export interface ChronosBins {
  readonly config: ChronosConfig;
  /** Bin centres in units of the scale, ascending, shape [nTokens - nSpecialTokens - 1]. */
  readonly centers: Float32Array;
  /** Bin edges, shape [centers.length + 1]; the outer two are -1e20 and 1e20. */
  readonly boundaries: Float32Array;
}

/** Token ids of a series. */
export interface ChronosTokens {
  /** Shape [nSteps], or [nSteps + 1] with the EOS token at the end. */
  readonly ids: Int32Array;
  /** 1 where a value is present, 0 where it is missing; same shape. */
  readonly mask: Uint8Array;
}

/** Token ids of a context and what turns ids back into values. */
export interface ChronosContext extends ChronosTokens {
  /** Mean absolute value of the present values (float32); 1 when that is 0 or there are none. */
  readonly scale: number;
}

/**
 * The bins of a checkpoint: centres evenly spaced between the limits, edges halfway between centres.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseChronosConfig } from "lib/model/chronos_config.ts";
 * import { chronosBins, encodeContext, decodeTokens } from "lib/model/chronos_tokens.ts";
 * const bins = chronosBins(parseChronosConfig({
 *   vocab_size: 8,
 *   chronos_config: {
 *     tokenizer_class: "MeanScaleUniformBins", tokenizer_kwargs: { low_limit: -2, high_limit: 2 },
 *     n_tokens: 8, n_special_tokens: 2, pad_token_id: 0, eos_token_id: 1, use_eos_token: true,
 *     model_type: "seq2seq", context_length: 4, prediction_length: 2, num_samples: 2,
 *     temperature: 1, top_k: 50, top_p: 1,
 *   },
 * }, "config.json"));
 * assert.deepEqual([...bins.centers], [-2, -1, 0, 1, 2]);
 * const { ids, mask, scale } = encodeContext(bins, [10, -10, NaN, 20, 0]); // the 10 is beyond context_length
 * assert.equal(scale, 10);
 * assert.deepEqual([...ids], [4, 0, 7, 5, 1]); // the missing value is PAD, EOS ends
 * assert.deepEqual([...mask], [1, 0, 1, 1, 1]);
 * assert.deepEqual([...decodeTokens(bins, ids, scale)], [-10, -20, 20, 0, -20]);
 * ```
 */
export function chronosBins(config: ChronosConfig): ChronosBins {
  const centers = linspaceFloat32(
    config.lowLimit,
    config.highLimit,
    config.nTokens - config.nSpecialTokens - 1,
  );
  const boundaries = new Float32Array(centers.length + 1);
  boundaries[0] = -1e20;
  for (let i = 1; i < centers.length; i++) {
    boundaries[i] = Math.fround(centers[i]! + centers[i - 1]!) / 2;
  }
  boundaries[centers.length] = 1e20;
  return { config, centers, boundaries };
}

/**
 * Tokens of a context, EOS appended where the checkpoint uses it.
 * @param values the series, oldest first, NaN where missing; only its last `contextLength` values are used
 * @throws {RangeError} if there is no value at all, not even a missing one
 */
export function encodeContext(bins: ChronosBins, values: ArrayLike<number>): ChronosContext {
  const { contextLength, useEosToken } = bins.config;
  const kept = Float32Array.from(lastValues(values, contextLength));
  if (kept.length === 0) throw new RangeError("Cannot encode a context: needs at least one step, got none");
  const scale = meanAbsoluteValue(kept);
  return { ...encodeValues(bins, kept, { scale, appendEos: useEosToken }), scale };
}

/**
 * Tokens of a true continuation under its context's scale, without EOS: what teacher forcing scores.
 * @param values the first steps after the context, at most `predictionLength`, NaN where missing
 * @param scale the context's, from encodeContext()
 * @throws {RangeError} if there is no step or more than the model forecasts in one go
 */
export function encodeContinuation(
  bins: ChronosBins,
  values: ArrayLike<number>,
  scale: number,
): ChronosTokens {
  const most = bins.config.predictionLength;
  if (values.length < 1 || values.length > most) {
    throw new RangeError(`Cannot encode a continuation: needs 1 to ${most} steps, got ${values.length}`);
  }
  return encodeValues(bins, Float32Array.from(values), { scale, appendEos: false });
}

/**
 * Values of tokens: the bin's centre times the scale, in float32. Ids below the bins (PAD, EOS and the id that
 * only values under -1e20 scales get) decode to the lowest centre, as chronos-forecasting does.
 */
export function decodeTokens(bins: ChronosBins, ids: ArrayLike<number>, scale: number): Float32Array {
  const { centers, config } = bins;
  const values = new Float32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    const bin = Math.min(Math.max(ids[i]! - config.nSpecialTokens - 1, 0), centers.length - 1);
    values[i] = centers[bin]! * scale;
  }
  return values;
}

/** The last `count` of `values`, or all of them. */
function lastValues(values: ArrayLike<number>, count: number): ArrayLike<number> {
  return values.length <= count ? values : Array.prototype.slice.call(values, values.length - count);
}

function encodeValues(
  { config, boundaries }: ChronosBins,
  values: Float32Array,
  { scale, appendEos }: { readonly scale: number; readonly appendEos: boolean },
): ChronosTokens {
  const ids = new Int32Array(values.length + (appendEos ? 1 : 0));
  const mask = new Uint8Array(ids.length);
  for (let i = 0; i < values.length; i++) {
    const present = !Number.isNaN(values[i]!);
    mask[i] = present ? 1 : 0;
    ids[i] = present
      ? Math.min(
        countAtMost(boundaries, Math.fround(values[i]! / scale)) + config.nSpecialTokens,
        config.nTokens - 1,
      )
      : config.padTokenId;
  }
  if (appendEos) {
    ids[values.length] = config.eosTokenId;
    mask[values.length] = 1;
  }
  return { ids, mask };
}

/** How many of the ascending edges are <= x: bins are closed on the left. NaN (infinity over infinity) is past all. */
function countAtMost(edges: Float32Array, x: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

function meanAbsoluteValue(values: Float32Array): number {
  const magnitudes = new Float32Array(values.length);
  let nPresent = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    magnitudes[i] = Math.abs(values[i]!);
    nPresent++;
  }
  const mean = Math.fround(sumFloat32(magnitudes) / nPresent);
  return mean > 0 ? mean : 1; // 0 / 0 of an empty context is NaN, which is not > 0 either
}

/**
 * PyTorch's linspace: from both ends towards the middle, each element one fused multiply-add. The product of a
 * float32 and a small integer is exact in float64 and so, at the magnitudes of bin limits, is the sum; rounding
 * once at the end is the fused result.
 */
function linspaceFloat32(low: number, high: number, count: number): Float32Array {
  const first = Math.fround(low);
  const last = Math.fround(high);
  const step = Math.fround(Math.fround(last - first) / (count - 1));
  const half = Math.floor(count / 2);
  return Float32Array.from(
    { length: count },
    (_, i) => i < half ? first + step * i : last - step * (count - 1 - i),
  );
}
