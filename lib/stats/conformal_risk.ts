/**
 * Conformal risk control of abstention: from calibration items, the difficulty threshold below which items may be
 * answered so that the error which reaches the user stays under a level, in expectation, at any sample size and
 * for any distribution, as long as calibration and new items are exchangeable.
 */
import { GuardrailError } from "../guardrail.ts";
import { rankForKeeping } from "./aurc.ts";

/** A threshold with the guarantee E[error x answered] <= alpha. */
export interface RiskControl {
  /** Answer items that score strictly below; Infinity answers all, -Infinity none. */
  readonly threshold: number;
  readonly alpha: number;
  readonly nItems: number;
  /** Share of the calibration items that the threshold answers. */
  readonly coverage: number;
  /** Summed error of those, divided by the number of calibration items; at most alpha. */
  readonly risk: number;
}

/** The level to hold, and the largest error an item can have (1 for 0/1 errors). */
export interface RiskControlOptions {
  readonly alpha: number;
  readonly maxError?: number;
}

/**
 * The largest threshold t with `(sum_i e_i 1[s_i < t] + B) / (n + 1) <= alpha`, B the largest possible error. Then
 * a new exchangeable item has `E[e 1[s < t]] <= alpha`, and >= alpha - 2 B / (n + 1) if scores are continuous.
 * That is the error per item asked (generalized risk), not per item answered: for the latter see
 * selective_guarantee.ts. Below n = B / alpha - 1 items nothing can be answered.
 * @param scores of calibration items the probe was not fitted on, shape [n]; higher is harder
 * @param errors in [0, maxError], shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if lengths differ, alpha is not positive, or an error lies outside [0, maxError]
 * @see Angelopoulos, Bates, Fisch, Lei & Schuster 2024, arXiv:2208.02814, theorem 1 (its lambda is minus t)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { controlRisk } from "lib/stats/conformal_risk.ts";
 * const { threshold, coverage } = controlRisk([1, 2, 3, 4], [0, 0, 1, 1], { alpha: 0.4 });
 * assert.deepEqual([threshold, coverage], [4, 0.75]); // (1 + 1) / 5 = 0.4, with the fourth (2 + 1) / 5
 * ```
 */
export function controlRisk(
  scores: ArrayLike<number>,
  errors: ArrayLike<number>,
  { alpha, maxError = 1 }: RiskControlOptions,
): RiskControl {
  if (!(alpha > 0)) throw new RangeError(`Cannot control risk: needs a level alpha > 0, got ${alpha}`);
  const { order, ends } = rankForKeeping(scores, errors);
  const n = errors.length;
  for (let i = 0; i < n; i++) {
    if (!(errors[i]! >= 0 && errors[i]! <= maxError)) {
      throw new RangeError(
        `Cannot control risk: needs errors in [0, ${maxError}], got ${errors[i]} in row ${i}`,
      );
    }
  }
  const budget = alpha * (n + 1) - maxError;
  const slack = 1e-12 * (n + 1) * maxError; // 0.3 * 10 - 1 is 2 in the reader's arithmetic
  let sum = 0;
  let first = 0;
  if (budget < -slack) return { threshold: -Infinity, alpha, nItems: n, coverage: 0, risk: 0 };
  for (const end of ends) {
    let added = 0;
    for (let k = first; k < end; k++) added += errors[order[k]!]!;
    if (sum + added > budget + slack) {
      const threshold = scores[order[first]!]!;
      return { threshold, alpha, nItems: n, coverage: first / n, risk: sum / n };
    }
    sum += added;
    first = end;
  }
  return { threshold: Infinity, alpha, nItems: n, coverage: 1, risk: sum / n };
}

/**
 * One threshold a group (topic, domain, channel), so that the guarantee holds inside each group and not only on
 * average over them. A group with fewer than B / alpha - 1 items answers nothing.
 * @param groups group of each calibration item, shape [n]
 * @returns by group, in order of first appearance
 * @throws as controlRisk(), {RangeError} if lengths differ
 * @see Vovk 2012, arXiv:1209.2673 (Mondrian conformal prediction), with the control of controlRisk()
 */
export function controlRiskByGroup(
  scores: ArrayLike<number>,
  errors: ArrayLike<number>,
  groups: ArrayLike<string | number>,
  options: RiskControlOptions,
): Map<string | number, RiskControl> {
  if (groups.length !== errors.length || scores.length !== errors.length) {
    throw new RangeError(
      `Cannot control risk: needs ${errors.length} groups and scores, got ${groups.length} and ${scores.length}`,
    );
  }
  const rows = new Map<string | number, number[]>();
  for (let i = 0; i < groups.length; i++) {
    const known = rows.get(groups[i]!);
    if (known) known.push(i);
    else rows.set(groups[i]!, [i]);
  }
  const pick = (values: ArrayLike<number>, members: readonly number[]) => members.map((i) => values[i]!);
  return new Map(
    Array.from(
      rows,
      ([group, members]) =>
        [group, controlRisk(pick(scores, members), pick(errors, members), options)] as const,
    ),
  );
}

/**
 * Which new items to answer.
 * @param scores shape [m]
 * @param control one control for all items, or one a group with the group of each item
 * @returns 1 answer, 0 abstain; an item of a group without a control is not answered
 * @throws {GuardrailError} "non-finite" if a score is NaN
 */
export function answered(
  scores: ArrayLike<number>,
  control: RiskControl | {
    readonly byGroup: ReadonlyMap<string | number, RiskControl>;
    readonly groups: ArrayLike<string | number>;
  },
): Uint8Array {
  return Uint8Array.from(scores, (score, i) => {
    if (Number.isNaN(score)) {
      throw new GuardrailError("non-finite", `Cannot decide: needs a score, got NaN in row ${i}`);
    }
    const rule = "byGroup" in control ? control.byGroup.get(control.groups[i]!) : control;
    return rule !== undefined && score < rule.threshold ? 1 : 0;
  });
}
