/** Adjusted p values for families of tests. */

/**
 * Holm's step-down adjustment: the chance of any false rejection in the family stays below the level.
 * @param p raw p values, shape [m], in [0, 1]
 * @returns adjusted p values in the same order
 * @throws {RangeError} if a p value is outside [0, 1]
 * @see Holm 1979, https://www.jstor.org/stable/4615733
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { holm } from "lib/stats/multiplicity.ts";
 * assert.deepEqual([...holm([0.01, 0.04, 0.02])], [0.03, 0.04, 0.04]);
 * ```
 */
export function holm(p: ArrayLike<number>): Float64Array {
  const order = ascending(p);
  const adjusted = new Float64Array(p.length);
  let largest = 0;
  order.forEach((test, rank) => {
    largest = Math.max(largest, Math.min(1, (p.length - rank) * p[test]!));
    adjusted[test] = largest;
  });
  return adjusted;
}

/**
 * Benjamini and Hochberg's step-up adjustment: the expected share of false rejections stays below the level, for
 * independent or positively dependent tests.
 * @param p raw p values, shape [m], in [0, 1]
 * @returns adjusted p values in the same order
 * @throws {RangeError} if a p value is outside [0, 1]
 * @see Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { benjaminiHochberg } from "lib/stats/multiplicity.ts";
 * assert.deepEqual([...benjaminiHochberg([0.01, 0.5, 0.02])], [0.03, 0.5, 0.03]);
 * ```
 */
export function benjaminiHochberg(p: ArrayLike<number>): Float64Array {
  const order = ascending(p);
  const adjusted = new Float64Array(p.length);
  let smallest = 1;
  for (let rank = p.length; rank >= 1; rank--) {
    const test = order[rank - 1]!;
    smallest = Math.min(smallest, p[test]! * p.length / rank);
    adjusted[test] = smallest;
  }
  return adjusted;
}

function ascending(p: ArrayLike<number>): number[] {
  const order = Array.from({ length: p.length }, (_, i) => i);
  for (const i of order) {
    if (!(p[i]! >= 0 && p[i]! <= 1)) {
      throw new RangeError(`Cannot adjust p values: needs values in [0, 1], got ${p[i]} at ${i}`);
    }
  }
  return order.sort((i, j) => p[i]! - p[j]!);
}
