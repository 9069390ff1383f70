/** Sums over random subsets, for baselines that pick items at random many thousand times. */
import type { RandomStream } from "./random.ts";

/**
 * The sum of `values` over a random subset: the subset `rng.choice(n, size, { replace: false })` would return,
 * with the stream left where that call would leave it, but without building the list.
 * @param rng advanced
 * @param values shape [n]
 * @param size elements in the subset, in [0, n]
 * @throws {RangeError} if `size` is not in [0, n]
 * @see Floyd in Bentley & Floyd 1987, doi:10.1145/30401.315746; Lemire 2019, doi:10.1145/3230636
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { defaultRng } from "lib/math/random.ts";
 * import { randomSubsetSum } from "lib/math/subset_sum.ts";
 * const chosen = defaultRng(1).choice(4, 2, { replace: false });
 * const bits = [1, 2, 4, 8];
 * assert.equal(randomSubsetSum(defaultRng(1), bits, 2), bits[chosen[0]!]! + bits[chosen[1]!]!);
 * ```
 */
export function randomSubsetSum(rng: RandomStream, values: ArrayLike<number>, size: number): number {
  const n = values.length;
  if (!Number.isInteger(size) || size < 0 || size > n) {
    throw new RangeError(`Cannot draw a subset: needs a size in [0, ${n}], got ${size}`);
  }
  let sum = 0;
  if (n > LARGE) { // here choice() has another algorithm
    for (const i of rng.choice(n, size, { replace: false })) sum += values[i]!;
    return sum;
  }
  const chosen = new Uint8Array(n);
  const draws = new Uint32Array(size);
  rng.fillRangesInPlace(draws, n - size + 1, 1); // Floyd's algorithm: the k-th draw is below n - size + k + 1
  for (let k = 0; k < size; k++) {
    const draw = draws[k]!;
    const pick = chosen[draw] === 1 ? n - size + k : draw;
    chosen[pick] = 1;
    sum += values[pick]!;
  }
  // choice() then shuffles the list: the order cannot matter to a sum, but the draws must be spent.
  if (size > 1) rng.fillRangesInPlace(draws.subarray(1), size, -1);
  return sum;
}

/** choice() draws its subset as above up to this many items. */
const LARGE = 10000;
