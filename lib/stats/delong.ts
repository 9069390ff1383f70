/** DeLong's test of two correlated AUROCs: the interval and test for independent items. */
import { countClasses } from "./auroc.ts";
import { aurocDeltaInfluence } from "./influence.ts";
import { type Interval, tInterval } from "./interval.ts";

/**
 * AUROC(a) - AUROC(b) on the same independent items, with DeLong's standard error and a normal interval.
 * @param scoresA difficulty scores, shape [n]
 * @param scoresB the same items' scores from another rung, shape [n]
 * @param labels 0 or 1, shape [n], at least two items of each class
 * @throws {GuardrailError} "single-class" or "non-finite" as auroc()
 * @throws {RangeError} if a class has a single item
 * @see DeLong, DeLong & Clarke-Pearson 1988, doi:10.2307/2531595
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { delong } from "lib/stats/delong.ts";
 * const { value, p } = delong([1, 2, 3, 4], [1, 3, 2, 4], [0, 0, 1, 1]);
 * assert.equal(value, 0.25);
 * assert.ok(p > 0.2);
 * ```
 */
export function delong(
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  labels: ArrayLike<number>,
): Interval {
  const { nPositive, nNegative } = countClasses(labels);
  if (nPositive < 2 || nNegative < 2) {
    throw new RangeError(
      `Cannot estimate DeLong's variance: needs two items a class, got ${nPositive} and ${nNegative}`,
    );
  }
  const { value, influence } = aurocDeltaInfluence(scoresA, scoresB, labels);
  let positive = 0;
  let negative = 0;
  for (let i = 0; i < labels.length; i++) {
    const square = influence[i]! * influence[i]!;
    if (labels[i] === 1) positive += square;
    else negative += square;
  }
  const variance = positive * nPositive / (nPositive - 1) + negative * nNegative / (nNegative - 1);
  return tInterval({
    method: "delong",
    value,
    standardError: Math.sqrt(variance),
    df: Infinity,
    nUnits: labels.length,
  });
}
