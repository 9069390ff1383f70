/**
 * Beta calibration: a three-parameter curve on [0, 1] that, unlike Platt's, contains the identity, so a score that
 * is calibrated already stays as it is. Fitted as a logistic regression on two logarithms of the score.
 */
import { GuardrailError } from "../guardrail.ts";

/** P(label = 1 | p) = sigmoid(a ln p - b ln(1 - p) + c), with a, b >= 0 so that the curve never falls. */
export interface BetaFit {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly nIterations: number;
}

/** Scores are kept this far from 0 and 1, as the published implementation does: float64 epsilon. */
const EDGE = 2.220446049250313e-16;
/** The published inverse ridge strength of a and b: the objective is C * (summed log-loss) + (a^2 + b^2) / 2. */
const C = 99999999999;

/**
 * Maximum likelihood of `P(1 | p) = sigmoid(a ln p - b ln(1 - p) + c)` under a, b >= 0. Where the free fit has a negative shape, that one is fixed at 0 and the rest
 * refitted; where that one turns negative too, the curve is constant: the score does not rise with difficulty.
 * @param scores in [0, 1], shape [n]
 * @param labels 0 or 1, shape [n]
 * @throws {GuardrailError} "single-class", "non-finite" or "empty-split"
 * @throws {RangeError} if lengths differ, a score lies outside [0, 1] or a label is neither 0 nor 1
 * @see Kull, Silva Filho & Flach 2017, "Beta calibration", AISTATS, PMLR 54:623-631
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fitBeta, predictBeta } from "lib/stats/beta_calibration.ts";
 * const scores = [0.2, 0.2, 0.2, 0.2, 0.2, 0.6, 0.6, 0.6, 0.6, 0.6, 0.9, 0.9, 0.9, 0.9];
 * const labels = [0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0];
 * const [low, middle, high] = predictBeta(fitBeta(scores, labels), [0.2, 0.6, 0.9]);
 * assert.ok(Math.abs(low! - 0.2) < 1e-6 && Math.abs(middle! - 0.6) < 1e-6 && Math.abs(high! - 0.75) < 1e-6);
 * ```
 */
export function fitBeta(scores: ArrayLike<number>, labels: ArrayLike<number>): BetaFit {
  requireFittable(scores, labels);
  const logP = Float64Array.from(scores, (p) => Math.log(clip(p)));
  const minusLogQ = Float64Array.from(scores, (p) => -Math.log(1 - clip(p)));
  const free = fitLogistic([logP, minusLogQ], labels);
  const [a, b] = free.slopes as [number, number];
  if (a >= 0 && b >= 0) return { a, b, c: free.intercept, nIterations: free.nIterations };
  // One of the two faces holds the constrained optimum, or the corner where both shapes are 0.
  const candidates = [[minusLogQ, "b"], [logP, "a"]] as const;
  let best: BetaFit | undefined;
  let lowest = Infinity;
  for (const [column, shape] of candidates) {
    const { slopes, intercept, loss, nIterations } = fitLogistic([column], labels);
    if (slopes[0]! < 0 || !(loss < lowest)) continue;
    best = { a: 0, b: 0, c: intercept, nIterations, [shape]: slopes[0]! };
    lowest = loss;
  }
  if (best) return best;
  const { intercept, nIterations } = fitLogistic([], labels);
  return { a: 0, b: 0, c: intercept, nIterations };
}

/**
 * Probabilities at new scores.
 * @param scores in [0, 1], shape [m]
 * @throws {GuardrailError} "non-finite" if a score is not finite
 * @throws {RangeError} if a score lies outside [0, 1]
 */
export function predictBeta({ a, b, c }: BetaFit, scores: ArrayLike<number>): Float64Array {
  return Float64Array.from(scores, (p, row) => {
    requireProbability(p, row);
    return sigmoid(a * Math.log(clip(p)) - b * Math.log(1 - clip(p)) + c);
  });
}

interface Fitted {
  readonly slopes: readonly number[];
  readonly intercept: number;
  readonly loss: number;
  readonly nIterations: number;
}

/** Newton's method with halving; columns are centred, which changes the free intercept only. */
function fitLogistic(columns: readonly Float64Array[], labels: ArrayLike<number>): Fitted {
  const n = labels.length;
  const centres = columns.map((column) => column.reduce((sum, x) => sum + x, 0) / n);
  const xs = [...columns.map((column, k) => column.map((x) => x - centres[k]!)), new Float64Array(n).fill(1)];
  const nSlopes = columns.length;
  const lossAt = (beta: Float64Array) => {
    let sum = 0;
    for (let k = 0; k < nSlopes; k++) sum += beta[k]! * beta[k]! / (2 * C);
    for (let i = 0; i < n; i++) {
      let z = 0;
      for (let k = 0; k < xs.length; k++) z += beta[k]! * xs[k]![i]!;
      sum += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - labels[i]! * z;
    }
    return sum;
  };
  let beta: Float64Array = new Float64Array(xs.length);
  let loss = lossAt(beta);
  let nIterations = 0;
  for (; nIterations < 200; nIterations++) {
    const move = newtonMove(xs, labels, beta, nSlopes);
    let step = 1;
    let next = beta.map((value, k) => value + move[k]!);
    let nextLoss = lossAt(next);
    const rounding = 1e-13 * loss; // near the minimum the loss cannot tell a good step from a bad one
    while (nextLoss > loss + rounding && step > 1e-10) {
      step /= 2;
      const shortened = step;
      next = beta.map((value, k) => value + shortened * move[k]!);
      nextLoss = lossAt(next);
    }
    if (!(nextLoss <= loss + rounding)) break;
    const settled = move.every((value, k) => Math.abs(value) <= 1e-11 * Math.max(1, Math.abs(beta[k]!)));
    beta = next;
    loss = nextLoss;
    if (settled) break;
  }
  const slopes = [...beta.subarray(0, nSlopes)];
  const intercept = slopes.reduce((sum, slope, k) => sum - slope * centres[k]!, beta[nSlopes]!);
  return { slopes, intercept, loss, nIterations };
}

function newtonMove(
  xs: readonly Float64Array[],
  labels: ArrayLike<number>,
  beta: Float64Array,
  nSlopes: number,
): Float64Array {
  const size = xs.length;
  const system = xs.map(() => new Float64Array(size + 1)); // Hessian beside minus gradient
  for (let k = 0; k < nSlopes; k++) {
    system[k]![k]! += 1 / C;
    system[k]![size]! -= beta[k]! / C;
  }
  for (let i = 0; i < labels.length; i++) {
    let z = 0;
    for (let k = 0; k < size; k++) z += beta[k]! * xs[k]![i]!;
    const p = sigmoid(z);
    const weight = p * (1 - p);
    for (let k = 0; k < size; k++) {
      system[k]![size]! -= (p - labels[i]!) * xs[k]![i]!;
      for (let m = 0; m <= k; m++) system[k]![m]! += weight * xs[k]![i]! * xs[m]![i]!;
    }
  }
  for (let k = 0; k < size; k++) for (let m = 0; m < k; m++) system[m]![k] = system[k]![m]!;
  return solveInPlace(system);
}

/** Gaussian elimination with row exchange; a direction without curvature is left alone. */
function solveInPlace(system: Float64Array[]): Float64Array {
  const size = system.length;
  const out = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    let pivot = k;
    for (let row = k + 1; row < size; row++) {
      if (Math.abs(system[row]![k]!) > Math.abs(system[pivot]![k]!)) pivot = row;
    }
    [system[k], system[pivot]] = [system[pivot]!, system[k]!];
    if (system[k]![k] === 0) continue;
    for (let row = k + 1; row < size; row++) {
      const factor = system[row]![k]! / system[k]![k]!;
      for (let m = k; m <= size; m++) system[row]![m]! -= factor * system[k]![m]!;
    }
  }
  for (let k = size - 1; k >= 0; k--) {
    if (system[k]![k] === 0) continue;
    let sum = system[k]![size]!;
    for (let m = k + 1; m < size; m++) sum -= system[k]![m]! * out[m]!;
    out[k] = sum / system[k]![k]!;
  }
  return out;
}

function requireFittable(scores: ArrayLike<number>, labels: ArrayLike<number>): void {
  const n = scores.length;
  if (labels.length !== n) {
    throw new RangeError(`Cannot fit beta: needs one label a score, got ${labels.length} for ${n}`);
  }
  if (n === 0) throw new GuardrailError("empty-split", "Cannot fit beta: needs items, got none");
  let nPositive = 0;
  for (let i = 0; i < n; i++) {
    requireProbability(scores[i]!, i);
    if (labels[i] !== 0 && labels[i] !== 1) {
      throw new RangeError(`Cannot fit beta: needs labels 0 or 1, got ${labels[i]} in row ${i}`);
    }
    nPositive += labels[i]!;
  }
  if (nPositive === 0 || nPositive === n) {
    throw new GuardrailError(
      "single-class",
      `Cannot fit beta: needs both classes, got ${nPositive} of ${n} positive`,
    );
  }
}

function requireProbability(p: number, row: number): void {
  if (!Number.isFinite(p)) {
    throw new GuardrailError(
      "non-finite",
      `Cannot calibrate a score: needs a finite one, got ${p} in row ${row}`,
    );
  }
  if (p < 0 || p > 1) {
    throw new RangeError(`Cannot calibrate a score: needs one in [0, 1], got ${p} in row ${row}`);
  }
}

function clip(p: number): number {
  return Math.min(Math.max(p, EDGE), 1 - EDGE);
}

function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}
