/** Where training starts: both protocols' initial weights, and the centre of the data. */
import type { RandomStream } from "../math/random.ts";
import type { SaeSize, TrainingRules } from "./rules.ts";
import type { InitialWeights } from "./training_state.ts";

/**
 * Initial weights.
 * @param rng one stream, the same order of draws always: W_enc then W_dec (`kaiming`), or the atoms (`transpose`)
 * @param bDec the data's centre, shape [dModel]
 */
export function initialWeights(
  { dModel, dSae }: SaeSize,
  { rules, rng, bDec }: {
    readonly rules: Pick<TrainingRules, "initialization" | "unitNorm">;
    readonly rng: RandomStream;
    readonly bDec: ArrayLike<number>;
  },
): InitialWeights {
  const n = dModel * dSae;
  const zeros = { bEnc: new Float32Array(dSae), bDec: Float32Array.from(bDec) };
  if (rules.initialization === "transpose") {
    const wDec = unitRows(Float32Array.from({ length: n }, () => rng.normal()), dModel);
    return { wEnc: wDec.slice(), wDec, ...zeros };
  }
  // Kaiming uniform: bound sqrt(6 / fan_in), torch taking the second dimension for the fan. W_enc is [dModel, dSae].
  const encoderBound = Math.sqrt(6 / dSae);
  const wEnc = new Float32Array(n);
  for (let j = 0; j < dModel; j++) {
    for (let f = 0; f < dSae; f++) wEnc[f * dModel + j] = (2 * rng.random() - 1) * encoderBound;
  }
  const decoderBound = Math.sqrt(6 / dModel);
  const wDec = Float32Array.from({ length: n }, () => (2 * rng.random() - 1) * decoderBound);
  return {
    wEnc,
    wDec: rules.unitNorm === "atoms" ? unitRows(wDec, dModel) : unitColumns(wDec, dModel),
    ...zeros,
  };
}

/** Gives every row of `d` values norm 1, in place. */
export function unitRows<T extends Float32Array>(matrix: T, d: number): T {
  for (let start = 0; start < matrix.length; start += d) {
    let sum = 0;
    for (let j = start; j < start + d; j++) sum += matrix[j]! * matrix[j]!;
    const norm = Math.max(Math.sqrt(sum), 1e-12);
    for (let j = start; j < start + d; j++) matrix[j]! /= norm;
  }
  return matrix;
}

/** Gives every column of a matrix of `d` columns norm 1, in place: the published study's wrong axis. */
export function unitColumns<T extends Float32Array>(matrix: T, d: number): T {
  for (let j = 0; j < d; j++) {
    let sum = 0;
    for (let i = j; i < matrix.length; i += d) sum += matrix[i]! * matrix[i]!;
    const norm = Math.max(Math.sqrt(sum), 1e-12);
    for (let i = j; i < matrix.length; i += d) matrix[i]! /= norm;
  }
  return matrix;
}

/**
 * The point with the least sum of distances to the rows (Weiszfeld's iteration): massive-norm rows pull a mean away,
 * not this.
 * @param rows shape [n, d]
 * @returns shape [d]
 * @throws {RangeError} if there are no rows
 * @see Weiszfeld 1937; doi:10.1007/s10479-008-0352-z
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { geometricMedian } from "lib/sae/initial.ts";
 * const [x] = geometricMedian(new Float32Array([0, 0, 1000]), 1);
 * assert.ok(Math.abs(x!) < 1e-3);
 * ```
 */
export function geometricMedian(rows: Float32Array, d: number): Float64Array {
  const n = rows.length / d;
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`Cannot find a centre: needs rows of ${d} values, got ${rows.length} values`);
  }
  let center = meanRow(rows, d);
  for (let iteration = 0; iteration < 100; iteration++) {
    const next = new Float64Array(d);
    let total = 0;
    for (let start = 0; start < rows.length; start += d) {
      let square = 0;
      for (let j = 0; j < d; j++) {
        const gap = rows[start + j]! - center[j]!;
        square += gap * gap;
      }
      const weight = 1 / Math.max(Math.sqrt(square), 1e-12);
      total += weight;
      for (let j = 0; j < d; j++) next[j]! += weight * rows[start + j]!;
    }
    let moved = 0;
    let size = 0;
    for (let j = 0; j < d; j++) {
      next[j]! /= total;
      const gap = next[j]! - center[j]!;
      moved += gap * gap;
      size += next[j]! * next[j]!;
    }
    center = next;
    if (moved <= 1e-12 * size) break;
  }
  return center;
}

/** Mean of rows of `d` values, summed in float64. */
export function meanRow(rows: Float32Array, d: number): Float64Array {
  const mean = new Float64Array(d);
  for (let i = 0; i < rows.length; i++) mean[i % d]! += rows[i]!;
  return mean.map((sum) => (sum * d) / rows.length);
}
