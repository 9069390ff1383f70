/** Q4, corrected: frontiers whose escalated items pay both models, and the area each saves beside shuffled scores. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import {
  axis,
  baseLayout,
  COLORS,
  openOrFilled,
  referenceLine,
  rowAxis,
  rungStyle,
  SMALL_SIZE,
  topLegend,
  translucent,
} from "./theme.ts";

/** What the figure reads of a corrected cascade. */
export interface CorrectedFrontierInput {
  readonly always_cheap: Anchor;
  readonly always_expensive: Anchor;
  readonly always_both: Anchor;
  readonly probes: Readonly<Record<string, CorrectedFrontierProbe>>;
}

/** A fixed policy. */
export interface Anchor {
  readonly mean_error: number;
  readonly cost: number;
}

/** One rung's frontier and area. */
export interface CorrectedFrontierProbe {
  readonly frontier: readonly {
    readonly mean_cost: number;
    readonly mean_error: number;
    readonly is_dominating: boolean;
  }[];
  readonly n_dominating_points: number;
  readonly area: { readonly point: number; readonly ci_low: number | null; readonly ci_high: number | null };
  readonly shuffled: {
    readonly mean_dominating_points: number;
    readonly area_low: number;
    readonly area_high: number;
  };
}

/** Choices of a figure that its numbers do not make. */
export interface CorrectedFrontierOptions {
  /** File stem, `corrected_frontier` unless told. */
  readonly name?: string;
  readonly heading?: string;
  /** Horizontal axis, "Mean cost per item" unless told. */
  readonly costLabel?: string;
}

/**
 * Left: error against cost; filled points lie below sending a random share straight to the expensive model. Right:
 * area between the frontier and random escalation with its 95 % interval, over the middle 95 % of shuffled scores.
 * @throws {RangeError} if there is no rung
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { correctedFrontierFigure } from "lib/report/figures/corrected_frontier.ts";
 * const { source } = correctedFrontierFigure({
 *   always_cheap: { mean_error: 0.3, cost: 1 },
 *   always_expensive: { mean_error: 0.1, cost: 5 },
 *   always_both: { mean_error: 0.1, cost: 6 },
 *   probes: {
 *     P1_cheap: {
 *       frontier: [{ mean_cost: 2, mean_error: 0.15, is_dominating: true }],
 *       n_dominating_points: 1,
 *       area: { point: 0.02, ci_low: 0.01, ci_high: 0.03 },
 *       shuffled: { mean_dominating_points: 0.2, area_low: -0.01, area_high: 0.01 },
 *     },
 *   },
 * });
 * assert.equal(source.length, 5);
 * ```
 */
export function correctedFrontierFigure(
  results: CorrectedFrontierInput,
  options: CorrectedFrontierOptions = {},
): FigureSpec {
  const rungs = Object.entries(results.probes);
  if (rungs.length === 0) throw new RangeError("Cannot draw the frontier: needs at least one rung, got none");
  const { always_cheap: cheap, always_expensive: expensive, always_both: both } = results;
  const nLegendRows = Math.ceil((rungs.length + 2) / 2);
  const top = (options.heading ? 30 : 10) + 21 * (nLegendRows + 1) + 8;
  const styles = rungs.map(([name], index) => rungStyle(name, index));
  return {
    name: options.name ?? "corrected_frontier",
    title: `${
      options.heading ? `${options.heading}: ` : ""
    }error against cost when escalated items pay both models`,
    data: [
      lineTrace(
        "random share to the expensive model",
        [cheap, expensive, { ...expensive, cost: both.cost }],
        "dot",
      ),
      lineTrace("random escalation (pays both)", [cheap, both], "dash"),
      ...rungs.map(([name, probe], index) => frontierTrace(name, index, probe)),
      ...rungs.map(([, { area }], row) => ({
        type: "scatter",
        mode: "markers",
        showlegend: false,
        x: [area.point],
        y: [-row || 0],
        xaxis: "x2",
        yaxis: "y2",
        marker: openOrFilled(styles[row]!, [area.ci_low !== null && area.ci_low > 0], 9),
        ...(area.ci_low !== null && area.ci_high !== null && {
          error_x: {
            type: "data",
            symmetric: false,
            array: [area.ci_high - area.point],
            arrayminus: [area.point - area.ci_low],
            color: styles[row]!.color,
            thickness: 1.5,
            width: 3,
          },
        }),
      })),
    ],
    layout: {
      ...baseLayout({ height: top + 270 + 50, heading: options.heading, margin: { l: 62, t: top, b: 50 } }),
      showlegend: true,
      legend: topLegend({
        entrywidth: 0.5,
        entrywidthmode: "fraction",
        traceorder: "normal",
        title: {
          text: "(in brackets: points below the dotted line, and how many shuffled scores give)",
          side: "top",
          font: { size: SMALL_SIZE },
        },
      }),
      xaxis: axis(options.costLabel ?? "Mean cost per item", { domain: [0, 0.52] }),
      yaxis: axis("Mean error"),
      xaxis2: axis("Error saved (area)", {
        domain: [0.64, 1],
        anchor: "y2",
        nticks: 5,
        range: areaRange(rungs),
      }),
      yaxis2: rowAxis(styles.map(({ label }) => label.split(" ")[0]!), { anchor: "x2" }),
      shapes: [
        ...rungs.map(([, { shuffled }], row) => ({
          type: "rect",
          layer: "below",
          ...{ xref: "x2", x0: shuffled.area_low, x1: shuffled.area_high },
          ...{ yref: "y2", y0: -row - 0.32, y1: -row + 0.32 },
          line: { width: 0 },
          fillcolor: translucent(COLORS.grey, 0.25),
        })),
        referenceLine(0, rungs.length, "2"),
      ],
    },
    source: sourceRows(results),
  };
}

/** Room for every area, interval and shuffled range, a little over. */
function areaRange(rungs: readonly (readonly [string, CorrectedFrontierProbe])[]): readonly [number, number] {
  const values = rungs.flatMap(([, { area, shuffled }]) => [
    area.point,
    area.ci_low ?? area.point,
    area.ci_high ?? area.point,
    shuffled.area_low,
    shuffled.area_high,
  ]);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const pad = 0.06 * (high - low);
  return [low - pad, high + pad];
}

function lineTrace(name: string, points: readonly Anchor[], dash: string): PlainObject {
  return {
    type: "scatter",
    mode: "lines",
    name,
    x: points.map(({ cost }) => cost),
    y: points.map(({ mean_error }) => mean_error),
    line: { color: COLORS.grey, dash, width: 1.6 },
  };
}

function frontierTrace(name: string, index: number, probe: CorrectedFrontierProbe): PlainObject {
  const style = rungStyle(name, index);
  const points = [...probe.frontier].sort((a, b) => a.mean_cost - b.mean_cost);
  const shuffled = probe.shuffled.mean_dominating_points.toFixed(1);
  // The legend shows the first point's marker: a gap with a filled one goes before.
  return {
    type: "scatter",
    mode: "lines+markers",
    name: `${style.label} (${probe.n_dominating_points}; ${shuffled})`,
    x: [null, ...points.map(({ mean_cost }) => mean_cost)],
    y: [null, ...points.map(({ mean_error }) => mean_error)],
    line: { color: style.color, dash: style.dash, width: 1.6 },
    marker: openOrFilled(style, [true, ...points.map(({ is_dominating }) => is_dominating)], 6),
  };
}

function sourceRows(
  { always_cheap, always_expensive, always_both, probes }: CorrectedFrontierInput,
): SourceRow[] {
  const row = (panel: string, series: string, values: Partial<Record<string, number | boolean | null>>) => ({
    panel,
    series,
    mean_cost: values["mean_cost"] ?? null,
    mean_error: values["mean_error"] ?? null,
    is_dominating: values["is_dominating"] ?? null,
    area: values["area"] ?? null,
    ci_low: values["ci_low"] ?? null,
    ci_high: values["ci_high"] ?? null,
    shuffled_low: values["shuffled_low"] ?? null,
    shuffled_high: values["shuffled_high"] ?? null,
  });
  return [
    ...Object.entries({ always_cheap, always_expensive, always_both }).map(([series, { cost, mean_error }]) =>
      row("frontier", series, { mean_cost: cost, mean_error })
    ),
    ...Object.entries(probes).flatMap(([name, { frontier, area, shuffled }]) => [
      ...frontier.map((point) => row("frontier", name, { ...point })),
      row("area", name, {
        area: area.point,
        ci_low: area.ci_low,
        ci_high: area.ci_high,
        shuffled_low: shuffled.area_low,
        shuffled_high: shuffled.area_high,
      }),
    ]),
  ];
}
