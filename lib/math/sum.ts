/** Sums with NumPy's rounding: statistics that must agree with it to the last bit add in its order. */

/**
 * Sum by pairwise halving over blocks of at most 128 values, each block in eight interleaved accumulators:
 * `np.sum` of contiguous float64. The rounding error grows with log n instead of n.
 * @param values shape [n]
 * @param start first value (default 0)
 * @param end one past the last value (default n)
 * @returns 0 for no values
 * @see Higham 1993, doi:10.1137/0914050
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { pairwiseSum } from "lib/math/sum.ts";
 * assert.equal(pairwiseSum([0.5, 0.25, 0.25]), 1);
 * ```
 */
export function pairwiseSum(values: ArrayLike<number>, start = 0, end = values.length): number {
  const n = end - start;
  if (n > BLOCK) {
    let half = n >> 1;
    half -= half % LANES;
    return pairwiseSum(values, start, start + half) + pairwiseSum(values, start + half, end);
  }
  if (n < LANES) {
    let sum = -0; // the neutral element of addition: keeps a sum of -0
    for (let i = start; i < end; i++) sum += values[i]!;
    return n === 0 ? 0 : sum;
  }
  let a = values[start]!, b = values[start + 1]!, c = values[start + 2]!, d = values[start + 3]!;
  let e = values[start + 4]!, f = values[start + 5]!, g = values[start + 6]!, h = values[start + 7]!;
  let i = start + LANES;
  for (; i + LANES <= end; i += LANES) {
    a += values[i]!;
    b += values[i + 1]!;
    c += values[i + 2]!;
    d += values[i + 3]!;
    e += values[i + 4]!;
    f += values[i + 5]!;
    g += values[i + 6]!;
    h += values[i + 7]!;
  }
  let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
  for (; i < end; i++) sum += values[i]!;
  return sum;
}

const BLOCK = 128;
const LANES = 8;

/**
 * Arithmetic mean by pairwiseSum(): `np.mean` of contiguous float64.
 * @param values shape [n]
 * @returns NaN for no values
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mean } from "lib/math/sum.ts";
 * assert.equal(mean([1, 2, 6]), 3);
 * ```
 */
export function mean(values: ArrayLike<number>): number {
  return pairwiseSum(values) / values.length;
}

/**
 * Variance around the mean, both sums pairwise: `np.var(values, ddof)`.
 * @param values shape [n]
 * @param ddof delta degrees of freedom: the divisor is n - ddof
 * @returns NaN when n - ddof is not positive
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { variance } from "lib/math/sum.ts";
 * assert.equal(variance([1, 2, 6], 0), 14 / 3);
 * ```
 */
export function variance(values: ArrayLike<number>, ddof: 0 | 1): number {
  const n = values.length;
  if (n <= ddof) return NaN;
  const center = mean(values);
  const squares = Float64Array.from(values, (value) => (value - center) * (value - center));
  let sum = 0;
  for (let start = 0; start < n; start += REDUCTION_BUFFER) {
    sum += pairwiseSum(squares, start, Math.min(start + REDUCTION_BUFFER, n));
  }
  return sum / (n - ddof);
}

/** The reference NumPy (1.24) adds the squares through its reduction buffer, one buffer after the other. */
const REDUCTION_BUFFER = 8192;
