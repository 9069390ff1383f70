/** Ridge regression for continuous targets, and the rank correlation that scores it. */
import { GuardrailError } from "../guardrail.ts";
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import type { Fold } from "./choose_c.ts";
import { pickRows } from "./feature_blocks.ts";
import { decisionFunction } from "./l1_logistic.ts";
import { midRanks } from "./ranks.ts";
import { fitStandardScaler, type StandardScaler } from "./standard_scaler.ts";

/** A fitted ridge probe; predictions are decisionFunction(matrix, fit, { scaler: fit.scaler }). */
export interface RidgeFit {
  /** Coefficients of the standardised columns, shape [p]. */
  readonly coef: Float64Array;
  readonly intercept: number;
  readonly alpha: number;
  readonly scaler: StandardScaler;
  /** Norm of the normal equations' residual, relative to that at zero. */
  readonly residual: number;
}

const MAX_STEPS = 2000;

/**
 * Minimises |y - X w - b|^2 + alpha |w|^2 over standardised columns, the intercept free, by conjugate gradients on
 * the normal equations: the matrix is only multiplied, and sparse columns are centred implicitly.
 * @param matrix training rows, shape [n, p]
 * @param targets shape [n]
 * @throws {GuardrailError} non-finite if a target is NaN or infinite
 * @throws {RangeError} if shapes differ or alpha is not positive
 * @see Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634
 * @see Bjorck 1996, section 7.4 (conjugate gradients for least squares)
 */
export function fitRidge(
  matrix: Matrix | CsrMatrix,
  targets: ArrayLike<number>,
  { alpha, tolerance = 1e-10 }: { readonly alpha: number; readonly tolerance?: number },
): RidgeFit {
  const n = matrix.nRows;
  if (targets.length !== n) {
    throw new RangeError(`Cannot fit ridge: needs ${n} targets, got ${targets.length}`);
  }
  if (!(alpha > 0 && alpha < Infinity)) {
    throw new RangeError(`Cannot fit ridge: needs alpha > 0, got ${alpha}`);
  }
  let intercept = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(targets[i])) {
      throw new GuardrailError("non-finite", `Cannot fit ridge: target ${i} is ${targets[i]}, needs finite`);
    }
    intercept += targets[i]! / n;
  }
  const scaler = fitStandardScaler(matrix);
  const coef = new Float64Array(matrix.nCols);
  const errors = Float64Array.from(targets, (y) => y - intercept);
  let residual = transposed(matrix, scaler, errors);
  let along = residual.slice();
  let energy = dot(residual, residual);
  const first = Math.sqrt(energy);
  for (let k = 0; k < MAX_STEPS && Math.sqrt(energy) > tolerance * first; k++) {
    const image = decisionFunction(matrix, { coef: along, intercept: 0 }, { scaler });
    const step = energy / (dot(image, image) + alpha * dot(along, along));
    for (let j = 0; j < coef.length; j++) coef[j]! += step * along[j]!;
    for (let i = 0; i < n; i++) errors[i]! -= step * image[i]!;
    residual = transposed(matrix, scaler, errors).map((value, j) => value - alpha * coef[j]!);
    const next = dot(residual, residual);
    along = along.map((value, j) => residual[j]! + next / energy * value);
    energy = next;
  }
  return { coef, intercept, alpha, scaler, residual: first === 0 ? 0 : Math.sqrt(energy) / first };
}

/**
 * Chooses alpha by mean Spearman correlation over folds; of equal means the largest alpha, which shrinks most.
 * @param alphas any order
 * @throws {RangeError} if there is no alpha or no fold
 */
export function chooseAlpha(
  matrix: Matrix | CsrMatrix,
  targets: ArrayLike<number>,
  { folds, alphas }: {
    readonly folds: readonly Fold[];
    readonly alphas: readonly number[];
  },
): { readonly alpha: number; readonly meanScores: readonly number[]; readonly alphas: readonly number[] } {
  if (alphas.length === 0 || folds.length === 0) {
    throw new RangeError(
      `Cannot choose alpha: needs alphas and folds, got ${alphas.length} and ${folds.length}`,
    );
  }
  const descending = [...alphas].sort((a, b) => b - a);
  const sums = descending.map(() => 0);
  for (const fold of folds) {
    const train = pickRows(matrix, fold.train), test = pickRows(matrix, fold.test);
    const trainTargets = Float64Array.from(fold.train, (i) => targets[i]!);
    const testTargets = Float64Array.from(fold.test, (i) => targets[i]!);
    descending.forEach((alpha, k) => {
      const fit = fitRidge(train, trainTargets, { alpha, tolerance: 1e-6 });
      const predicted = decisionFunction(test, fit, { scaler: fit.scaler });
      sums[k]! += spearman(predicted, testTargets) / folds.length;
    });
  }
  let best = 0;
  sums.forEach((mean, k) => {
    if (mean > sums[best]!) best = k;
  });
  return { alpha: descending[best]!, meanScores: sums, alphas: descending };
}

/**
 * Spearman's rank correlation, ties at their middle rank; 0 if one side is constant.
 * @throws {RangeError} if the lengths differ
 * @throws {GuardrailError} non-finite if a value is NaN or infinite
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { spearman } from "lib/stats/ridge.ts";
 * assert.equal(spearman([1, 2, 3], [1, 4, 9]), 1);
 * ```
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) {
    throw new RangeError(`Cannot correlate: needs equal lengths, got ${a.length} and ${b.length}`);
  }
  for (const values of [a, b]) {
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) {
        throw new GuardrailError("non-finite", `Cannot correlate: value ${i} is ${values[i]}, needs finite`);
      }
    }
  }
  const center = (a.length + 1) / 2; // the mean of all ranks, ties or not
  const ranksA = midRanks(a).map((rank) => rank - center), ranksB = midRanks(b).map((rank) => rank - center);
  const product = dot(ranksA, ranksA) * dot(ranksB, ranksB);
  return product === 0 ? 0 : dot(ranksA, ranksB) / Math.sqrt(product);
}

/** Standardised X' u. */
function transposed(
  matrix: Matrix | CsrMatrix,
  { mean, scale }: StandardScaler,
  u: Float64Array,
): Float64Array {
  const out = new Float64Array(matrix.nCols);
  let sum = 0;
  for (let i = 0; i < matrix.nRows; i++) {
    sum += u[i]!;
    if ("indptr" in matrix) {
      for (let at = matrix.indptr[i]!; at < matrix.indptr[i + 1]!; at++) {
        out[matrix.indices[at]!]! += matrix.values[at]! * u[i]!;
      }
    } else {
      for (let j = 0; j < out.length; j++) out[j]! += matrix.data[i * out.length + j]! * u[i]!;
    }
  }
  return out.map((value, j) => (value - mean[j]! * sum) / scale[j]!);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
