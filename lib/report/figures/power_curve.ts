/** Power against the number of items: how often a planted effect is found, and how often one that is not there. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, baseLayout, COLORS, note, type SeriesStyle, topLegend } from "./theme.ts";

/** A share of draws with its 95 % interval. */
export interface DrawnShare {
  readonly n: number;
  readonly count: number;
  readonly share: number;
  readonly ci_low: number;
  readonly ci_high: number;
}

/** What the figure reads of the sensitivity control at one number of items. */
export interface PowerCurvePoint {
  readonly n_items: number;
  readonly power: DrawnShare;
  readonly false_positives: DrawnShare;
}

/** Choices of a figure that its numbers do not make. */
export interface PowerCurveOptions {
  /** File stem, `power_curve` unless told. */
  readonly name?: string;
  readonly heading?: string;
  /** Power that is required at the largest n; drawn as a dashed line. */
  readonly required?: number;
}

const SERIES = [
  ["power", { label: "planted atom", color: COLORS.blue, symbol: "circle", dash: "solid" }],
  ["false_positives", { label: "shuffled labels", color: COLORS.vermillion, symbol: "square", dash: "dash" }],
] as const satisfies readonly (readonly [string, SeriesStyle])[];

/**
 * Share of draws with an increment, by number of items, with exact 95 % intervals.
 * @param curve points of the sensitivity control, ascending in n_items
 * @throws {RangeError} if there is no point
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { powerCurveFigure } from "lib/report/figures/power_curve.ts";
 * const power = { n: 50, count: 45, share: 0.9, ci_low: 0.78, ci_high: 0.97 };
 * const false_positives = { n: 50, count: 1, share: 0.02, ci_low: 0, ci_high: 0.11 };
 * const { source } = powerCurveFigure([{ n_items: 40, power, false_positives }], { required: 0.8 });
 * assert.equal(source.length, 2);
 * ```
 */
export function powerCurveFigure(
  curve: readonly PowerCurvePoint[],
  options: PowerCurveOptions = {},
): FigureSpec {
  if (curve.length === 0) throw new RangeError("Cannot draw power: needs a number of items, got none");
  const { heading, required } = options;
  const sizes = curve.map(({ n_items }) => n_items);
  const largest = 1.06 * Math.max(...sizes);
  const top = (heading ? 30 : 10) + 21 + 10;
  return {
    name: options.name ?? "power_curve",
    title: `${heading ? `${heading}: ` : ""}share of draws in which the SAE rung shows an increment`,
    data: SERIES.map(([key, style]) => trace(style, sizes, curve.map((point) => point[key]))),
    layout: {
      ...baseLayout({ height: top + 230 + 50, heading, margin: { t: top, b: 50 } }),
      showlegend: true,
      legend: topLegend(),
      xaxis: axis("Items (labelled)", { range: [0, largest], tickmode: "array", tickvals: sizes }),
      yaxis: axis("Draws with an increment", { range: [-0.03, 1.05], dtick: 0.2 }),
      ...(required !== undefined && {
        shapes: [{
          type: "line",
          layer: "between",
          line: { color: COLORS.grey, width: 1.2, dash: "dash" },
          ...{ x0: 0, x1: largest, y0: required, y1: required },
        }],
        annotations: [note(`required: ${required}`, {
          ...{ xref: "x domain", x: 0.01, xanchor: "left", y: required, yanchor: "bottom" },
        })],
      }),
    },
    source: SERIES.flatMap(([key, { label }]) =>
      curve.map(({ n_items, [key]: { n, count, share, ci_low, ci_high } }): SourceRow => ({
        ...{ labels: label, n_items, n_draws: n, n_found: count, share, ci_low, ci_high },
      }))
    ),
  };
}

function trace(
  { label, color, symbol, dash }: SeriesStyle,
  sizes: readonly number[],
  shares: readonly DrawnShare[],
): PlainObject {
  return {
    type: "scatter",
    mode: "lines+markers",
    name: label,
    x: sizes,
    y: shares.map(({ share }) => share),
    line: { color, dash, width: 1.6 },
    marker: { color, symbol, size: 8 },
    error_y: {
      type: "data",
      symmetric: false,
      array: shares.map(({ share, ci_high }) => ci_high - share),
      arrayminus: shares.map(({ share, ci_low }) => share - ci_low),
      color,
      thickness: 1.2,
      width: 3,
    },
  };
}
