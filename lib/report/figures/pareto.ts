/** Q4: what routing by predicted difficulty costs and what error it leaves, against random routing and the oracle. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, band, baseLayout, COLORS, openOrFilled, rungStyle, SMALL_SIZE, topLegend } from "./theme.ts";

/** What the figure reads of `cascade_results.json`. */
export interface ParetoInput {
  readonly always_cheap: Anchor;
  readonly always_expensive: Anchor;
  /** [mean cost, mean error, fraction routed] */
  readonly random_curve: readonly (readonly number[])[];
  readonly oracle_curve: readonly (readonly number[])[];
  readonly probes: Readonly<
    Record<string, { readonly frontier: readonly FrontierPoint[]; readonly n_dominating_points: number }>
  >;
}

/** One model used for everything. */
export interface Anchor {
  readonly mean_error: number;
  readonly cost: number;
}

/** One threshold of a rung's routing. */
export interface FrontierPoint {
  readonly tau: number;
  readonly mean_error: number;
  readonly mean_cost: number;
  readonly error_ci_low?: number;
  readonly error_ci_high?: number;
}

/** Choices of a figure that its numbers do not make. */
export interface ParetoOptions {
  /** File stem, `pareto` unless told. */
  readonly name?: string;
  readonly heading?: string;
  /** Vertical axis, "Mean error" unless told. */
  readonly errorLabel?: string;
  /** Horizontal axis, "Mean cost per item (cheap model = 1)" unless told. */
  readonly costLabel?: string;
}

/**
 * Frontiers of the routed cascades. Filled points lie strictly below the straight line between the two models.
 * @throws {RangeError} if there is no rung or the anchors cost the same
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { paretoFigure } from "lib/report/figures/pareto.ts";
 * const { source } = paretoFigure({
 *   always_cheap: { mean_error: 0.3, cost: 1 },
 *   always_expensive: { mean_error: 0.1, cost: 5 },
 *   random_curve: [[1, 0.3], [5, 0.1]],
 *   oracle_curve: [[1, 0.3], [5, 0.1]],
 *   probes: { P1_cheap: { n_dominating_points: 1, frontier: [{ tau: 0.5, mean_error: 0.1, mean_cost: 2 }] } },
 * });
 * assert.equal(source.length, 7);
 * ```
 */
export function paretoFigure(results: ParetoInput, options: ParetoOptions = {}): FigureSpec {
  const rungs = Object.entries(results.probes);
  if (rungs.length === 0) throw new RangeError("Cannot draw the frontier: needs at least one rung, got none");
  const { always_cheap: cheap, always_expensive: expensive } = results;
  if (cheap.cost === expensive.cost) {
    throw new RangeError(`Cannot draw the frontier: needs two costs, got ${cheap.cost} for both models`);
  }
  const nLegendRows = Math.ceil((rungs.length + 4) / 2);
  const top = (options.heading ? 30 : 10) + 21 * (nLegendRows + 1) + 8;
  return {
    name: options.name ?? "pareto",
    title: `${options.heading ? `${options.heading}: ` : ""}mean error against mean cost of routed cascades`,
    data: [
      ...rungs.flatMap(([name, { frontier }], index) => frontierBand(name, index, frontier)),
      curveTrace("random routing", results.random_curve, "dot", COLORS.grey),
      curveTrace("oracle routing", results.oracle_curve, "dash", COLORS.black),
      ...rungs.map(([name, rung], index) => frontierTrace(name, index, rung, results)),
      anchorTrace("always cheap", cheap, "x"),
      anchorTrace("always expensive", expensive, "cross"),
    ],
    layout: {
      ...baseLayout({ height: top + 280 + 50, heading: options.heading, margin: { l: 66, t: top, b: 50 } }),
      showlegend: true,
      legend: topLegend({
        entrywidth: 0.5,
        entrywidthmode: "fraction",
        title: {
          text: "(filled: below the line between the two models)",
          side: "top",
          font: { size: SMALL_SIZE },
        },
      }),
      xaxis: axis(options.costLabel ?? "Mean cost per item (cheap model = 1)", {
        range: paddedRange(cheap.cost, expensive.cost),
      }),
      yaxis: axis(options.errorLabel ?? "Mean error"),
    },
    source: sourceRows(results),
  };
}

function frontierTrace(
  name: string,
  index: number,
  rung: { readonly frontier: readonly FrontierPoint[]; readonly n_dominating_points: number },
  { always_cheap: cheap, always_expensive: expensive }: ParetoInput,
): PlainObject {
  const style = rungStyle(name, index);
  const points = byCost(rung.frontier);
  const slope = (expensive.mean_error - cheap.mean_error) / (expensive.cost - cheap.cost);
  const below = points.map(({ mean_cost, mean_error }) =>
    mean_error < cheap.mean_error + slope * (mean_cost - cheap.cost) - 1e-12
  );
  // The legend shows the first point's marker, which would be an open one: a gap with a filled one goes before it.
  return {
    type: "scatter",
    mode: "lines+markers",
    name: `${style.label} (${rung.n_dominating_points} of ${points.length})`,
    x: [null, ...points.map(({ mean_cost }) => mean_cost)],
    y: [null, ...points.map(({ mean_error }) => mean_error)],
    line: { color: style.color, dash: style.dash, width: 1.6 },
    marker: openOrFilled(style, [true, ...below], 6),
  };
}

function frontierBand(name: string, index: number, frontier: readonly FrontierPoint[]): PlainObject[] {
  const points = byCost(frontier);
  const low = points.flatMap(({ error_ci_low }) => error_ci_low ?? []);
  const high = points.flatMap(({ error_ci_high }) => error_ci_high ?? []);
  if (low.length !== points.length || high.length !== points.length) return [];
  return band(points.map(({ mean_cost }) => mean_cost), low, high, rungStyle(name, index).color);
}

function curveTrace(
  name: string,
  curve: readonly (readonly number[])[],
  dash: string,
  color: string,
): PlainObject {
  return {
    type: "scatter",
    mode: "lines",
    name,
    x: curve.map(([cost]) => cost ?? null),
    y: curve.map(([, error]) => error ?? null),
    line: { color, dash, width: 1.6 },
  };
}

function anchorTrace(name: string, anchor: Anchor, symbol: string): PlainObject {
  return {
    type: "scatter",
    mode: "markers",
    name,
    x: [anchor.cost],
    y: [anchor.mean_error],
    marker: { color: COLORS.black, symbol, size: 10 },
  };
}

/** Thresholds in the order of cost; equal costs in the order of thresholds, so the line does not zigzag. */
function byCost(frontier: readonly FrontierPoint[]): readonly FrontierPoint[] {
  return [...frontier].sort((a, b) => a.mean_cost - b.mean_cost || b.tau - a.tau);
}

function paddedRange(from: number, to: number): readonly [number, number] {
  const low = Math.min(from, to), high = Math.max(from, to), pad = 0.04 * (high - low);
  return [low - pad, high + pad];
}

function sourceRows(results: ParetoInput): SourceRow[] {
  const row = (
    series: string,
    cost: number | undefined,
    error: number | undefined,
    point?: FrontierPoint,
  ): SourceRow => ({
    series,
    tau: point?.tau ?? null,
    mean_cost: cost ?? null,
    mean_error: error ?? null,
    error_ci_low: point?.error_ci_low ?? null,
    error_ci_high: point?.error_ci_high ?? null,
  });
  return [
    row("always_cheap", results.always_cheap.cost, results.always_cheap.mean_error),
    row("always_expensive", results.always_expensive.cost, results.always_expensive.mean_error),
    ...results.random_curve.map(([cost, error]) => row("random", cost, error)),
    ...results.oracle_curve.map(([cost, error]) => row("oracle", cost, error)),
    ...Object.entries(results.probes).flatMap(([name, { frontier }]) =>
      frontier.map((point) => row(name, point.mean_cost, point.mean_error, point))
    ),
  ];
}
