/**
 * Limited-memory BFGS without bounds, with the constants and stopping rules of L-BFGS-B 3.0: where it stops early
 * is part of some published figures, so it must stop at the same iterate.
 */
import { type LinePoint, type LineSearchOptions, searchStep } from "./line_search.ts";

/** A smooth function: returns the value at `x` and writes the gradient. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** When to stop. */
export interface LbfgsOptions {
  /** Stop once every component of the gradient is at most this. */
  readonly gradientTolerance: number;
  /** Stop once an iteration lowers the value by at most this, relative to max(|f|, 1). */
  readonly valueTolerance: number;
  readonly maxIterations: number;
}

/** Where it stopped. */
export interface LbfgsResult {
  readonly x: Float64Array;
  readonly value: number;
  readonly nIterations: number;
  readonly converged: boolean;
}

const MEMORY = 10;
const LINE_SEARCH: LineSearchOptions = {
  decrease: 1e-3,
  curvature: 0.9,
  minWidth: 0.1,
  maxStep: 1e10,
  maxEvaluations: 50,
};

/** A past move and the change of gradient over it. */
interface Curvature {
  readonly move: Float64Array;
  readonly change: Float64Array;
  readonly product: number;
}

/**
 * Minimises a smooth function.
 * @param objective value and gradient
 * @param start shape [n]
 * @see Liu & Nocedal 1989, doi:10.1007/BF01589116; Morales & Nocedal 2011, doi:10.1145/2049662.2049669
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { minimizeLbfgs } from "lib/math/lbfgs.ts";
 * const bowl = (x: Float64Array, gradient: Float64Array) => {
 *   gradient[0] = 2 * (x[0]! - 3);
 *   return (x[0]! - 3) * (x[0]! - 3);
 * };
 * const stop = { gradientTolerance: 1e-9, valueTolerance: 0, maxIterations: 50 };
 * assert.ok(Math.abs(minimizeLbfgs(bowl, [0], stop).x[0]! - 3) < 1e-9);
 * ```
 */
export function minimizeLbfgs(
  objective: Objective,
  start: ArrayLike<number>,
  options: LbfgsOptions,
): LbfgsResult {
  let x = Float64Array.from(start);
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const history: Curvature[] = [];
  let nIterations = 0;
  if (maxAbs(gradient) <= options.gradientTolerance) return { x, value, nIterations, converged: true };
  while (nIterations < options.maxIterations) {
    const direction = descentDirection(gradient, history);
    const slope = dot(gradient, direction);
    const trial = { x: x.slice(), gradient: gradient.slice() };
    const evaluate = (step: number): LinePoint => {
      for (let i = 0; i < x.length; i++) trial.x[i] = x[i]! + step * direction[i]!;
      const trialValue = objective(trial.x, trial.gradient);
      return { step, value: trialValue, slope: dot(trial.gradient, direction) };
    };
    const firstStep = nIterations === 0
      ? Math.min(1 / Math.sqrt(dot(direction, direction)), LINE_SEARCH.maxStep)
      : 1;
    const point = slope < 0
      ? searchStep(evaluate, { step: 0, value, slope }, firstStep, LINE_SEARCH)
      : undefined;
    if (point === undefined) {
      if (history.length === 0) return { x, value, nIterations, converged: false };
      history.length = 0; // forget the curvature and try steepest descent once
      continue;
    }
    const valueBefore = value;
    const gradientBefore = gradient;
    x = trial.x;
    gradient = trial.gradient;
    value = point.value;
    nIterations++;
    if (maxAbs(gradient) <= options.gradientTolerance) return { x, value, nIterations, converged: true };
    const size = Math.max(Math.abs(valueBefore), Math.abs(value), 1);
    if (valueBefore - value <= options.valueTolerance * size) {
      return { x, value, nIterations, converged: true };
    }
    const product = (point.slope - slope) * point.step;
    if (product > Number.EPSILON * -slope * point.step) {
      if (history.length === MEMORY) history.shift();
      history.push({
        move: direction.map((d) => point.step * d),
        change: gradient.map((g, i) => g - gradientBefore[i]!),
        product,
      });
    }
  }
  return { x, value, nIterations, converged: false };
}

/** -H g by the two-loop recursion; the newest curvature scales the initial inverse Hessian. */
function descentDirection(gradient: Float64Array, history: readonly Curvature[]): Float64Array {
  const direction = gradient.map((g) => -g);
  const newest = history.at(-1);
  if (newest === undefined) return direction;
  const weights: number[] = [];
  for (const { move, change, product } of history.toReversed()) {
    const weight = dot(move, direction) / product;
    weights.unshift(weight);
    addScaledInPlace(direction, -weight, change);
  }
  const scale = newest.product / dot(newest.change, newest.change);
  for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  history.forEach(({ move, change, product }, i) => {
    addScaledInPlace(direction, weights[i]! - dot(change, direction) / product, move);
  });
  return direction;
}

function addScaledInPlace(out: Float64Array, scale: number, values: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i]! += scale * values[i]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function maxAbs(values: Float64Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}
