/** Bias-corrected and accelerated bootstrap limits: for skewed estimates on few items, where percentiles lag. */
import { normalCdf, normalQuantile } from "../math/distributions.ts";
import { quantileSorted } from "../math/quantile.ts";
import type { Estimate } from "./estimate.ts";

/**
 * BCa interval from bootstrap draws and influence values.
 * @param value the estimate on the full sample
 * @param draws its bootstrap draws, shape [nResamples]
 * @param options influence values of the resampled units (leave-one-out changes serve as well), and alpha
 * @throws {RangeError} without draws, or if every draw lies on one side of the estimate
 * @see Efron 1987, doi:10.1080/01621459.1987.10478410
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bcaEstimate } from "lib/stats/bca.ts";
 * const draws = Array.from({ length: 101 }, (_, i) => i - 50);
 * const { ciLow, ciHigh } = bcaEstimate(0, draws, { influence: [-1, 0, 1] }); // no bias, no skew: percentiles
 * assert.ok(Math.abs(ciLow + 47.5) < 1e-9 && Math.abs(ciHigh - 47.5) < 1e-9);
 * ```
 */
export function bcaEstimate(
  value: number,
  draws: ArrayLike<number>,
  { influence, alpha = 0.05 }: { readonly influence: ArrayLike<number>; readonly alpha?: number },
): Estimate {
  const sorted = Float64Array.from(draws).sort();
  const n = sorted.length;
  let nBelow = 0; // draws equal to the estimate count half
  for (let r = 0; r < n; r++) nBelow += sorted[r]! < value ? 1 : sorted[r] === value ? 0.5 : 0;
  if (nBelow === 0 || nBelow === n) {
    throw new RangeError(
      `Cannot correct bootstrap bias: needs draws on both sides of ${value}, got none on one`,
    );
  }
  const bias = normalQuantile(nBelow / n);
  const acceleration = skewness(influence) / 6;
  const limit = (z: number) => normalCdf(bias + (bias + z) / (1 - acceleration * (bias + z)));
  const z = normalQuantile(alpha / 2);
  return {
    value,
    ciLow: quantileSorted(sorted, limit(z)),
    ciHigh: quantileSorted(sorted, limit(-z)),
    nResamples: n,
  };
}

/** Sum of cubes over the sum of squares to 3/2; 0 when nothing varies. */
function skewness(influence: ArrayLike<number>): number {
  let squares = 0;
  let cubes = 0;
  for (let i = 0; i < influence.length; i++) {
    const x = influence[i]!;
    squares += x * x;
    cubes += x * x * x;
  }
  return squares === 0 ? 0 : cubes / (squares * Math.sqrt(squares));
}
