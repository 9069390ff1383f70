/** Ranks with ties averaged: what every rank statistic here stands on. */

/**
 * Mid-ranks, 1-based: equal values share the mean of the places they take.
 * @param values shape [n], no NaN
 * @returns shape [n]; multiples of one half, so sums of them are exact
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { midRanks } from "lib/stats/ranks.ts";
 * assert.deepEqual([...midRanks([10, 30, 10])], [1.5, 3, 1.5]);
 * ```
 */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const sorted = new Float64Array(values).sort();
  const ranks = new Float64Array(values.length);
  for (let i = 0; i < ranks.length; i++) ranks[i] = midRank(sorted, values[i]!);
  return ranks;
}

/** Mid-rank of one of the ascending values. */
export function midRank(sorted: Float64Array, value: number): number {
  return (lowerBound(sorted, value) + upperBound(sorted, value) + 1) / 2;
}

/** How many of the ascending values are below `value`. */
export function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of the ascending values are at most `value`. */
export function upperBound(sorted: Float64Array, value: number): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
