/**
 * Penalised logistic regression on few columns, by proximal Newton steps with the full Hessian. Columns may be
 * neither scaled nor centred, and may be combinations of each other: where coordinate descent crawls along the
 * valley between a length and the intercept, the face's equations are solved directly.
 * @see Lee, Sun & Saunders 2014, doi:10.1137/130921428 (proximal Newton)
 */
import { type LogisticPenalty, NEVER_BELOW } from "./problem.ts";

/** One fit: rows, labels, weights and the penalty. */
export interface SmallProblem extends LogisticPenalty {
  /** Columns one after the other, shape [nCols][nRows]; standardised already if they are to be. */
  readonly columns: readonly Float64Array[];
  /** 0 or 1, shape [nRows] */
  readonly labels: ArrayLike<number>;
  /** Class weight times sample weight, shape [nRows] */
  readonly weights: ArrayLike<number>;
  /** Added to the margin of each row, shape [nRows]. */
  readonly offset?: ArrayLike<number> | undefined;
}

/** The optimum. */
export interface SmallFit {
  readonly coef: Float64Array;
  readonly intercept: number;
  readonly objective: number;
  /** Largest violation of an optimality condition, relative to l1, or to the largest gradient at zero without. */
  readonly residual: number;
  readonly converged: boolean;
}

/** More columns than this and the Hessian's square begins to cost more than sweeps over the columns. */
export const MAX_SMALL_COLUMNS = 48;

const MAX_OUTER = 200;
const MAX_ROUNDS = 200;
const SWEEPS_PER_ROUND = 8;
/** A column of which only this share (squared) is left after those before it counts as their combination. */
const DEPENDENT = 1e-11;

/** Minimises l1 |w|_1 + l2 |w|^2 / 2 + c sum_i weight_i log(1 + exp(-+margin_i)), the intercept penalised or not. */
export function fitSmall(problem: SmallProblem): SmallFit {
  const { columns, labels, weights, offset, c, tolerance } = problem;
  const nRows = labels.length;
  const hasBias = problem.intercept !== "none";
  const ones = new Float64Array(nRows).fill(1);
  const design = hasBias ? [...columns, ones] : columns;
  const p = design.length;
  const l1 = new Float64Array(p).fill(problem.l1), l2 = new Float64Array(p).fill(problem.l2);
  if (problem.intercept === "free") l1[p - 1] = l2[p - 1] = 0;

  const w = new Float64Array(p);
  const margins = Float64Array.from({ length: nRows }, (_, i) => offset?.[i] ?? 0);
  const slopes = new Float64Array(nRows),
    curvatures = new Float64Array(nRows),
    change = new Float64Array(nRows);
  const gradient = new Float64Array(p), hessian = new Float64Array(p * p), step = new Float64Array(p);
  const bySum = problem.relativeTo === "start";
  let scale = problem.l1, limit = 0;
  let loss = 0, residual = Infinity, converged = false;

  const lossAt = (t: number) => {
    let sum = 0;
    for (let i = 0; i < nRows; i++) {
      const m = margins[i]! + t * change[i]!;
      const z = labels[i] === 1 ? -m : m;
      sum += weights[i]! * (z > 0 ? z + Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z)));
    }
    return c * sum;
  };
  const penaltyAt = (t: number) => {
    let sum = 0;
    for (let j = 0; j < p; j++) {
      const value = w[j]! + t * step[j]!;
      sum += l1[j]! * Math.abs(value) + 0.5 * l2[j]! * value * value;
    }
    return sum;
  };

  for (let outer = 0;; outer++) {
    step.fill(0);
    change.fill(0);
    loss = lossAt(0);
    for (let i = 0; i < nRows; i++) {
      const e = Math.exp(-Math.abs(margins[i]!));
      const probability = margins[i]! >= 0 ? 1 / (1 + e) : e / (1 + e);
      slopes[i] = c * weights[i]! * (probability - labels[i]!);
      curvatures[i] = c * weights[i]! * e / ((1 + e) * (1 + e));
    }
    for (let j = 0; j < p; j++) gradient[j] = dot(design[j]!, slopes);
    residual = 0;
    let total = 0;
    for (let j = 0; j < p; j++) {
      const own = violation(w[j]!, gradient[j]! + l2[j]! * w[j]!, l1[j]!);
      residual = Math.max(residual, own);
      total += own;
    }
    if (outer === 0) {
      if (scale === 0) scale = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), Number.MIN_VALUE);
      limit = bySum ? Math.max(tolerance * total, NEVER_BELOW * scale) : tolerance * scale;
    }
    converged = (bySum ? total : residual) <= limit;
    if (converged || outer === MAX_OUTER) break;

    weightedGram(design, curvatures, hessian);
    minimizeModel(
      { w, step, gradient, hessian, l1, l2 },
      Math.max(0.01 * residual, 0.1 * limit * (bySum ? residual / total : 1)),
    );
    for (let j = 0; j < p; j++) {
      if (step[j] !== 0) { for (let i = 0; i < nRows; i++) change[i]! += step[j]! * design[j]![i]!; }
    }
    const before = loss + penaltyAt(0);
    const expected = dot(gradient, step) + penaltyAt(1) - penaltyAt(0);
    let t = 1;
    // Below this the objective's rounding hides the decrease, and the model is as good as exact.
    if (Math.abs(expected) > 1e-12 * before) {
      while (t > 1e-10 && lossAt(t) + penaltyAt(t) > before + 1e-4 * t * expected) t /= 2;
    }
    for (let j = 0; j < p; j++) w[j]! += t * step[j]!;
    margins.forEach((_, i) => margins[i] = offset?.[i] ?? 0); // from the coefficients alone: no rounding piles up
    for (let j = 0; j < p; j++) {
      if (w[j] !== 0) { for (let i = 0; i < nRows; i++) margins[i]! += w[j]! * design[j]![i]!; }
    }
  }
  step.fill(0);
  return {
    coef: w.slice(0, columns.length),
    intercept: hasBias ? w[p - 1]! : 0,
    objective: loss + penaltyAt(0),
    residual: residual / scale,
    converged,
  };
}

interface QuadraticModel {
  readonly w: Float64Array;
  /** found: the step from w */
  readonly step: Float64Array;
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
  readonly l1: Float64Array;
  readonly l2: Float64Array;
}

/** Alternates sweeps, which find the zeros, and the equations of the face they lead to, until nothing is violated. */
function minimizeModel(model: QuadraticModel, target: number): void {
  const { w, step, gradient, hessian, l1, l2 } = model;
  const p = w.length;
  const products = new Float64Array(p); // hessian * step
  const move = (j: number, by: number) => {
    step[j]! += by;
    for (let k = 0; k < p; k++) products[k]! += by * hessian[j * p + k]!;
  };
  const slopeAt = (j: number) => gradient[j]! + products[j]! + l2[j]! * (w[j]! + step[j]!);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    for (let sweep = 0; sweep < SWEEPS_PER_ROUND; sweep++) {
      let worst = 0;
      for (let j = 0; j < p; j++) {
        const h = hessian[j * p + j]! + l2[j]!;
        if (!(h > 0)) continue; // a column of zeros
        const value = w[j]! + step[j]!, slope = slopeAt(j);
        worst = Math.max(worst, violation(value, slope, l1[j]!));
        const free = value - slope / h, cut = l1[j]! / h;
        const next = free > cut ? free - cut : free < -cut ? free + cut : 0;
        if (next !== value) move(j, next - value);
      }
      if (worst <= target) return;
    }
    const face: number[] = [];
    for (let j = 0; j < p; j++) if (w[j]! + step[j]! !== 0) face.push(j);
    const towards = solveFace(model, face, slopeAt);
    // As far as the minimum on the face, or the first coefficient that would change its sign. Along a direction
    // without curvature there is no minimum: only a sign change ends it.
    let reach = towards.flat ? Infinity : 1, first = -1;
    face.forEach((j, at) => {
      const t = l1[j] === 0 ? NaN : -(w[j]! + step[j]!) / towards.direction[at]!;
      if (t > 0 && t < reach) {
        reach = t;
        first = j;
      }
    });
    if (reach === Infinity) continue;
    face.forEach((j, at) => {
      const by = j === first ? -(w[j]! + step[j]!) : reach * towards.direction[at]!;
      if (by !== 0) move(j, by);
    });
  }
}

/** A direction on the face, and whether the model has no curvature along it. */
interface FaceDirection {
  readonly direction: Float64Array;
  readonly flat: boolean;
}

/**
 * Newton's direction on the coefficients whose signs are fixed. If their columns depend on each other, a combination
 * that changes no margin instead, turned so that the penalty falls: one of them is not needed.
 */
function solveFace(
  { w, step, hessian, l1, l2 }: QuadraticModel,
  face: readonly number[],
  slopeAt: (j: number) => number,
): FaceDirection {
  const n = face.length, p = w.length;
  // Scaled to a unit diagonal, so that one threshold tells dependent columns from small ones.
  const size = face.map((j) => Math.sqrt(hessian[j * p + j]! + l2[j]!));
  const slope = face.map((j) => slopeAt(j) + l1[j]! * Math.sign(w[j]! + step[j]!));
  const factor = new Float64Array(n * n); // lower Cholesky factor of the rows so far
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      const ridge = a === b ? l2[face[a]!]! : 0;
      let sum = (hessian[face[a]! * p + face[b]!]! + ridge) / (size[a]! * size[b]!);
      for (let k = 0; k < b; k++) sum -= factor[a * n + k]! * factor[b * n + k]!;
      if (b < a) factor[a * n + b] = sum / factor[b * n + b]!;
      else if (sum > DEPENDENT) factor[a * n + a] = Math.sqrt(sum);
      else return { direction: nullDirection(factor, a, n, size, slope), flat: true };
    }
  }
  const x = Float64Array.from(slope, (value, at) => -value / size[at]!);
  for (let a = 0; a < n; a++) {
    for (let k = 0; k < a; k++) x[a]! -= factor[a * n + k]! * x[k]!;
    x[a]! /= factor[a * n + a]!;
  }
  backSubstitute(factor, x, n, n);
  return { direction: x.map((value, at) => value / size[at]!), flat: false };
}

/** The combination that cancels column `a` of the face by those before it, in the sense in which the slope is negative. */
function nullDirection(
  factor: Float64Array,
  a: number,
  n: number,
  size: readonly number[],
  slope: readonly number[],
): Float64Array {
  const x = new Float64Array(n);
  for (let k = 0; k < a; k++) x[k] = -factor[a * n + k]!;
  backSubstitute(factor, x, a, n);
  x[a] = 1;
  const direction = x.map((value, at) => value / size[at]!);
  const rises = direction.reduce((sum, value, at) => sum + value * slope[at]!, 0) > 0;
  return rises ? direction.map((value) => -value) : direction;
}

/** Solves L^T x = x in place for the leading `count` rows of a factor of row length n. */
function backSubstitute(factor: Float64Array, x: Float64Array, count: number, n: number): void {
  for (let a = count - 1; a >= 0; a--) {
    for (let k = a + 1; k < count; k++) x[a]! -= factor[k * n + a]! * x[k]!;
    x[a]! /= factor[a * n + a]!;
  }
}

function weightedGram(design: readonly Float64Array[], weights: Float64Array, out: Float64Array): void {
  const p = design.length;
  const weighted = new Float64Array(weights.length);
  for (let j = 0; j < p; j++) {
    for (let i = 0; i < weights.length; i++) weighted[i] = weights[i]! * design[j]![i]!;
    for (let k = j; k < p; k++) out[j * p + k] = out[k * p + j] = dot(weighted, design[k]!);
  }
}

/** How far a coefficient is from 0 in slope + lambda d|w|. */
function violation(w: number, slope: number, lambda: number): number {
  if (w > 0) return Math.abs(slope + lambda);
  if (w < 0) return Math.abs(slope - lambda);
  return Math.max(Math.abs(slope) - lambda, 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
