/**
 * Minimises the quadratic model of the loss plus the penalty over the working set: coordinate descent finds out
 * which coefficients are zero, and conjugate gradients solve for the others on the face where their signs are
 * fixed. Descent alone crawls when hundreds of correlated columns are active; the face alone finds no zeros.
 * @see Chen, Curtis & Robinson 2017, doi:10.1137/16M1062259 (alternating the two)
 */
import { descendOnFace, type Face, openFace } from "./face.ts";
import { descendIntercept, gather, listColumns, type Model, type Steps } from "./model_parts.ts";
import { Scalar } from "./workspace.ts";

const SWEEPS_ON_FACE = 1;

/** How well a model is minimised. */
export interface ModelGoal {
  /** Largest violation of the model's optimality conditions to leave behind. */
  readonly target: number;
  /** The face is known: no zero coefficient wants to move, so only the face is solved, and more accurately. */
  readonly settled: boolean;
  readonly float32: boolean;
}

/**
 * Moves coef and the intercept from the start of the outer iteration towards the model's minimum, until no
 * optimality condition of the model is violated by more than the target, or as far as the face goes.
 * @returns passes over the working set, sweeps and products alike
 */
export function* minimizeModel(model: Model, goal: ModelGoal): Steps<number> {
  const { work, bias } = model;
  const { coef, start, within, scalars } = work;
  const { target, settled, float32 } = goal;
  start.set(coef);
  bias.start = bias.value;
  if (settled) return yield* solveOnFace(model, goal);
  (float32 ? work.residual32 : work.residual).fill(0);
  scalars[Scalar.shift] = 0;
  scalars[Scalar.residualSum] = 0;
  listColumns(work, (j) => within[j] === 1);
  let worst = yield* sweep(model, float32), passes = 1;
  if (worst <= target) return passes;
  listColumns(work, (j) => within[j] === 1 && coef[j] !== 0);
  for (let k = 0; k < SWEEPS_ON_FACE && worst > 0.5 * target; k++, passes++) {
    worst = yield* sweep(model, float32);
  }
  return worst > 0.5 * target ? passes + (yield* solveOnFace(model, goal)) : passes;
}

/** One sweep of coordinate descent over the listed columns and the intercept; returns the largest violation it met. */
function* sweep(model: Model, float32: boolean): Steps<number> {
  yield float32 ? "sweep32" : "sweep";
  return Math.max(model.work.scalars[Scalar.result]!, descendIntercept(model));
}

/**
 * Conjugate gradients on the columns that are not zero. At first coefficients that change their sign on the way are
 * put to zero afterwards, all at once; once the model disagrees with that, as it does when columns are nearly copies
 * of others, each one stops at zero the moment it gets there.
 */
function* solveOnFace(model: Model, { target, settled, float32 }: ModelGoal): Steps<number> {
  const { bias } = model;
  const columns = touchedColumns(model);
  let passes = settled ? 0 : 1;
  const before = settled ? penaltyOf(model, columns) : yield* evaluate(model, columns, float32);
  const face = faceOf(model, columns, settled), biasFrom = bias.value;
  const goal = { float32, ...(settled ? { target } : { target: 0.3 * target, share: 0.3 }) };
  if (!model.stopAtZero) {
    passes += yield* descendOnFace(model, face, goal);
    const biasTo = bias.value;
    gather(model.work.coef, face.columns, face.to);
    for (let t = 1; t >= model.shortest; t /= 2) {
      if (clipAt(model, face, t) + clipIntercept(model, biasFrom, biasFrom + t * (biasTo - biasFrom)) === 0) {
        return passes;
      }
      passes++;
      if ((yield* evaluate(model, columns, float32)) <= before) return passes;
    }
    model.stopAtZero = true;
    clipAt(model, face, 0);
    bias.value = biasFrom;
  }
  return passes + (yield* descendOnFace(model, face, goal));
}

/** The columns that are not zero, or were not at the start of the outer iteration. */
function touchedColumns({ work }: Model): Int32Array {
  const { coef, start, within, list } = work;
  const n = listColumns(work, (j) => within[j] === 1 && (coef[j] !== 0 || start[j] !== 0));
  const columns = work.touched.subarray(0, n);
  columns.set(list.subarray(0, n));
  return columns;
}

/** The face of the columns that are not zero, with the model's gradients at the present coefficients. */
function faceOf(model: Model, columns: Int32Array, settled: boolean): Face {
  const { coef, gradient, product, scalars } = model.work;
  let end = 0;
  for (let k = 0; k < columns.length; k++) if (coef[columns[k]!] !== 0) end++;
  const face = openFace(model, end);
  for (let k = 0, at = 0; k < columns.length; k++) {
    const j = columns[k]!;
    if (coef[j] === 0) continue;
    face.columns[at] = j;
    face.from[at] = coef[j]!;
    face.gradient[at++] = settled ? gradient[j]! : gradient[j]! + product[j]!;
  }
  face.gradient[end] = scalars[Scalar.slopeSum]! + (settled ? 0 : scalars[Scalar.biasProduct]!);
  return face;
}

/** Puts coefficients at a share of the way, or at zero if they crossed it; returns how many did. */
function clipAt({ work: { coef } }: Model, { columns, from, to }: Face, share: number): number {
  let clipped = 0;
  for (let at = 0; at < columns.length; at++) {
    const w = from[at]! + share * (to[at]! - from[at]!);
    const kept = w * from[at]! < 0 ? 0 : w;
    coef[columns[at]!] = kept;
    if (kept !== w) clipped++;
  }
  return clipped;
}

function clipIntercept({ bias, penalty: { biasL1 } }: Model, from: number, value: number): number {
  const crossed = biasL1 > 0 && value * from < 0;
  bias.value = crossed ? 0 : value;
  return crossed ? 1 : 0;
}

/** The model's value at the present coefficients; leaves their products behind. */
function* evaluate(model: Model, columns: Int32Array, float32: boolean): Steps<number> {
  const { work: { scalars }, bias } = model;
  const biasStep = bias.value - bias.start;
  scalars[Scalar.biasDirection] = biasStep;
  listSteps(model, columns);
  yield float32 ? "product32" : "product";
  const value = biasStep * (scalars[Scalar.slopeSum]! + 0.5 * scalars[Scalar.biasProduct]!);
  return valueOf(model, columns, value) + penaltyOf(model, columns);
}

function listSteps({ work: { coef, start, direction, list, scalars } }: Model, columns: Int32Array): void {
  for (let k = 0; k < columns.length; k++) direction[columns[k]!] = coef[columns[k]!]! - start[columns[k]!]!;
  list.set(columns);
  scalars[Scalar.count] = columns.length;
}

function valueOf(
  { work: { gradient, direction, product } }: Model,
  columns: Int32Array,
  value: number,
): number {
  for (let k = 0; k < columns.length; k++) {
    const j = columns[k]!;
    value += direction[j]! * (gradient[j]! + 0.5 * product[j]!);
  }
  return value;
}

function penaltyOf({ work: { coef }, penalty, bias }: Model, columns: Int32Array): number {
  const { l1, l2, biasL1, biasL2 } = penalty;
  let value = biasL1 * Math.abs(bias.value) + 0.5 * biasL2 * bias.value * bias.value;
  for (let k = 0; k < columns.length; k++) {
    const w = coef[columns[k]!]!;
    value += l1 * Math.abs(w) + 0.5 * l2 * w * w;
  }
  return value;
}
