/** Conformal risk control: the risk that was promised against the one that came, and the coverage it buys. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, baseLayout, COLORS, note, rungStyle, type SeriesStyle, topLegend } from "./theme.ts";

/**
 * One level of one series: of one split, as guaranteedCoverage() gives it, or the mean over many. The guarantee is on
 * that mean, so a single split breaks the level about as often as it keeps it.
 */
export interface GuaranteePoint {
  readonly alpha: number;
  readonly test_risk: number;
  readonly test_coverage: number;
  /** Spread of the risk over splits, e.g. its 2.5th and 97.5th percentile. */
  readonly risk_low?: number;
  readonly risk_high?: number;
}

/** Choices of a figure that its numbers do not make. */
export interface GuaranteeOptions {
  /** File stem, `guarantee` unless told. */
  readonly name?: string;
  readonly heading?: string;
}

/**
 * Two panels over the promised level: the risk on new items (below the diagonal it is kept) and the coverage.
 * @param series points by name, e.g. one a rung, or "all items" and one a group
 * @throws {RangeError} if there is no series or one is empty
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { guaranteeFigure } from "lib/report/figures/guarantee.ts";
 * const { source } = guaranteeFigure({ "all items": [{ alpha: 0.1, test_risk: 0.09, test_coverage: 0.6 }] });
 * assert.equal(source[0]?.is_kept, true);
 * ```
 */
export function guaranteeFigure(
  series: Readonly<Record<string, readonly GuaranteePoint[]>>,
  options: GuaranteeOptions = {},
): FigureSpec {
  const entries = Object.entries(series);
  if (entries.length === 0) throw new RangeError("Cannot draw a guarantee: needs a series, got none");
  const empty = entries.find(([, points]) => points.length === 0);
  if (empty) throw new RangeError(`Cannot draw a guarantee: needs levels of ${empty[0]}, got none`);
  const all = entries.flatMap(([, points]) => points);
  const largest = 1.08 *
    Math.max(...all.flatMap(({ alpha, test_risk, risk_high }) => [alpha, test_risk, risk_high ?? 0]));
  const top = (options.heading ? 30 : 10) + 21 * Math.ceil(entries.length / 3) + 8;
  return {
    name: options.name ?? "guarantee",
    title: `${
      options.heading ? `${options.heading}: ` : ""
    }risk kept and coverage bought at each promised risk`,
    data: entries.flatMap(([name, points], index) => {
      const style = rungStyle(name, index);
      return [
        { ...trace(style, points, ({ test_risk }) => test_risk, ""), ...spread(points, style.color) },
        trace(style, points, ({ test_coverage }) => test_coverage, "2"),
      ];
    }),
    layout: {
      ...baseLayout({ height: top + 240 + 50, heading: options.heading, margin: { t: top, b: 50 } }),
      showlegend: true,
      legend: topLegend({ entrywidth: 0.33, entrywidthmode: "fraction", traceorder: "normal" }),
      xaxis: axis("Promised risk \u03b1", { domain: [0, 0.43], range: [0, largest], rangemode: "tozero" }),
      yaxis: axis("Risk on new items", { range: [0, largest] }),
      xaxis2: axis("Promised risk \u03b1", { domain: [0.57, 1], range: [0, largest], anchor: "y2" }),
      yaxis2: axis("Coverage on new items", { range: [0, 1.04], anchor: "x2" }),
      shapes: [{
        type: "line",
        layer: "between",
        line: { color: COLORS.grey, width: 1.2, dash: "dash" },
        ...{ x0: 0, y0: 0, x1: largest, y1: largest },
      }],
      annotations: [
        note("broken above", { x: 0.04 * largest, y: 0.96 * largest, xanchor: "left", yanchor: "top" }),
        note("kept below", { x: 0.98 * largest, y: 0.03 * largest, xanchor: "right", yanchor: "bottom" }),
      ],
    },
    source: entries.flatMap(([name, points]) =>
      points.map((point): SourceRow => ({
        series: name,
        alpha: point.alpha,
        test_risk: point.test_risk,
        test_coverage: point.test_coverage,
        risk_low: point.risk_low ?? null,
        risk_high: point.risk_high ?? null,
        is_kept: point.test_risk <= point.alpha,
      }))
    ),
  };
}

function trace(
  { label, color, symbol, dash }: SeriesStyle,
  points: readonly GuaranteePoint[],
  y: (point: GuaranteePoint) => number,
  suffix: string,
): PlainObject {
  return {
    type: "scatter",
    mode: "lines+markers",
    name: label,
    legendgroup: label,
    showlegend: suffix === "",
    x: points.map(({ alpha }) => alpha),
    y: points.map(y),
    xaxis: `x${suffix}`,
    yaxis: `y${suffix}`,
    line: { color, dash, width: 1.6 },
    marker: { color, symbol, size: 8 },
  };
}

/** Error bars where every point has them. */
function spread(points: readonly GuaranteePoint[], color: string): PlainObject {
  const low = points.flatMap(({ test_risk, risk_low }) =>
    risk_low === undefined ? [] : [test_risk - risk_low]
  );
  const high = points.flatMap(({ test_risk, risk_high }) =>
    risk_high === undefined ? [] : [risk_high - test_risk]
  );
  if (low.length !== points.length || high.length !== points.length) return {};
  return {
    error_y: {
      type: "data",
      symmetric: false,
      array: high,
      arrayminus: low,
      color,
      thickness: 1.2,
      width: 3,
    },
  };
}
