/** Quantiles by NumPy's default rule, rounding included, so that percentile intervals agree to the last bit. */

/**
 * Quantile by linear interpolation between order statistics: `np.quantile(values, q)`.
 * @param values shape [n], any order; left unchanged
 * @param q in [0, 1]
 * @returns NaN for no values (as NumPy's percentile intervals do in the published study) or if a value is NaN
 * @throws {RangeError} if q is outside [0, 1]
 * @see Hyndman & Fan 1996, definition 7, doi:10.1080/00031305.1996.10473566
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { quantile } from "lib/math/quantile.ts";
 * assert.equal(quantile([3, 1, 2, 4], 0.5), 2.5);
 * ```
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  return quantileSorted(Float64Array.from(values).sort(), q);
}

/**
 * quantile() of values already in ascending order (NaN last, as a typed array's sort leaves them).
 * @param sorted shape [n], ascending
 * @param q in [0, 1]
 * @throws {RangeError} if q is outside [0, 1]
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { quantileSorted } from "lib/math/quantile.ts";
 * assert.equal(quantileSorted([1, 2, 3, 4], 0.25), 1.75);
 * ```
 */
export function quantileSorted(sorted: ArrayLike<number>, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`Cannot take a quantile: needs q in [0, 1], got ${q}`);
  const n = sorted.length;
  if (n === 0 || Number.isNaN(sorted[n - 1]!)) return NaN;
  const at = q * (n - 1);
  const below = Math.floor(at);
  const t = at - below;
  const a = sorted[below]!;
  const b = sorted[Math.min(below + 1, n - 1)]!;
  // NumPy interpolates from the nearer end, which keeps the result monotone in t.
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}
