/**
 * Platt scaling: a logistic curve of one score, fitted to labels. The intercept is free, the slope has the
 * published tiny ridge (C = 1e6), labels are not smoothed.
 */
import { GuardrailError } from "../guardrail.ts";
import { minimizeLbfgs } from "../math/lbfgs.ts";

/** P(label = 1 | score) = 1 / (1 + exp(-(slope * score + intercept))). */
export interface PlattFit {
  readonly slope: number;
  readonly intercept: number;
  readonly nIterations: number;
}

/** The published inverse ridge strength: the objective is C * (summed log-loss) + slope^2 / 2. */
const C = 1e6;

/**
 * Fits the curve: `min_{a, b} sum_i log(1 + exp(-y_i (a s_i + b))) + a^2 / (2 C)` with y_i = -1 or 1 and C = 1e6.
 *
 * `optimum` is the minimiser (Newton). `published` stops where scikit-learn >= 1.4 stops, which is where the
 * committed results of the published study come from: L-BFGS from zero on the mean log-loss, until every
 * gradient component is below 1e-4. The two differ in the third digit of the slope; a slope <= 0 means that the
 * score does not rise with difficulty at all, and the curve turns its ranking around.
 * @param scores shape [n]
 * @param labels 0 or 1, shape [n]
 * @throws {GuardrailError} "single-class", "non-finite" or "empty-split"
 * @throws {RangeError} if the lengths differ
 * @see Platt 1999, "Probabilistic outputs for support vector machines", section 2.1; Lin, Lin & Weng 2007,
 * doi:10.1007/s10994-007-5018-6 (its optimisation)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fitPlatt, predictPlatt } from "lib/stats/platt.ts";
 * const fit = fitPlatt([0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 1, 1], "optimum");
 * const [low, high] = predictPlatt(fit, [0, 1]);
 * assert.ok(Math.abs(low! - 1 / 3) < 1e-6 && Math.abs(high! - 2 / 3) < 1e-6);
 * ```
 */
export function fitPlatt(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  stop: "optimum" | "published",
): PlattFit {
  requireFittable(scores, labels);
  return stop === "optimum" ? newton(scores, labels) : earlyStopped(scores, labels);
}

/**
 * Probabilities at new scores.
 * @param scores shape [m]
 * @returns shape [m], each in [0, 1]
 * @throws {GuardrailError} "non-finite" if a score is not finite
 */
export function predictPlatt(fit: PlattFit, scores: ArrayLike<number>): Float64Array {
  return Float64Array.from(scores, (score, row) => {
    if (!Number.isFinite(score)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot calibrate a score: needs a finite one, got ${score} in row ${row}`,
      );
    }
    return sigmoid(fit.slope * score + fit.intercept);
  });
}

function requireFittable(scores: ArrayLike<number>, labels: ArrayLike<number>): void {
  const n = scores.length;
  if (labels.length !== n) {
    throw new RangeError(`Cannot fit Platt: needs one label a score, got ${labels.length} for ${n}`);
  }
  if (n === 0) throw new GuardrailError("empty-split", "Cannot fit Platt: needs items, got none");
  let nPositive = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(scores[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot fit Platt: needs finite scores, got ${scores[i]} in row ${i}`,
      );
    }
    if (labels[i] !== 0 && labels[i] !== 1) {
      throw new RangeError(`Cannot fit Platt: needs labels 0 or 1, got ${labels[i]} in row ${i}`);
    }
    nPositive += labels[i]!;
  }
  if (nPositive === 0 || nPositive === n) {
    throw new GuardrailError(
      "single-class",
      `Cannot fit Platt: needs both classes, got ${nPositive} of ${n} positive`,
    );
  }
}

/** Newton's method on the centred score: centring changes the free intercept only, and conditions the system. */
function newton(scores: ArrayLike<number>, labels: ArrayLike<number>): PlattFit {
  const n = scores.length;
  let centre = 0;
  for (let i = 0; i < n; i++) centre += scores[i]! / n;
  const x = Float64Array.from(scores, (score) => score - centre);
  const loss = (slope: number, intercept: number) => {
    let sum = slope * slope / (2 * C);
    for (let i = 0; i < n; i++) sum += logLoss(slope * x[i]! + intercept, labels[i]!);
    return sum;
  };
  let slope = 0;
  let intercept = 0;
  let value = loss(slope, intercept);
  let nIterations = 0;
  for (; nIterations < 200; nIterations++) {
    let gSlope = slope / C;
    let gIntercept = 0;
    let hSlope = 1 / C;
    let hCross = 0;
    let hIntercept = 0;
    for (let i = 0; i < n; i++) {
      const p = sigmoid(slope * x[i]! + intercept);
      const weight = p * (1 - p);
      gSlope += (p - labels[i]!) * x[i]!;
      gIntercept += p - labels[i]!;
      hSlope += weight * x[i]! * x[i]!;
      hCross += weight * x[i]!;
      hIntercept += weight;
    }
    const determinant = hSlope * hIntercept - hCross * hCross;
    if (!(determinant > 0)) break; // the curve is flat to the last bit here: nothing left to gain
    const moveSlope = (hCross * gIntercept - hIntercept * gSlope) / determinant;
    const moveIntercept = (hCross * gSlope - hSlope * gIntercept) / determinant;
    let step = 1;
    let next = loss(slope + moveSlope, intercept + moveIntercept);
    const bound = value + 1e-13 * value; // near the minimum the loss cannot tell a good step from a bad one
    for (; next > bound && step > 1e-10; step /= 2) {
      next = loss(slope + step / 2 * moveSlope, intercept + step / 2 * moveIntercept);
    }
    if (next > bound) break;
    slope += step * moveSlope;
    intercept += step * moveIntercept;
    value = next;
    const moved = Math.max(Math.abs(moveSlope), Math.abs(moveIntercept));
    // Newton squares the error: after a move of 1e-9 it is at the last bit, and smaller moves are rounding.
    if (moved <= 1e-9 * Math.max(1, Math.abs(slope), Math.abs(intercept))) break;
  }
  return { slope, intercept: intercept - slope * centre, nIterations };
}

function earlyStopped(scores: ArrayLike<number>, labels: ArrayLike<number>): PlattFit {
  const n = scores.length;
  const ridge = 1 / (C * n);
  const objective = (parameters: Float64Array, gradient: Float64Array) => {
    const slope = parameters[0]!;
    const intercept = parameters[1]!;
    let sum = 0;
    let gSlope = 0;
    let gIntercept = 0;
    for (let i = 0; i < n; i++) {
      const z = slope * scores[i]! + intercept;
      const residual = (sigmoid(z) - labels[i]!) / n;
      sum += logLoss(z, labels[i]!) / n;
      gSlope += residual * scores[i]!;
      gIntercept += residual;
    }
    gradient[0] = gSlope + ridge * slope;
    gradient[1] = gIntercept;
    return sum + ridge * slope * slope / 2;
  };
  const { x, nIterations } = minimizeLbfgs(objective, [0, 0], {
    gradientTolerance: 1e-4,
    valueTolerance: 64 * Number.EPSILON,
    maxIterations: 100,
  });
  return { slope: x[0]!, intercept: x[1]!, nIterations };
}

function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** log(1 + exp(z)) - label * z, without overflow. */
function logLoss(z: number, label: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - label * z;
}
