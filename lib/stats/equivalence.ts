/** Equivalence by two one-sided tests: evidence that an effect is too small to matter, not absence of evidence. */
import { studentTCdf, studentTQuantile } from "../math/distributions.ts";
import type { Inference, Underpowered } from "./interval.ts";

/** Outcome of two one-sided tests. */
export interface Equivalence {
  readonly status: "valid";
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** p of "the effect is at most low" */
  readonly pLow: number;
  /** p of "the effect is at least high" */
  readonly pHigh: number;
  /** The larger of the two: p of "the effect is outside (low, high)". */
  readonly p: number;
  /** p < alpha: the 1 - 2 alpha interval lies inside (low, high). */
  readonly equivalent: boolean;
  readonly ciLow: number;
  readonly ciHigh: number;
}

/**
 * Two one-sided t tests against the smallest effects of interest.
 * @param inference estimate with standard error and degrees of freedom
 * @param bounds smallest effects of interest below and above zero
 * @param alpha level of each test
 * @returns the tests, or "underpowered" when the inference is
 * @throws {RangeError} unless low < high
 * @see Schuirmann 1987, doi:10.1007/BF01068419
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { equivalenceTest } from "lib/stats/equivalence.ts";
 * import { tInterval } from "lib/stats/interval.ts";
 * const delta = tInterval({ method: "z", value: 0.001, standardError: 0.005, df: Infinity, nUnits: 1500 });
 * const result = equivalenceTest(delta, { low: -0.02, high: 0.02 });
 * assert.ok(result.status === "valid" && result.equivalent);
 * ```
 */
export function equivalenceTest(
  inference: Inference,
  { low, high }: { readonly low: number; readonly high: number },
  alpha = 0.05,
): Equivalence | Underpowered {
  if (!(low < high)) {
    throw new RangeError(`Cannot test equivalence: needs low < high, got ${low} and ${high}`);
  }
  if (inference.status === "underpowered") return inference;
  const { value, standardError, df } = inference;
  const pLow = tail((value - low) / standardError, df);
  const pHigh = tail((high - value) / standardError, df);
  const p = Math.max(pLow, pHigh);
  const half = standardError === 0 ? 0 : studentTQuantile(1 - alpha, df) * standardError;
  return {
    status: "valid",
    value,
    low,
    high,
    pLow,
    pHigh,
    p,
    equivalent: p < alpha,
    ciLow: value - half,
    ciHigh: value + half,
  };
}

/** P(T >= t); a zero error with a zero distance (0 / 0) is no evidence. */
function tail(t: number, df: number): number {
  return Number.isNaN(t) ? 1 : studentTCdf(-t, df);
}
