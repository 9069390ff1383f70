/**
 * What inference answers: an interval with its test, or the refusal to print one. A method that does not hold its
 * level at this size says "underpowered" and why, instead of an interval that covers less than it claims.
 */
import { studentTQuantile, studentTTwoSidedP } from "../math/distributions.ts";

/** A 95 % interval (or 1 - alpha) with the two-sided p of "the true value is zero". */
export interface Interval {
  readonly status: "valid";
  readonly method: string;
  readonly value: number;
  readonly standardError: number;
  /** Degrees of freedom of the t distribution; Infinity for a normal one. */
  readonly df: number;
  readonly ciLow: number;
  readonly ciHigh: number;
  readonly p: number;
  /** Independent units the interval stands on: items, clusters or batches. */
  readonly nUnits: number;
  /** What weakens the interval's promise; to be printed beside it. */
  readonly caution?: string;
}

/** No interval: too few independent units for one that would cover what it claims. */
export interface Underpowered {
  readonly status: "underpowered";
  readonly method: string;
  readonly value: number;
  readonly nUnits: number;
  /** What is required and what was found. */
  readonly reason: string;
}

/** An interval, or the refusal to print one. */
export type Inference = Interval | Underpowered;

/**
 * The symmetric interval value +- t * standardError and its test. A standard error of zero gives an interval of
 * width zero; its p is 1 when the value is zero (nothing differs) and 0 otherwise.
 * @param df degrees of freedom; Infinity for a normal interval
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tInterval } from "lib/stats/interval.ts";
 * const { ciHigh } = tInterval({ method: "z", value: 0, standardError: 1, df: Infinity, nUnits: 100 });
 * assert.ok(Math.abs(ciHigh - 1.959964) < 1e-6);
 * ```
 */
export function tInterval(
  { method, value, standardError, df, nUnits, alpha = 0.05 }: {
    readonly method: string;
    readonly value: number;
    readonly standardError: number;
    readonly df: number;
    readonly nUnits: number;
    readonly alpha?: number;
  },
): Interval {
  if (!(standardError >= 0)) {
    throw new RangeError(`Cannot make an interval: needs a standard error >= 0, got ${standardError}`);
  }
  const half = standardError === 0 ? 0 : studentTQuantile(1 - alpha / 2, df) * standardError;
  const p = standardError === 0 ? Number(value === 0) : studentTTwoSidedP(value / standardError, df);
  return {
    status: "valid",
    method,
    value,
    standardError,
    df,
    ciLow: value - half,
    ciHigh: value + half,
    p,
    nUnits,
  };
}
