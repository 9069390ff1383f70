/** The area under the ROC curve, and the checks every rank comparison of two classes starts with. */
import { GuardrailError } from "../guardrail.ts";
import { midRank } from "./ranks.ts";

/**
 * Area under the ROC curve: the chance that a hard item outscores an easy one; ties count one half.
 * @param scores difficulty scores, shape [n]; higher is harder
 * @param labels 0 or 1, shape [n]
 * @returns unitless, in [0, 1]
 * @throws {GuardrailError} "single-class" if only one class is present, "non-finite" if a score is NaN or infinite
 * @throws {RangeError} if the lengths differ or a label is neither 0 nor 1
 * @see Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { auroc } from "lib/stats/auroc.ts";
 * assert.equal(auroc([0.1, 0.9, 0.5, 0.5], [0, 1, 0, 1]), 0.875);
 * ```
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { nPositive, nNegative } = countClasses(labels);
  checkScores(scores, labels.length);
  const sorted = new Float64Array(scores).sort();
  let rankSum = 0;
  for (let i = 0; i < sorted.length; i++) if (labels[i] === 1) rankSum += midRank(sorted, scores[i]!);
  return (rankSum - nPositive * (nPositive + 1) / 2) / (nPositive * nNegative);
}

/** Class sizes, both at least one. */
export interface ClassCounts {
  readonly nPositive: number;
  readonly nNegative: number;
}

/**
 * Counts the two classes.
 * @param labels 0 or 1, shape [n]
 * @throws {GuardrailError} "single-class" if only one class (or no item) is present
 * @throws {RangeError} if a label is neither 0 nor 1
 */
export function countClasses(labels: ArrayLike<number>): ClassCounts {
  let nPositive = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label !== 0 && label !== 1) {
      throw new RangeError(`Cannot compare classes: needs labels 0 or 1, got ${label} in row ${i}`);
    }
    nPositive += label;
  }
  const nNegative = labels.length - nPositive;
  if (nPositive === 0 || nNegative === 0) {
    throw new GuardrailError(
      "single-class",
      `Cannot compute AUROC: needs both classes, got ${nPositive} of ${labels.length} positive`,
    );
  }
  return { nPositive, nNegative };
}

/**
 * Checks a score column against the number of labels.
 * @throws {GuardrailError} "non-finite" if a score is NaN or infinite
 * @throws {RangeError} if there are not `nItems` scores
 */
export function checkScores(scores: ArrayLike<number>, nItems: number): void {
  if (scores.length !== nItems) {
    throw new RangeError(`Cannot compare scores: needs ${nItems} as there are labels, got ${scores.length}`);
  }
  for (let i = 0; i < nItems; i++) {
    if (!Number.isFinite(scores[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot compare scores: needs finite scores, got ${scores[i]} in row ${i}`,
      );
    }
  }
}
