/**
 * Areas under risk against coverage over all n coverages, free of the published choices: no grid that starts at
 * 0.10, and tied scores count as the mean over all orders of the tied items instead of one sort's order. Their
 * intervals: bootstrap_aurc.ts (items and many clusters) and aurc_influence.ts (few clusters).
 */
import { requireErrors } from "./risk_coverage.ts";
import { type TieGroups, tieGroups } from "./tie_groups.ts";

/** Areas, all in the units of the error; lower is better. */
export interface RiskCoverageAreas {
  /** Mean over k = 1..n of the mean error of the k items kept. */
  readonly aurc: number;
  /** aurc minus the oracle's, which keeps items in the order of their true error. */
  readonly excessAurc: number;
  /** Area under the error that reaches the user (summed error of the items kept, divided by n), from coverage 0. */
  readonly augrc: number;
  /** augrc minus the oracle's. */
  readonly excessAugrc: number;
}

/**
 * Exact areas of a difficulty score. With e_(1) .. e_(n) the errors in the order of keeping,
 * `AURC = 1/n sum_k 1/k sum_{i<=k} e_(i)` and `AUGRC = 1/n^2 sum_i e_(i) (n - i + 1/2)`: the chance, error by
 * error, that a kept random item is at least as hard. For 0/1 errors of rate r,
 * `AUGRC = r (1 - r) (1 - AUROC) + r^2 / 2`. The excess of either, `A(scores) - A(errors)`, is what the score loses
 * against an oracle that keeps items in the order of their true error (e-AURC, e-AUGRC).
 * @param scores shape [n]; higher is harder, so kept later
 * @param errors per-item error, shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if the lengths differ
 * @see Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206 (AURC, excess AURC); Traub et al. 2024, arXiv:2407.01032
 * (AUGRC). fd-shifts draws AURC by straight lines between thresholds: threshold_aurc.ts
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { riskCoverageAreas } from "lib/stats/aurc.ts";
 * const { aurc, excessAurc, augrc } = riskCoverageAreas([0.1, 0.9], [0, 1]);
 * assert.deepEqual([aurc, excessAurc, augrc], [0.25, 0, 0.125]); // (0 / 1 + 1 / 2) / 2, as the oracle
 * ```
 */
export function riskCoverageAreas(scores: ArrayLike<number>, errors: ArrayLike<number>): RiskCoverageAreas {
  const actual = areas(rankForKeeping(scores, errors), errors);
  const oracle = areas(tieGroups(errors), errors);
  return {
    ...actual,
    excessAurc: actual.aurc - oracle.aurc,
    excessAugrc: actual.augrc - oracle.augrc,
  };
}

/** The whole curve: one entry for each number of items kept, 1..n. */
export interface RiskCoverageCurve {
  /** k / n */
  readonly coverage: Float64Array;
  /** mean error of the k items kept */
  readonly selectiveRisk: Float64Array;
  /** summed error of the k items kept, divided by n */
  readonly generalizedRisk: Float64Array;
}

/**
 * Risk at every coverage, ties averaged over all their orders.
 * @throws {GuardrailError} as riskCoverageAreas()
 * @throws {RangeError} if the lengths differ
 */
export function riskCoverageCurve(scores: ArrayLike<number>, errors: ArrayLike<number>): RiskCoverageCurve {
  const groups = rankForKeeping(scores, errors);
  const n = errors.length;
  const generalizedRisk = new Float64Array(n);
  visitKept(groups, errors, (k, kept) => generalizedRisk[k - 1] = kept / n);
  return {
    coverage: generalizedRisk.map((_, i) => (i + 1) / n),
    selectiveRisk: generalizedRisk.map((risk, i) => risk * n / (i + 1)),
    generalizedRisk,
  };
}

/**
 * Items in the order in which a score keeps them.
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if the lengths differ
 */
export function rankForKeeping(scores: ArrayLike<number>, errors: ArrayLike<number>): TieGroups {
  requireErrors(errors);
  if (scores.length !== errors.length) {
    throw new RangeError(`Cannot rank items: needs ${errors.length} scores, got ${scores.length}`);
  }
  return tieGroups(scores);
}

function areas(groups: TieGroups, errors: ArrayLike<number>): { aurc: number; augrc: number } {
  const n = errors.length;
  let aurc = 0;
  let augrc = 0;
  let before = 0;
  visitKept(groups, errors, (k, kept) => {
    aurc += kept / k / n;
    augrc += (before + kept) / 2 / n / n;
    before = kept;
  });
  return { aurc, augrc };
}

/** Summed error of the first k items, in expectation over the orders of tied ones, for k = 1..n. */
function visitKept(
  { order, ends }: TieGroups,
  errors: ArrayLike<number>,
  visit: (k: number, kept: number) => void,
): void {
  let sum = 0; // summed error of the items before the current group of ties
  let first = 0;
  for (const end of ends) {
    let groupSum = 0;
    for (let k = first; k < end; k++) groupSum += errors[order[k]!]!;
    // Over all orders of the group, its first j items carry j / size of its error in the mean.
    for (let k = first + 1; k <= end; k++) visit(k, sum + groupSum * ((k - first) / (end - first)));
    sum += groupSum;
    first = end;
  }
}
