/** A question answered from artifacts: tables, figures and sentences, the same in notebooks and on the report page. */
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import type { Inference } from "../../stats/interval.ts";
import { formatInterval, formatNumber, type Interval, rungStyle } from "../figures/theme.ts";

/** A table as it shall appear; every cell is text with its unit and digits. */
export interface TableView {
  readonly caption: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One question's answer. */
export interface Section {
  /** Letters, digits and "_": an anchor on the page. */
  readonly id: string;
  readonly title: string;
  readonly question: string;
  /** The answer in a few words. */
  readonly verdict: string;
  /** The answer in sentences, each computed from the numbers. */
  readonly answer: readonly string[];
  readonly tables: readonly TableView[];
  readonly figures: readonly FigureSpec[];
}

/** `0.590 [0.551, 0.627]`; a dash where there is none, the point alone where the interval was refused. */
export function intervalCell(
  interval:
    | { readonly point: number; readonly ci_low: number | null; readonly ci_high: number | null }
    | null
    | undefined,
  digits = 3,
  signed = true,
): string {
  if (!interval) return "—";
  const { point, ci_low, ci_high } = interval;
  if (ci_low === null || ci_high === null) return `${formatNumber(point, digits, signed)} (underpowered)`;
  return formatInterval({ point, ci_low, ci_high }, digits, signed);
}

/** An inference as intervalCell() prints it. */
export function inferenceCell(inference: Inference | null | undefined, digits = 3, signed = true): string {
  if (!inference) return "—";
  const { value: point } = inference;
  return inference.status === "valid"
    ? intervalCell({ point, ci_low: inference.ciLow, ci_high: inference.ciHigh }, digits, signed)
    : intervalCell({ point, ci_low: null, ci_high: null }, digits, signed);
}

/** An interval as published causal artifacts hold it. */
export function fromCi95(effect: { readonly point: number; readonly ci95: readonly number[] }): Interval {
  return { point: effect.point, ci_low: effect.ci95[0]!, ci_high: effect.ci95[1]! };
}

/** Short label of a rung. */
export function rungLabel(rung: string): string {
  return rungStyle(rung).label;
}

/** `12.3 %`. */
export function percent(share: number, digits = 1): string {
  return `${formatNumber(100 * share, digits)} %`;
}

/** Significant digits for effects whose size is not known beforehand. */
export function digitsFor(values: readonly number[], significant = 3): number {
  const largest = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  return Math.min(8, Math.max(0, significant - 1 - Math.floor(Math.log10(largest))));
}

/** "excludes 0 from above", "... from below" or "includes 0". */
export function sideOfZero({ ci_low, ci_high }: Interval): "above" | "below" | "includes" {
  return ci_low > 0 ? "above" : ci_high < 0 ? "below" : "includes";
}

/** The entry with the largest value. @throws {RangeError} if there is none */
export function largestBy<T>(entries: readonly T[], value: (entry: T) => number): T {
  const [first, ...rest] = entries;
  if (first === undefined) {
    throw new RangeError("Cannot choose the largest: needs at least one entry, got none");
  }
  return rest.reduce((best, entry) => value(entry) > value(best) ? entry : best, first);
}
