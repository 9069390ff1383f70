/** The quadratic model and small parts of its minimisation: lists of columns, violations, the intercept's own step. */
import type { Operation } from "./kernel.ts";
import { Scalar, type Workspace } from "./workspace.ts";

/** A computation that hands its kernel operations to whoever runs it, so that several can run together. */
export type Steps<T> = Generator<Operation, T, void>;

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
  readonly penalty: ModelPenalty;
  readonly bias: Intercept;
  /** Shortest share of a step that is tried with all sign changes put to zero at once. */
  readonly shortest: number;
  /** Whether coefficients stop at zero on the way to the face's minimum; see solveOnFace(). */
  stopAtZero: boolean;
}

/** Lists the columns to keep, in order, for the next operation; returns how many. */
export function listColumns(work: Workspace, keep: (j: number) => boolean): number {
  let count = 0;
  for (let j = 0; j < work.coef.length; j++) if (keep(j)) work.list[count++] = j;
  work.scalars[Scalar.count] = count;
  return count;
}

/** What (coef - start) of the listed columns does to the margins, less the constant part left in Scalar.result. */
export function* changeMargins(work: Workspace, float32: boolean): Steps<Float64Array | Float32Array> {
  yield float32 ? "change32" : "change";
  return float32 ? work.residual32 : work.residual;
}

/** margins += t * (change + shift) */
export function moveMargins(
  margins: Float64Array,
  change: Float64Array | Float32Array,
  { shift, t }: { readonly shift: number; readonly t: number },
): void {
  for (let i = 0; i < margins.length; i++) margins[i]! += t * (change[i]! + shift);
}

/** How far a coefficient is from its optimality condition: 0 in slope + lambda d|w|. */
export function violationOf(w: number, slope: number, lambda: number): number {
  if (w > 0) return Math.abs(slope + lambda);
  if (w < 0) return Math.abs(slope - lambda);
  return Math.max(Math.abs(slope) - lambda, 0);
}

/** Coordinate descent on the intercept; returns how far it was from its optimality condition. */
export function descendIntercept(
  { work: { scalars }, penalty: { biasL1, biasL2, hasBias }, bias }: Model,
): number {
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

/**
 * Values at some places: Float64Array.from() with a map leaves a boxed copy behind, of thousands of columns each time.
 * @param to filled from its start (default: a new array of their number)
 */
export function gather(
  values: ArrayLike<number>,
  places: ArrayLike<number>,
  to: Float64Array = new Float64Array(places.length),
): Float64Array {
  for (let at = 0; at < places.length; at++) to[at] = values[places[at]!]!;
  return to;
}

/** Inner product. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Largest absolute value. */
export function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
