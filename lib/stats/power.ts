/** Power: what effect a study of this precision would find, and how often. */
import { noncentralTUpperTail, normalCdf, normalQuantile, studentTQuantile } from "../math/distributions.ts";

/** Precision of an estimate and level of the two-sided test. */
export interface Precision {
  readonly standardError: number;
  /** Degrees of freedom, >= 1; Infinity for a normal test. */
  readonly df: number;
  readonly alpha?: number;
}

/**
 * Chance that a two-sided t test rejects when the true effect is `effect`.
 * @throws {RangeError} if the standard error is not positive
 * @see Cohen 1988, chapter 2
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { testPower } from "lib/stats/power.ts";
 * assert.ok(Math.abs(testPower(0, { standardError: 1, df: Infinity }) - 0.05) < 1e-12);
 * ```
 */
export function testPower(effect: number, { standardError, df, alpha = 0.05 }: Precision): number {
  checkStandardError(standardError);
  const critical = studentTQuantile(1 - alpha / 2, df);
  const noncentrality = effect / standardError;
  return noncentralTUpperTail(critical, df, noncentrality) +
    noncentralTUpperTail(critical, df, -noncentrality);
}

/** testPower() at each effect. */
export function powerCurve(effects: ArrayLike<number>, precision: Precision): Float64Array {
  return Float64Array.from(effects, (effect) => testPower(effect, precision));
}

/**
 * The smallest true effect that a two-sided t test finds with the given power.
 * @param power in (alpha, 1)
 * @throws {RangeError} if the standard error is not positive or the power is out of range
 * @see Bloom 1995, doi:10.1177/0193841X9501900504
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { minimumDetectableEffect } from "lib/stats/power.ts";
 * const mde = minimumDetectableEffect(0.8, { standardError: 1, df: Infinity });
 * assert.ok(Math.abs(mde - 2.8016) < 1e-4);
 * ```
 */
export function minimumDetectableEffect(power: number, precision: Precision): number {
  const { standardError, alpha = 0.05 } = precision;
  checkStandardError(standardError);
  if (!(power > alpha && power < 1)) {
    throw new RangeError(`Cannot find a detectable effect: needs power in (${alpha}, 1), got ${power}`);
  }
  let low = 0;
  let high = standardError;
  while (testPower(high, precision) < power) high *= 2;
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (testPower(middle, precision) < power) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Chance that two one-sided normal tests declare an effect equivalent within (low, high) when it is `effect`.
 * @param options bounds, standard error, level of each test
 * @throws {RangeError} if the standard error is not positive
 * @see Schuirmann 1987, doi:10.1007/BF01068419
 */
export function equivalencePower(
  effect: number,
  { low, high, standardError, alpha = 0.05 }: {
    readonly low: number;
    readonly high: number;
    readonly standardError: number;
    readonly alpha?: number;
  },
): number {
  checkStandardError(standardError);
  const z = normalQuantile(1 - alpha);
  const above = normalCdf((high - effect) / standardError - z);
  const below = normalCdf((low - effect) / standardError + z);
  return Math.max(0, above - below);
}

function checkStandardError(standardError: number): void {
  if (!(standardError > 0)) {
    throw new RangeError(`Cannot compute power: needs a standard error > 0, got ${standardError}`);
  }
}
