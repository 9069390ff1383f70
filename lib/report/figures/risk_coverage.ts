/** Q3, abstaining: error among the items kept, as easier and easier items only are kept. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, band, baseLayout, COLORS, formatNumber, rungStyle, SMALL_SIZE, topLegend } from "./theme.ts";

/** What the figure reads of `selective_prediction.json`. */
export interface RiskCoverageInput {
  readonly coverages: readonly number[];
  readonly oracle_curve: readonly number[];
  readonly random_curve: readonly number[];
  readonly probes: Readonly<Record<string, RiskCurve>>;
}

/** One rung's curve over the coverages. */
export interface RiskCurve {
  readonly curve: readonly number[];
  readonly ci95_lower?: readonly number[];
  readonly ci95_upper?: readonly number[];
  readonly fraction_of_oracle_aurc: number;
}

/** Choices of a figure that its numbers do not make. */
export interface RiskCoverageOptions {
  /** File stem, `risk_coverage` unless told. */
  readonly name?: string;
  readonly heading?: string;
  /** Rungs drawn with their 95 % band; the best rung alone unless told, since five bands hide each other. */
  readonly bands?: readonly string[];
  /** Vertical axis, "Mean error of kept items" unless told. */
  readonly errorLabel?: string;
}

/**
 * Risk-coverage curves of all rungs between the oracle's and random abstention's.
 * @throws {RangeError} if there is no rung, a curve is not as long as the coverages, or a band is asked of a rung
 *   that is absent or has none
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { riskCoverageFigure } from "lib/report/figures/risk_coverage.ts";
 * const { data } = riskCoverageFigure({
 *   coverages: [0.5, 1],
 *   oracle_curve: [0, 0.5],
 *   random_curve: [0.5, 0.5],
 *   probes: { P1_cheap: { curve: [0.25, 0.5], fraction_of_oracle_aurc: 0.5 } },
 * });
 * assert.equal(data.at(-1)?.name, "P1 cheap (50 %)");
 * ```
 */
export function riskCoverageFigure(
  results: RiskCoverageInput,
  options: RiskCoverageOptions = {},
): FigureSpec {
  const rungs = Object.entries(results.probes);
  if (rungs.length === 0) {
    throw new RangeError("Cannot draw risk-coverage: needs at least one rung, got none");
  }
  const bands = options.bands ?? bestWithBand(rungs);
  for (const name of bands) {
    if (!results.probes[name]?.ci95_lower || !results.probes[name].ci95_upper) {
      throw new RangeError(`Cannot draw risk-coverage: needs a 95 % band of ${name}, got none`);
    }
  }
  const lines: readonly (readonly [string, readonly number[]])[] = [
    ["oracle", results.oracle_curve],
    ["random", results.random_curve],
    ...rungs.map(([name, { curve }]) => [name, curve] as const),
  ];
  for (const [name, curve] of lines) {
    if (curve.length !== results.coverages.length) {
      throw new RangeError(
        `Cannot draw risk-coverage: needs ${results.coverages.length} points, got ${curve.length} in ${name}`,
      );
    }
  }
  const nLegendRows = Math.ceil((rungs.length + 2) / 2);
  const top = (options.heading ? 30 : 10) + 21 * (nLegendRows + 1) + 8;
  return {
    name: options.name ?? "risk_coverage",
    title: `${
      options.heading ? `${options.heading}: ` : ""
    }error of the items kept against the fraction kept`,
    data: [
      ...bands.flatMap((name) => {
        const { ci95_lower, ci95_upper } = results.probes[name]!;
        return band(results.coverages, ci95_lower!, ci95_upper!, rungStyle(name).color);
      }),
      boundTrace("random", results.coverages, results.random_curve, "dot", COLORS.grey),
      boundTrace("oracle", results.coverages, results.oracle_curve, "dash", COLORS.black),
      ...rungs.map(([name, rung], index) => rungTrace(name, index, results.coverages, rung)),
    ],
    layout: {
      ...baseLayout({ height: top + 270 + 50, heading: options.heading, margin: { t: top, b: 50 } }),
      showlegend: true,
      legend: topLegend({
        entrywidth: 0.5,
        entrywidthmode: "fraction",
        traceorder: "normal",
        title: { text: "(%: share of the oracle's gain in AURC)", side: "top", font: { size: SMALL_SIZE } },
      }),
      xaxis: axis("Coverage (fraction of items kept, easiest first)", { range: [0.0, 1.02], dtick: 0.2 }),
      yaxis: axis(options.errorLabel ?? "Mean error of kept items", { rangemode: "tozero" }),
    },
    source: sourceRows(results),
  };
}

function boundTrace(
  name: string,
  x: readonly number[],
  y: readonly number[],
  dash: string,
  color: string,
): PlainObject {
  return { type: "scatter", mode: "lines", name, x, y, line: { color, dash, width: 1.6 } };
}

function rungTrace(name: string, index: number, x: readonly number[], rung: RiskCurve): PlainObject {
  const { label, color, symbol, dash } = rungStyle(name, index);
  return {
    type: "scatter",
    mode: "lines+markers",
    name: `${label} (${formatNumber(100 * rung.fraction_of_oracle_aurc, 0)} %)`,
    x,
    y: rung.curve,
    line: { color, dash, width: 1.8 },
    marker: { color, symbol, size: 7, maxdisplayed: 10 },
  };
}

/** The rung that comes closest to the oracle, if it has a band. */
function bestWithBand(rungs: readonly (readonly [string, RiskCurve])[]): readonly string[] {
  const [name, best] = rungs.reduce((a, b) =>
    b[1].fraction_of_oracle_aurc > a[1].fraction_of_oracle_aurc ? b : a
  );
  return best.ci95_lower && best.ci95_upper ? [name] : [];
}

function sourceRows(results: RiskCoverageInput): SourceRow[] {
  const rows = (
    series: string,
    curve: readonly number[],
    low?: readonly number[],
    high?: readonly number[],
  ) =>
    results.coverages.map((coverage, i): SourceRow => ({
      series,
      coverage,
      error: curve[i] ?? null,
      ci_low: low?.[i] ?? null,
      ci_high: high?.[i] ?? null,
    }));
  return [
    ...rows("oracle", results.oracle_curve),
    ...rows("random", results.random_curve),
    ...Object.entries(results.probes).flatMap(([name, { curve, ci95_lower, ci95_upper }]) =>
      rows(name, curve, ci95_lower, ci95_upper)
    ),
  ];
}
