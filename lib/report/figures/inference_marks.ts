/** Inferences as figures show them: a point with its interval, or a point alone where the interval was refused. */
import type { PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import type { Inference } from "../../stats/interval.ts";
import { errorBars, formatInterval, formatNumber, type Interval } from "./theme.ts";

/** The interval around `offset + value`; of width zero where it was refused. */
export function drawnInterval(inference: Inference, offset = 0): Interval {
  const { value } = inference;
  return inference.status === "valid"
    ? { point: offset + value, ci_low: offset + inference.ciLow, ci_high: offset + inference.ciHigh }
    : { point: offset + value, ci_low: offset + value, ci_high: offset + value };
}

/** Error bars along an axis; none for a refused interval. */
export function inferenceBars(inferences: readonly Inference[], color: string): PlainObject {
  return { ...errorBars(inferences.map((own) => drawnInterval(own)), color), thickness: 1.2, width: 2 };
}

/** `+0.010 [-0.002, +0.022]`, or the value and that it has no interval. */
export function inferenceText(inference: Inference, digits: number, offset = 0): string {
  const isSigned = offset === 0;
  return inference.status === "valid"
    ? formatInterval(drawnInterval(inference, offset), digits, isSigned)
    : `${formatNumber(offset + inference.value, digits, isSigned)} (no interval)`;
}

/** The numbers behind a mark. */
export function inferenceSource(inference: Inference, offset = 0): SourceRow {
  const isValid = inference.status === "valid";
  return {
    point: offset + inference.value,
    ci_low: isValid ? offset + inference.ciLow : null,
    ci_high: isValid ? offset + inference.ciHigh : null,
  };
}

/** All drawn ends and further values, with room for the markers. */
export function spanOf(values: readonly number[]): readonly [number, number] {
  const low = Math.min(...values), high = Math.max(...values);
  const pad = 0.06 * (high - low) || 0.05;
  return [low - pad, high + pad];
}

/** Top margin in px: the heading, and a legend of some rows. */
export function topMargin(heading: string | undefined, nLegendRows: number): number {
  return (heading ? 34 : 14) + 19 * nLegendRows + 10;
}

/** Left margin in px for labels that may have several lines: DejaVu Sans averages under 6.9 px a character. */
export function labelMargin(labels: readonly string[]): number {
  const lines = labels.flatMap((label) => label.split("<br>"));
  return Math.max(60, 14 + Math.round(6.9 * Math.max(...lines.map(({ length }) => length))));
}
