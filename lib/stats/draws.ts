/** What a Monte Carlo share can tell: its standard error, and how often a run of few draws prints a given figure. */
import { incompleteBeta } from "../math/distributions.ts";

/**
 * Standard error of a share of independent draws: `sqrt(p (1 - p) / n)`.
 * @throws {RangeError} if p is no share or there is no draw
 * @see Efron & Tibshirani 1993, "An Introduction to the Bootstrap", section 15.5 (Monte Carlo error of a p value)
 */
export function shareError(p: number, nDraws: number): number {
  requireShare(p, nDraws);
  return Math.sqrt(p * (1 - p) / nDraws);
}

/**
 * Chance that the share b / n of a run of n draws lies in [low, high), where b is binomial with p: what a figure read
 * off a printed p value says of the p behind it.
 * @throws {RangeError} as shareError()
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { chanceOfShare } from "lib/stats/draws.ts";
 * assert.ok(Math.abs(chanceOfShare(0.5, 2, { low: 0.25, high: 0.75 }) - 0.5) < 1e-12); // one of two draws
 * ```
 */
export function chanceOfShare(
  p: number,
  nDraws: number,
  { low, high }: { readonly low: number; readonly high: number },
): number {
  requireShare(p, nDraws);
  // Counts b with low <= b / n < high; the small slack keeps 0.035 * 1000 = 35 on its own side of rounding.
  const first = Math.max(0, Math.ceil(low * nDraws - 1e-9));
  const last = Math.min(nDraws, Math.ceil(high * nDraws - 1e-9) - 1);
  return last < first ? 0 : atMost(last, nDraws, p) - atMost(first - 1, nDraws, p);
}

/** P(b <= k) = I_{1 - p}(n - k, k + 1). */
function atMost(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return incompleteBeta(1 - p, n - k, k + 1);
}

function requireShare(p: number, nDraws: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot judge a share: needs 0 to 1, got ${p}`);
  if (!(Number.isInteger(nDraws) && nDraws > 0)) {
    throw new RangeError(`Cannot judge a share: needs a positive number of draws, got ${nDraws}`);
  }
}
