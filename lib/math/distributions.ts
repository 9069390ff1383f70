/** Normal, Student t and noncentral t distributions: what tests, intervals and power curves are read off. */
import { logBeta } from "./log_gamma.ts";

/**
 * Standard normal distribution function.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { normalCdf } from "lib/math/distributions.ts";
 * assert.equal(normalCdf(0), 0.5);
 * ```
 */
export function normalCdf(z: number): number {
  return z > 0 ? 1 - upperTail(z) : upperTail(-z);
}

/** P(|Z| >= |z|) for a standard normal Z, without cancellation far out. */
export function normalTwoSidedP(z: number): number {
  return 2 * upperTail(Math.abs(z));
}

/**
 * P(Z >= z) for z >= 0: Kummer's series of erf near zero, the continued fraction of erfc beyond.
 * @see Abramowitz & Stegun 1964, 7.1.6 and 7.1.14
 */
function upperTail(z: number): number {
  if (Number.isNaN(z)) return NaN;
  const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let k = 3; term > 1e-17 * sum; k += 2) {
      term *= z * z / k;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  if (density === 0) return 0;
  let fraction = z; // z + 1/(z + 2/(z + 3/(z + ...))), from the far end
  for (let k = 120; k >= 1; k--) fraction = z + k / fraction;
  return density / fraction;
}

/**
 * Standard normal quantile: a rational start, then Newton steps on normalCdf().
 * @param p in [0, 1]
 * @see Abramowitz & Stegun 1964, 26.2.23 for the start
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { normalQuantile } from "lib/math/distributions.ts";
 * assert.ok(Math.abs(normalQuantile(0.975) - 1.959963984540054) < 1e-14);
 * ```
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot invert a distribution: needs p in [0, 1], got ${p}`);
  if (p === 0) return -Infinity;
  if (p === 1) return Infinity;
  if (p === 0.5) return 0;
  const tail = Math.min(p, 1 - p);
  const t = Math.sqrt(-2 * Math.log(tail));
  let z = t -
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let step = 0; step < 4; step++) {
    const excess = (upperTail(Math.max(z, 0)) - tail) * Math.sqrt(2 * Math.PI) * Math.exp(z * z / 2);
    z += excess / (1 - z * excess / 2); // Halley
  }
  return p < 0.5 ? -z : z;
}

/**
 * Student t distribution function.
 * @param df degrees of freedom, > 0, need not be whole
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { studentTCdf } from "lib/math/distributions.ts";
 * assert.ok(Math.abs(studentTCdf(1, 1) - 0.75) < 1e-14);
 * ```
 */
export function studentTCdf(t: number, df: number): number {
  const tail = studentTTwoSidedP(t, df) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** P(|T| >= |t|) for Student's t, without cancellation far out. */
export function studentTTwoSidedP(t: number, df: number): number {
  if (!(df > 0)) throw new RangeError(`Cannot use Student's t: needs degrees of freedom > 0, got ${df}`);
  if (df === Infinity) return normalTwoSidedP(t);
  if (Math.abs(t) === Infinity) return 0;
  // Near zero the centre's mass is the accurate one, further out the tail's.
  if (t * t < 1) return 1 - betaTail(t * t / (df + t * t), df / (df + t * t), 0.5, df / 2);
  return betaTail(df / (df + t * t), t * t / (df + t * t), df / 2, 0.5);
}

/**
 * Student t quantile: Newton steps kept inside a shrinking bracket.
 * @param p in (0, 1)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { studentTQuantile } from "lib/math/distributions.ts";
 * assert.ok(Math.abs(studentTQuantile(0.975, 8) - 2.306004135204166) < 1e-12);
 * ```
 */
export function studentTQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot invert a distribution: needs p in [0, 1], got ${p}`);
  if (p === 0.5) return 0;
  if (df === Infinity || p === 0 || p === 1) return normalQuantile(p);
  const tail = Math.min(p, 1 - p);
  let low = 0;
  let high = 1;
  while (studentTTwoSidedP(high, df) / 2 > tail) high *= 2;
  const logScale = -logBeta(df / 2, 0.5) - Math.log(df) / 2;
  let t = (low + high) / 2;
  for (let step = 0; step < 200; step++) {
    const excess = studentTTwoSidedP(t, df) / 2 - tail;
    if (excess > 0) low = t;
    else high = t;
    const density = Math.exp(logScale - (df + 1) / 2 * Math.log1p(t * t / df));
    let next = t + excess / density;
    if (!(next >= low && next <= high)) next = (low + high) / 2;
    if (Math.abs(next - t) <= 2e-16 * t) break;
    t = next;
  }
  return p < 0.5 ? -t : t;
}

/**
 * P(T >= t) for a noncentral t: the normal tail averaged over the chi distribution of the standard error,
 * E[Phi(noncentrality - t * S)] with S = chi_df / sqrt(df). Simpson's rule over S, twelve deviations wide.
 * @param t threshold
 * @param df degrees of freedom, >= 1; Infinity gives the normal tail
 * @param noncentrality true effect in standard errors
 * @see Johnson, Kotz & Balakrishnan 1995, chapter 31
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { noncentralTUpperTail } from "lib/math/distributions.ts";
 * assert.ok(Math.abs(noncentralTUpperTail(1, 1, 0) - 0.25) < 1e-9);
 * ```
 */
export function noncentralTUpperTail(t: number, df: number, noncentrality: number): number {
  if (!(df >= 1)) throw new RangeError(`Cannot use noncentral t: needs degrees of freedom >= 1, got ${df}`);
  if (df === Infinity) return normalCdf(noncentrality - t);
  const width = 12 / Math.sqrt(2 * df);
  const from = Math.max(0, 1 - width);
  const nIntervals = 4000;
  const step = (1 + width - from) / nIntervals;
  // The density of S up to a factor, taken relative to its value near the mode so that nothing overflows.
  const logDensity = (s: number) => (df - 1) * Math.log(s) - df * (s * s - 1) / 2;
  let mass = 0;
  let tail = 0;
  for (let i = 0; i <= nIntervals; i++) {
    const s = from + i * step;
    const density = s > 0 ? Math.exp(logDensity(s)) : df === 1 ? Math.exp(df / 2) : 0;
    const weight = (i === 0 || i === nIntervals ? 1 : i % 2 === 1 ? 4 : 2) * density;
    mass += weight;
    tail += weight * normalCdf(noncentrality - t * s);
  }
  return tail / mass;
}

/**
 * Regularised incomplete beta function I_x(a, b) by its continued fraction.
 * @param x in [0, 1]
 * @see NIST DLMF 8.17.22; evaluated by Lentz's method (Thompson & Barnett 1986, doi:10.1016/0021-9991(86)90046-X)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { incompleteBeta } from "lib/math/distributions.ts";
 * assert.ok(Math.abs(incompleteBeta(0.25, 1, 2) - 0.4375) < 1e-15);
 * ```
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (!(x >= 0 && x <= 1)) throw new RangeError(`Cannot compute I_x(a, b): needs x in [0, 1], got ${x}`);
  return betaTail(x, 1 - x, a, b);
}

/** I_x(a, b) given both x and y = 1 - x, so that neither loses digits near 0 or 1. */
function betaTail(x: number, y: number, a: number, b: number): number {
  if (x === 0) return 0;
  if (y === 0) return 1;
  // The fraction converges fast below the mean a / (a + b); above it, by symmetry.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaTail(y, x, b, a);
  const logX = x > 0.5 ? Math.log1p(-y) : Math.log(x);
  const logY = y > 0.5 ? Math.log1p(-x) : Math.log(y);
  const front = Math.exp(a * logX + b * logY - logBeta(a, b)) / a;
  const guard = (value: number) => Math.abs(value) < 1e-300 ? 1e-300 : value;
  let c = 1;
  let d = 1 / guard(1 - (a + b) * x / (a + 1));
  let fraction = d;
  for (let m = 1; m < 100000; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return front * fraction;
}
