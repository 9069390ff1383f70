/** What every interval in this project looks like. */
import { quantileSorted } from "../math/quantile.ts";

/** A point estimate and its interval. */
export interface Estimate {
  readonly value: number;
  readonly ciLow: number;
  readonly ciHigh: number;
  /** Resamples the interval stands on, those skipped left out; 0 for an analytic interval. */
  readonly nResamples: number;
}

/**
 * The percentile interval of bootstrap draws around a point estimate.
 * @param value the estimate on the full sample
 * @param draws shape [nResamples], any order; left unchanged
 * @param alpha 1 - coverage, 0.05 unless told
 * @returns NaN limits when there are no draws
 * @see Efron & Tibshirani 1993, chapter 13
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { percentileEstimate } from "lib/stats/estimate.ts";
 * assert.deepEqual(percentileEstimate(1, [0, 1, 2], 0.5), { value: 1, ciLow: 0.5, ciHigh: 1.5, nResamples: 3 });
 * ```
 */
export function percentileEstimate(value: number, draws: ArrayLike<number>, alpha = 0.05): Estimate {
  const sorted = Float64Array.from(draws).sort();
  return {
    value,
    ciLow: quantileSorted(sorted, alpha / 2),
    ciHigh: quantileSorted(sorted, 1 - alpha / 2),
    nResamples: sorted.length,
  };
}
