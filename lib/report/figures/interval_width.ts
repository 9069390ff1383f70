/** Conformal intervals: whether they cover at every width, and whether wide ones mark hard items. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, baseLayout, COLORS, note, type SeriesStyle, seriesStyle, topLegend } from "./theme.ts";

/** Bands of width from narrow to wide. */
export interface WidthBand {
  readonly meanWidth: number;
  /** share of observations inside */
  readonly coverage: number;
  /** mean error of the forecast in the band */
  readonly meanError: number;
  readonly count: number;
}

/** Intervals of one kind, e.g. raw quantiles and conformalised ones. */
export interface WidthSeries {
  readonly coverage: number;
  readonly bands: readonly WidthBand[];
}

/** Choices of a figure that its numbers do not make. */
export interface IntervalWidthOptions {
  /** File stem, `interval_width` unless told. */
  readonly name?: string;
  readonly heading?: string;
  /** Vertical axis of the right panel, "Mean error of the forecast" unless told. */
  readonly errorLabel?: string;
  /** Unit of the widths, e.g. "\u00b0C" */
  readonly unit?: string;
}

/**
 * Left: coverage by band of width against the level promised. Right: mean error by band of width.
 * @param series intervals by name
 * @param level coverage promised, 1 - alpha
 * @throws {RangeError} if there is no series or one has no band
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { intervalWidthFigure } from "lib/report/figures/interval_width.ts";
 * const bands = [{ meanWidth: 1, coverage: 0.9, meanError: 0.2, count: 10 }];
 * assert.equal(intervalWidthFigure({ raw: { coverage: 0.9, bands } }, 0.9).source.length, 1);
 * ```
 */
export function intervalWidthFigure(
  series: Readonly<Record<string, WidthSeries>>,
  level: number,
  options: IntervalWidthOptions = {},
): FigureSpec {
  const entries = Object.entries(series);
  if (entries.length === 0) throw new RangeError("Cannot draw widths: needs a series, got none");
  const empty = entries.find(([, { bands }]) => bands.length === 0);
  if (empty) throw new RangeError(`Cannot draw widths: needs bands of ${empty[0]}, got none`);
  const top = (options.heading ? 30 : 10) + 21 * Math.ceil(entries.length / 2) + 8;
  const widest = 1.04 *
    Math.max(...entries.flatMap(([, { bands }]) => bands.map(({ meanWidth }) => meanWidth)));
  const xTitle = `Mean interval width${options.unit ? ` (${options.unit})` : ""}`;
  return {
    name: options.name ?? "interval_width",
    title: `${options.heading ? `${options.heading}: ` : ""}coverage and error against interval width`,
    data: entries.flatMap(([name, { coverage, bands }], index) => {
      const style = {
        ...seriesStyle(name, index),
        label: `${name} (covers ${(100 * coverage).toFixed(1)} %)`,
      };
      return [
        trace(style, bands, ({ coverage: share }) => share, ""),
        trace(style, bands, ({ meanError }) => meanError, "2"),
      ];
    }),
    layout: {
      ...baseLayout({ height: top + 240 + 50, heading: options.heading, margin: { t: top, b: 50 } }),
      showlegend: true,
      legend: topLegend({ entrywidth: 0.5, entrywidthmode: "fraction", traceorder: "normal" }),
      xaxis: axis(xTitle, { domain: [0, 0.43], range: [0, widest] }),
      yaxis: axis("Share of observations inside", { range: [0, 1.04] }),
      xaxis2: axis(xTitle, { domain: [0.57, 1], anchor: "y2", range: [0, widest] }),
      yaxis2: axis(options.errorLabel ?? "Mean error of the forecast", { anchor: "x2", rangemode: "tozero" }),
      shapes: [{
        type: "line",
        layer: "between",
        line: { color: COLORS.grey, width: 1.2, dash: "dash" },
        ...{ xref: "x", x0: 0, x1: widest, yref: "y", y0: level, y1: level },
      }],
      annotations: [
        note(`dashed: ${Number((100 * level).toFixed(1))} % promised`, {
          ...{ xref: "x domain", x: 0.98, xanchor: "right", y: 0.03, yref: "y domain", yanchor: "bottom" },
        }),
      ],
    },
    source: entries.flatMap(([name, { bands }]) =>
      bands.map(({ meanWidth, coverage, meanError, count }, index): SourceRow => ({
        series: name,
        band: index,
        mean_width: meanWidth,
        coverage,
        mean_error: meanError,
        count,
      }))
    ),
  };
}

function trace(
  { label, color, symbol, dash }: SeriesStyle,
  bands: readonly WidthBand[],
  y: (band: WidthBand) => number,
  suffix: string,
): PlainObject {
  return {
    type: "scatter",
    mode: "lines+markers",
    name: label,
    legendgroup: label,
    showlegend: suffix === "",
    x: bands.map(({ meanWidth }) => meanWidth),
    y: bands.map(y),
    xaxis: `x${suffix}`,
    yaxis: `y${suffix}`,
    line: { color, dash, width: 1.6 },
    marker: { color, symbol, size: 7 },
  };
}
