/**
 * A guaranteed error rate among the items answered (selective risk). conformal_risk.ts bounds the error per item
 * asked, in expectation; this bounds the error per item answered, with high probability over the calibration items.
 */
import { GuardrailError } from "../guardrail.ts";
import { incompleteBeta } from "../math/distributions.ts";

/** A threshold with the guarantee P(error rate among answered items <= alpha) >= 1 - delta. */
export interface SelectiveGuarantee {
  /** Answer items that score strictly below; null where no candidate passed: answer none. */
  readonly threshold: number | null;
  readonly alpha: number;
  readonly delta: number;
  /** Share of the calibration items that the threshold answers, and their error rate. */
  readonly coverage: number;
  readonly errorRate: number;
}

/**
 * Tests each candidate threshold t: given how many calibration items score below t, their errors are binomial with
 * the error rate among answered items, so `p_t = P(Bin(k, alpha) <= errors)` tests "that rate exceeds alpha". The
 * largest t with p_t <= delta / (number of candidates) is taken (Bonferroni, so that looking at all of them is paid
 * for). Candidates must not depend on the calibration items: quantiles of the train scores, for instance.
 * @param scores of calibration items the probe was not fitted on, shape [n]; higher is harder
 * @param errors 0 or 1, shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" if a score is NaN
 * @throws {RangeError} if lengths differ, an error is neither 0 nor 1, a level is outside (0, 1), no candidate
 * @see Angelopoulos, Bates, Candes, Jordan & Lei 2021, arXiv:2110.01052 (learn then test); Geifman & El-Yaniv 2017,
 * arXiv:1705.08500 (selection with guaranteed risk)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { guaranteeSelectiveRisk } from "lib/stats/selective_guarantee.ts";
 * const scores = Array.from({ length: 200 }, (_, i) => i / 200);
 * const errors = scores.map((score) => score < 0.5 ? 0 : 1);
 * const options = { alpha: 0.1, delta: 0.05, candidates: [0.25, 0.5, 0.75] };
 * assert.equal(guaranteeSelectiveRisk(scores, errors, options).threshold, 0.5);
 * ```
 */
export function guaranteeSelectiveRisk(
  scores: ArrayLike<number>,
  errors: ArrayLike<number>,
  { alpha, delta, candidates }: {
    readonly alpha: number;
    readonly delta: number;
    readonly candidates: readonly number[];
  },
): SelectiveGuarantee {
  for (const level of [alpha, delta]) {
    if (!(level > 0 && level < 1)) {
      throw new RangeError(`Cannot guarantee risk: needs levels in (0, 1), got ${level}`);
    }
  }
  const n = scores.length;
  if (errors.length !== n) {
    throw new RangeError(
      `Cannot guarantee risk: needs ${n} errors as there are scores, got ${errors.length}`,
    );
  }
  if (n === 0) throw new GuardrailError("empty-split", "Cannot guarantee risk: needs items, got none");
  if (candidates.length === 0) throw new RangeError("Cannot guarantee risk: needs a candidate, got none");
  for (let i = 0; i < n; i++) {
    if (Number.isNaN(scores[i]!)) {
      throw new GuardrailError("non-finite", `Cannot guarantee risk: needs scores, got NaN in row ${i}`);
    }
    if (errors[i] !== 0 && errors[i] !== 1) {
      throw new RangeError(`Cannot guarantee risk: needs errors 0 or 1, got ${errors[i]} in row ${i}`);
    }
  }
  for (const threshold of [...candidates].sort((a, b) => b - a)) {
    let nAnswered = 0;
    let nWrong = 0;
    for (let i = 0; i < n; i++) {
      if (scores[i]! >= threshold) continue;
      nAnswered++;
      nWrong += errors[i]!;
    }
    if (nAnswered > 0 && binomialCdf(nWrong, nAnswered, alpha) <= delta / candidates.length) {
      return { threshold, alpha, delta, coverage: nAnswered / n, errorRate: nWrong / nAnswered };
    }
  }
  return { threshold: null, alpha, delta, coverage: 0, errorRate: 0 };
}

/** P(Bin(n, p) <= k) = I_{1-p}(n - k, k + 1). */
function binomialCdf(k: number, n: number, p: number): number {
  return k >= n ? 1 : incompleteBeta(1 - p, n - k, k + 1);
}
