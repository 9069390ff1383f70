/**
 * Minimises the quadratic model of the loss plus the penalty over the working set: coordinate descent finds out
 * which coefficients are zero, and conjugate gradients solve for the others on the face where their signs are
 * fixed. Descent alone crawls when hundreds of correlated columns are active; the face alone finds no zeros.
 * @see Chen, Curtis & Robinson 2017, doi:10.1137/16M1062259 (alternating the two)
 * @see Hestenes & Stiefel 1952, doi:10.6028/jres.049.044
 */
import type { Kernel } from "./kernel.ts";
import { Scalar, type Workspace } from "./workspace.ts";

/** Penalty of the columns and of the intercept. */
export interface ModelPenalty {
  readonly l1: number;
  readonly l2: number;
  readonly biasL1: number;
  readonly biasL2: number;
  readonly hasBias: boolean;
}

/** The intercept now and at the start of the outer iteration; the columns' are in the workspace. */
export interface Intercept {
  value: number;
  start: number;
}

/** The model's parts. */
export interface Model {
  readonly work: Workspace;
  readonly kernel: Kernel;
  /** 1 for columns of the working set, shape [nCols] */
  readonly working: Uint8Array;
  readonly penalty: ModelPenalty;
  readonly bias: Intercept;
}

const MAX_ROUNDS = 20;
const SWEEPS_ON_FACE = 2;
const MAX_CONJUGATE_STEPS = 200;
const MAX_HALVINGS = 4;

/**
 * Moves coef and the intercept from the start of the outer iteration towards the model's minimum, until no
 * optimality condition of the model is violated by more than `target`.
 * @returns passes over the working set, sweeps and products alike
 */
export function minimizeModel(
  model: Model,
  { target, float32 }: { readonly target: number; readonly float32: boolean },
): number {
  const { work, kernel, working, penalty, bias } = model;
  const { coef, start, list, scalars } = work;
  start.set(coef);
  bias.start = bias.value;
  (float32 ? work.residual32 : work.residual).fill(0);
  scalars[Scalar.shift] = 0;
  scalars[Scalar.residualSum] = 0;
  const pass = float32 ? kernel.sweep32 : kernel.sweep;
  const product = float32 ? kernel.product32 : kernel.product;
  let passes = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let worst = sweep(listColumns(work, (j) => working[j] === 1));
    if (worst <= target) break;
    const count = listColumns(work, (j) => working[j] === 1 && coef[j] !== 0);
    for (let k = 0; k < SWEEPS_ON_FACE && worst > 0.5 * target; k++) worst = sweep(count);
    if (worst > 0.5 * target) solveOnFace();
  }
  return passes;

  function sweep(count: number): number {
    passes++;
    return Math.max(pass(count, penalty.l1, penalty.l2), descendIntercept(model));
  }

  /** Conjugate gradients, preconditioned by the curvatures, on the columns that are not zero. */
  function solveOnFace(): void {
    const touched = listColumns(work, (j) => working[j] === 1 && (coef[j] !== 0 || start[j] !== 0));
    const touchedList = list.slice(0, touched);
    const before = evaluate(touchedList);
    const face = touchedList.filter((j) => coef[j] !== 0);
    const onBias = penalty.hasBias && (penalty.biasL1 === 0 || bias.value !== 0);
    const n = face.length;
    const { gradient, curvature, direction, product: products } = work;
    const { l1, l2, biasL1, biasL2 } = penalty;
    // Entry n is the intercept's.
    const residual = new Float64Array(n + 1),
      step = new Float64Array(n + 1),
      inverse = new Float64Array(n + 1);
    for (let at = 0; at < n; at++) {
      const j = face[at]!;
      residual[at] = -(gradient[j]! + products[j]! + l2 * coef[j]! + l1 * Math.sign(coef[j]!));
      const h = curvature[j]! + l2;
      inverse[at] = h > 0 ? 1 / h : 0;
    }
    if (onBias) {
      residual[n] = -(scalars[Scalar.slopeSum]! + scalars[Scalar.biasProduct]! + biasL2 * bias.value +
        biasL1 * Math.sign(bias.value));
      const h = scalars[Scalar.weightSum]! + biasL2;
      inverse[n] = h > 0 ? 1 / h : 0;
    }
    const along = residual.map((r, at) => r * inverse[at]!);
    let energy = dot(residual, along);
    list.set(face);
    for (let k = 0; k < MAX_CONJUGATE_STEPS && largest(residual) > 0.3 * target && energy > 0; k++) {
      for (let at = 0; at < n; at++) direction[face[at]!] = along[at]!;
      scalars[Scalar.biasDirection] = along[n]!;
      product(n);
      passes++;
      let curve = onBias ? along[n]! * (scalars[Scalar.biasProduct]! + biasL2 * along[n]!) : 0;
      for (let at = 0; at < n; at++) curve += along[at]! * (products[face[at]!]! + l2 * along[at]!);
      if (!(curve > 0)) break;
      const alpha = energy / curve;
      for (let at = 0; at < n; at++) {
        step[at]! += alpha * along[at]!;
        residual[at]! -= alpha * (products[face[at]!]! + l2 * along[at]!);
      }
      if (onBias) {
        step[n]! += alpha * along[n]!;
        residual[n]! -= alpha * (scalars[Scalar.biasProduct]! + biasL2 * along[n]!);
      }
      let next = 0;
      for (let at = 0; at <= n; at++) next += residual[at]! * residual[at]! * inverse[at]!;
      const beta = next / energy;
      for (let at = 0; at <= n; at++) along[at] = residual[at]! * inverse[at]! + beta * along[at]!;
      energy = next;
    }
    // A coefficient that would change its sign stops at zero; shorten the step until the model agrees.
    const from = Float64Array.from(face, (j) => coef[j]!), biasFrom = bias.value;
    for (let halving = 0, t = 1; halving <= MAX_HALVINGS; halving++, t /= 2) {
      if (halving === MAX_HALVINGS) t = 0;
      let clipped = false;
      for (let at = 0; at < n; at++) {
        const w = from[at]! + t * step[at]!;
        const flips = w * from[at]! < 0;
        clipped ||= flips;
        coef[face[at]!] = flips ? 0 : w;
      }
      bias.value = biasFrom + t * step[n]!;
      if (biasL1 > 0 && bias.value * biasFrom < 0) bias.value = 0;
      const after = evaluate(touchedList);
      if (t === 0 || (!clipped && t === 1) || after <= before) break;
    }
  }

  /** The model's value at the present coefficients; leaves their products and the residual behind. */
  function evaluate(columns: Int32Array): number {
    const { gradient, direction, product: products } = work;
    const { l1, l2, biasL1, biasL2 } = penalty;
    for (const j of columns) direction[j] = coef[j]! - start[j]!;
    const biasStep = bias.value - bias.start;
    scalars[Scalar.biasDirection] = biasStep;
    list.set(columns);
    product(columns.length);
    passes++;
    let value = biasStep * (scalars[Scalar.slopeSum]! + 0.5 * scalars[Scalar.biasProduct]!) +
      biasL1 * Math.abs(bias.value) + 0.5 * biasL2 * bias.value * bias.value;
    for (const j of columns) {
      const w = coef[j]!;
      value += direction[j]! * (gradient[j]! + 0.5 * products[j]!) + l1 * Math.abs(w) + 0.5 * l2 * w * w;
    }
    return value;
  }
}

/** Lists the columns to keep, in order; returns how many. */
export function listColumns(work: Workspace, keep: (j: number) => boolean): number {
  let count = 0;
  for (let j = 0; j < work.coef.length; j++) if (keep(j)) work.list[count++] = j;
  return count;
}

/** How far a coefficient is from its optimality condition: 0 in slope + lambda d|w|. */
export function violationOf(w: number, slope: number, lambda: number): number {
  if (w > 0) return Math.abs(slope + lambda);
  if (w < 0) return Math.abs(slope - lambda);
  return Math.max(Math.abs(slope) - lambda, 0);
}

function descendIntercept({ work: { scalars }, penalty: { biasL1, biasL2, hasBias }, bias }: Model): number {
  const h = scalars[Scalar.weightSum]! + biasL2;
  if (!hasBias || !(h > 0)) return 0;
  const slope = scalars[Scalar.slopeSum]! + scalars[Scalar.residualSum]! +
    scalars[Scalar.shift]! * scalars[Scalar.weightSum]! + biasL2 * bias.value;
  const violation = violationOf(bias.value, slope, biasL1);
  const target = bias.value - slope / h, cut = biasL1 / h;
  const next = target > cut ? target - cut : target < -cut ? target + cut : 0;
  scalars[Scalar.shift]! += next - bias.value;
  bias.value = next;
  return violation;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
