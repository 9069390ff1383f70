/** A share of draws with its exact interval: what a control's rejection rate or power is reported as. */
import { incompleteBeta } from "../../math/distributions.ts";

/** k of n with the Clopper-Pearson interval, in the artifacts' keys. */
export interface BinomialShare {
  readonly n: number;
  readonly count: number;
  readonly share: number;
  readonly ci_low: number;
  readonly ci_high: number;
}

/**
 * The share `count` / `n` and its exact 95 % interval.
 * @throws {RangeError} unless 0 <= count <= n and n >= 1
 * @see Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { binomialShare } from "lib/questions/controls/binomial_share.ts";
 * const { ci_low, ci_high } = binomialShare(0, 10); // upper limit 1 - 0.025^(1/10)
 * assert.equal(ci_low, 0);
 * assert.ok(Math.abs(ci_high - 0.3084971) < 1e-7);
 * ```
 */
export function binomialShare(count: number, n: number, alpha = 0.05): BinomialShare {
  if (!(Number.isInteger(n) && n >= 1 && Number.isInteger(count) && count >= 0 && count <= n)) {
    throw new RangeError(`Cannot give a share: needs a count in 0..n and n >= 1, got ${count} of ${n}`);
  }
  return {
    n,
    count,
    share: count / n,
    ci_low: count === 0 ? 0 : betaQuantile(alpha / 2, count, n - count + 1),
    ci_high: count === n ? 1 : betaQuantile(1 - alpha / 2, count + 1, n - count),
  };
}

/** The quantile of a beta distribution by bisection: 60 halvings leave less than a rounding error of the result. */
function betaQuantile(p: number, a: number, b: number): number {
  let low = 0, high = 1;
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
