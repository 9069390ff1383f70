/**
 * Risk against coverage: the mean error of the items kept when the hardest-looking ones are given up. Curves are
 * read at a list of coverages; a coverage c of n items keeps the k = max(1, round-half-even(c n)) easiest.
 */
import { GuardrailError } from "../guardrail.ts";
import type { RandomStream } from "../math/random.ts";
import { mean, pairwiseSum } from "../math/sum.ts";
import { percentileEstimate } from "./estimate.ts";

/** Coverages of the published curves: 0.10, 0.15 ... 1.00. */
export const PUBLISHED_COVERAGES: readonly number[] = Array.from(
  { length: 19 },
  (_, i) => (10 + 5 * i) / 100,
);

/** Percentile limits of a curve, each of shape [nCoverages]. */
export interface CurveInterval {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * Items kept at a coverage.
 * @param coverage in (0, 1]
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { keptItems } from "lib/stats/risk_coverage.ts";
 * assert.deepEqual([keptItems(0.5, 5), keptItems(0.5, 7), keptItems(0.001, 5)], [2, 4, 1]);
 * ```
 */
export function keptItems(coverage: number, n: number): number {
  if (!(coverage > 0 && coverage <= 1)) {
    throw new RangeError(`Cannot keep items: needs a coverage in (0, 1], got ${coverage}`);
  }
  return Math.max(1, roundHalfEven(coverage * n));
}

/** Nearest integer, ties to the even one (Python's round). */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || rest === 0.5 && below % 2 !== 0 ? below + 1 : below;
}

/**
 * Mean error of the items kept at each coverage.
 * @param errors per-item error in the order in which items are kept, shape [n]
 * @param coverages shape [m]
 * @returns in the units of the error, shape [m]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" if an error is NaN or infinite
 * @see Geifman & El-Yaniv 2017, arXiv:1705.08500
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { riskCurve } from "lib/stats/risk_coverage.ts";
 * assert.deepEqual([...riskCurve([0, 0, 1, 1], [0.5, 1])], [0, 0.5]);
 * ```
 */
export function riskCurve(errors: ArrayLike<number>, coverages: readonly number[]): Float64Array {
  requireErrors(errors);
  const inOrder = Float64Array.from(errors);
  return Float64Array.from(
    coverages,
    (coverage) => mean(inOrder.subarray(0, keptItems(coverage, inOrder.length))),
  );
}

/** The lowest curve there is: items are kept in the order of their true error. */
export function oracleCurve(errors: ArrayLike<number>, coverages: readonly number[]): Float64Array {
  return riskCurve(Float64Array.from(errors).sort(), coverages);
}

/**
 * Mean curve over random orders of keeping: `nResamples` permutations.
 * @throws {GuardrailError} as riskCurve()
 */
export function randomCurve(
  errors: ArrayLike<number>,
  coverages: readonly number[],
  { nResamples, rng }: { readonly nResamples: number; readonly rng: RandomStream },
): Float64Array {
  requireErrors(errors);
  const n = errors.length;
  const values = Float64Array.from(errors);
  const kept = coverages.map((coverage) => keptItems(coverage, n));
  const shuffled = new Float64Array(n);
  const cumulative = new Float64Array(n);
  const curve = new Float64Array(coverages.length);
  for (let r = 0; r < nResamples; r++) {
    shuffled.set(values); // shuffling the errors draws and moves as errors[permutation(n)] does
    rng.shuffleInPlace(shuffled);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += shuffled[i]!;
      cumulative[i] = sum;
    }
    for (let j = 0; j < kept.length; j++) curve[j]! += cumulative[kept[j]! - 1]! / kept[j]!;
  }
  return curve.map((sum) => sum / nResamples);
}

/**
 * Percentile intervals of several curves over the same items: at each coverage the kept items are resampled, with
 * one draw of positions for all curves. The order of keeping is taken as given (flaw F17 of the published study).
 * @param ordered errors of each curve in its own order of keeping, all of shape [n]
 * @returns one interval a curve
 * @throws {GuardrailError} as riskCurve()
 */
export function bootstrapCurves(
  ordered: readonly Float64Array[],
  coverages: readonly number[],
  { nResamples, rng }: { readonly nResamples: number; readonly rng: RandomStream },
): CurveInterval[] {
  const n = ordered[0]?.length ?? 0;
  for (const errors of ordered) {
    requireErrors(errors);
    if (errors.length !== n) {
      throw new RangeError(`Cannot resample: curves of ${n} and ${errors.length} items`);
    }
  }
  const intervals = ordered.map(() => ({
    low: new Float64Array(coverages.length),
    high: new Float64Array(coverages.length),
  }));
  const draws = ordered.map(() => new Float64Array(nResamples));
  coverages.forEach((coverage, j) => {
    const kept = keptItems(coverage, n);
    const rows = new Uint32Array(kept);
    for (let r = 0; r < nResamples; r++) {
      rng.fillIntegersInPlace(rows, kept);
      for (let c = 0; c < ordered.length; c++) draws[c]![r] = sumAt(ordered[c]!, rows) / kept;
    }
    draws.forEach((means, c) => {
      const { ciLow, ciHigh } = percentileEstimate(NaN, means);
      intervals[c]!.low[j] = ciLow;
      intervals[c]!.high[j] = ciHigh;
    });
  });
  return intervals;
}

/**
 * Area under a curve by the trapezoid rule, from the first coverage to the last: the published AURC.
 * @param curve shape [m]
 * @param coverages ascending, shape [m]
 * @returns in the units of the error
 */
export function trapezoidArea(curve: ArrayLike<number>, coverages: ArrayLike<number>): number {
  const panels = Array.from(
    { length: Math.max(0, curve.length - 1) },
    (_, i) => (coverages[i + 1]! - coverages[i]!) * (curve[i + 1]! + curve[i]!) / 2,
  );
  return pairwiseSum(panels);
}

/** @throws {GuardrailError} "empty-split" without items, "non-finite" if an error is NaN or infinite */
export function requireErrors(errors: ArrayLike<number>): void {
  if (errors.length === 0) {
    throw new GuardrailError("empty-split", "Cannot draw risk against coverage: needs items, got none");
  }
  for (let i = 0; i < errors.length; i++) {
    if (!Number.isFinite(errors[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot draw risk against coverage: needs finite errors, got ${errors[i]} in row ${i}`,
      );
    }
  }
}

function sumAt(values: Float64Array, rows: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += values[rows[i]!]!;
  return sum;
}
