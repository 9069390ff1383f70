/** Isotonic regression: the best non-decreasing step through labelled scores, read off by interpolation. */
import { argsort } from "../math/argsort.ts";
import { GuardrailError } from "../guardrail.ts";

/** A fitted non-decreasing curve: its knots, ascending in `x`. */
export interface IsotonicFit {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Scores closer than this are one point, as in scikit-learn. */
const SAME_SCORE = 1e-15;

/**
 * Least-squares non-decreasing fit of `y` on `x`, `min_f sum_i (y_i - f(x_i))^2`, by pooling adjacent violators; targets of tied scores are
 * averaged first, so the fit is a function of the score.
 * @param x scores, shape [n]
 * @param y targets (0 or 1 in calibration), shape [n]
 * @returns knots: the ends of every level of the fit
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on NaN or infinity
 * @throws {RangeError} if the lengths differ
 * @see Barlow, Bartholomew, Bremner & Brunk 1972, "Statistical inference under order restrictions"
 * @see Zadrozny & Elkan 2002, doi:10.1145/775047.775151 (as a calibrator)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fitIsotonic, predictIsotonic } from "lib/stats/isotonic.ts";
 * const fit = fitIsotonic([1, 2, 3, 4], [0, 1, 0, 1]);
 * assert.deepEqual([...predictIsotonic(fit, [0, 2.5, 3.5, 9])], [0, 0.5, 0.75, 1]);
 * ```
 */
export function fitIsotonic(x: ArrayLike<number>, y: ArrayLike<number>): IsotonicFit {
  const { scores, sums, counts } = averageTies(x, y);
  // Blocks of pooled points: summed targets, counts, and the first point of each.
  const firstOf: number[] = [];
  const sumOf: number[] = [];
  const countOf: number[] = [];
  for (let i = 0; i < scores.length; i++) {
    let first = i;
    let sum = sums[i]!;
    let count = counts[i]!;
    while (firstOf.length > 0 && sumOf.at(-1)! / countOf.at(-1)! >= sum / count) {
      first = firstOf.pop()!;
      sum += sumOf.pop()!;
      count += countOf.pop()!;
    }
    firstOf.push(first);
    sumOf.push(sum);
    countOf.push(count);
  }
  const knotX: number[] = [];
  const knotY: number[] = [];
  firstOf.forEach((first, block) => {
    const last = (firstOf[block + 1] ?? scores.length) - 1;
    const level = sumOf[block]! / countOf[block]!;
    knotX.push(scores[first]!);
    knotY.push(level);
    if (last > first) {
      knotX.push(scores[last]!);
      knotY.push(level);
    }
  });
  return { x: Float64Array.from(knotX), y: Float64Array.from(knotY) };
}

/**
 * The fitted curve at new scores: linear between knots, constant outside them.
 * @param fit from fitIsotonic()
 * @param x scores, shape [m]
 * @returns shape [m]
 * @throws {GuardrailError} "non-finite" if a score is not finite
 */
export function predictIsotonic(fit: IsotonicFit, x: ArrayLike<number>): Float64Array {
  const last = fit.x.length - 1;
  return Float64Array.from(x, (score, row) => {
    if (!Number.isFinite(score)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot calibrate a score: needs a finite one, got ${score} in row ${row}`,
      );
    }
    if (score <= fit.x[0]!) return fit.y[0]!;
    if (score >= fit.x[last]!) return fit.y[last]!;
    let low = 0;
    for (let high = last; high - low > 1;) {
      const middle = (low + high) >> 1;
      if (fit.x[middle]! <= score) low = middle;
      else high = middle;
    }
    const slope = (fit.y[low + 1]! - fit.y[low]!) / (fit.x[low + 1]! - fit.x[low]!);
    return slope * (score - fit.x[low]!) + fit.y[low]!;
  });
}

function averageTies(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
): { scores: number[]; sums: number[]; counts: number[] } {
  if (x.length !== y.length) {
    throw new RangeError(`Cannot fit isotonic: needs one target a score, got ${y.length} for ${x.length}`);
  }
  if (x.length === 0) throw new GuardrailError("empty-split", "Cannot fit isotonic: needs items, got none");
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]!) || !Number.isFinite(y[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot fit isotonic: needs finite scores and targets, got (${x[i]}, ${y[i]}) in row ${i}`,
      );
    }
  }
  const scores: number[] = [];
  const sums: number[] = [];
  const counts: number[] = [];
  for (const row of argsort(x)) {
    const group = scores.length - 1;
    if (group >= 0 && x[row]! - scores[group]! < SAME_SCORE) {
      sums[group]! += y[row]!;
      counts[group]! += 1;
    } else {
      scores.push(x[row]!);
      sums.push(y[row]!);
      counts.push(1);
    }
  }
  return { scores, sums, counts };
}
