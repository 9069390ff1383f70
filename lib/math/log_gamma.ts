/** Logarithms of the gamma and beta functions, without the cancellation that a difference of large values has. */

/**
 * log Gamma(x) for x > 0, by Stirling's series above 10 and the recurrence below.
 * @see Abramowitz & Stegun 1964, 6.1.41
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { logGamma } from "lib/math/log_gamma.ts";
 * assert.ok(Math.abs(logGamma(5) - Math.log(24)) < 1e-14);
 * ```
 */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`Cannot compute log Gamma: needs x > 0, got ${x}`);
  let product = 1;
  let shifted = x;
  for (; shifted < 10; shifted++) product *= shifted;
  const stirling = (shifted - 0.5) * Math.log(shifted) - shifted + Math.log(2 * Math.PI) / 2;
  return stirling + stirlingRemainder(shifted) - Math.log(product);
}

/**
 * log B(a, b) for a, b > 0. When one is large its Stirling terms are combined before they can cancel.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { logBeta } from "lib/math/log_gamma.ts";
 * assert.ok(Math.abs(logBeta(2, 3) - Math.log(1 / 12)) < 1e-14);
 * ```
 */
export function logBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < 10) return logGamma(a) + logGamma(b) - logGamma(a + b);
  // log Gamma(large) - log Gamma(large + small)
  const ratio = stirlingRemainder(large) - stirlingRemainder(large + small) + small -
    small * Math.log(large + small) - (large - 0.5) * Math.log1p(small / large);
  return logGamma(small) + ratio;
}

/** log Gamma(x) minus Stirling's leading terms, for x >= 10; the first term left out is below 1e-18. */
function stirlingRemainder(x: number): number {
  const y = 1 / (x * x);
  const tail = 1 / 1680 - y * (1 / 1188 - y * (691 / 360360 - y * (1 / 156 - y * 3617 / 122400)));
  return (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * tail))) / x;
}
