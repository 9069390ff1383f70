/**
 * Areas under risk against coverage over all n coverages, free of the published choices: no grid that starts at
 * 0.10, and tied scores count as the mean over all orders of the tied items instead of one sort's order.
 */
import { GuardrailError } from "../guardrail.ts";
import { argsort } from "../math/argsort.ts";
import { requireErrors } from "./risk_coverage.ts";

/** Areas, all in the units of the error; lower is better. */
export interface RiskCoverageAreas {
  /** Mean over k = 1..n of the mean error of the k items kept. */
  readonly aurc: number;
  /** aurc minus the oracle's, which keeps items in the order of their true error. */
  readonly excessAurc: number;
  /** Mean over k of the summed error of the k items kept, divided by n: errors count the same at every k. */
  readonly augrc: number;
}

/**
 * Exact areas of a difficulty score.
 * @param scores shape [n]; higher is harder, so kept later
 * @param errors per-item error, shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if the lengths differ
 * @see Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206 (excess AURC); Traub et al. 2024, arXiv:2407.01032 (AUGRC)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { riskCoverageAreas } from "lib/stats/aurc.ts";
 * const { aurc, excessAurc } = riskCoverageAreas([0.1, 0.9], [0, 1]);
 * assert.deepEqual([aurc, excessAurc], [0.25, 0]); // (0 / 1 + 1 / 2) / 2, as the oracle
 * ```
 */
export function riskCoverageAreas(scores: ArrayLike<number>, errors: ArrayLike<number>): RiskCoverageAreas {
  requireErrors(errors);
  if (scores.length !== errors.length) {
    throw new RangeError(`Cannot rank items: needs ${errors.length} scores, got ${scores.length}`);
  }
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot rank items: needs finite scores, got ${scores[i]} in row ${i}`,
      );
    }
  }
  const { aurc, augrc } = areas(scores, errors);
  return { aurc, excessAurc: aurc - areas(errors, errors).aurc, augrc };
}

function areas(scores: ArrayLike<number>, errors: ArrayLike<number>): { aurc: number; augrc: number } {
  const n = errors.length;
  const order = argsort(scores);
  let sum = 0; // summed error of the items before the current group of ties
  let aurc = 0;
  let augrc = 0;
  for (let first = 0; first < n;) {
    let end = first;
    let groupSum = 0;
    for (; end < n && scores[order[end]!] === scores[order[first]!]; end++) groupSum += errors[order[end]!]!;
    // Over all orders of the group, its first j items carry j / size of its error in the mean.
    for (let k = first + 1; k <= end; k++) {
      const kept = sum + groupSum * ((k - first) / (end - first));
      aurc += kept / k / n;
      augrc += kept / n / n;
    }
    sum += groupSum;
    first = end;
  }
  return { aurc, augrc };
}
