/** Q3, corrected: error that reaches the user against the fraction answered, with bands that carry the ranking. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, band, baseLayout, COLORS, formatNumber, rungStyle, SMALL_SIZE, topLegend } from "./theme.ts";

/** One rung's generalized risk at the coverages, as bootstrapRiskCurve() gives it, and its AUGRC. */
export interface GeneralizedRiskCurve {
  readonly coverages: readonly number[];
  readonly value: ArrayLike<number>;
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly augrc: number;
}

/** What the figure shows. */
export interface GeneralizedRiskInput {
  readonly curves: Readonly<Record<string, GeneralizedRiskCurve>>;
  /** Mean error of all items; a random order answers its share of it. */
  readonly mean_error: number;
  /** Lowest curve there is, at `coverages` of its own. */
  readonly oracle: { readonly coverages: readonly number[]; readonly value: ArrayLike<number> };
}

/** Choices of a figure that its numbers do not make. */
export interface GeneralizedRiskOptions {
  /** File stem, `generalized_risk` unless told. */
  readonly name?: string;
  readonly heading?: string;
  /** Rungs drawn with their 95 % band; all unless told. */
  readonly bands?: readonly string[];
}

/**
 * Generalized risk of several rungs between the oracle's and a random order's.
 * @throws {RangeError} if there is no curve or one is not as long as its coverages
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { generalizedRiskFigure } from "lib/report/figures/generalized_risk.ts";
 * const curve = { coverages: [0.5, 1], value: [0.05, 0.2], low: [0.04, 0.18], high: [0.06, 0.22], augrc: 0.07 };
 * const oracle = { coverages: [0.5, 1], value: [0, 0.2] };
 * const { data } = generalizedRiskFigure({ curves: { P1_cheap: curve }, mean_error: 0.2, oracle });
 * assert.equal(data.at(-1)?.name, "P1 cheap (0.070)");
 * ```
 */
export function generalizedRiskFigure(
  input: GeneralizedRiskInput,
  options: GeneralizedRiskOptions = {},
): FigureSpec {
  const rungs = Object.entries(input.curves);
  if (rungs.length === 0) throw new RangeError("Cannot draw generalized risk: needs a curve, got none");
  for (const [name, { coverages, value, low, high }] of rungs) {
    for (const column of [value, low, high]) {
      if (column.length !== coverages.length) {
        throw new RangeError(
          `Cannot draw generalized risk: needs ${coverages.length} points, got ${column.length} in ${name}`,
        );
      }
    }
  }
  const bands = options.bands ?? rungs.map(([name]) => name);
  const top = (options.heading ? 30 : 10) + 21 * (Math.ceil((rungs.length + 2) / 2) + 1) + 8;
  return {
    name: options.name ?? "generalized_risk",
    title: `${
      options.heading ? `${options.heading}: ` : ""
    }error that reaches the user against the fraction answered`,
    data: [
      ...rungs.filter(([name]) => bands.includes(name)).flatMap(([name, curve], index) =>
        band(
          [...curve.coverages],
          Array.from(curve.low),
          Array.from(curve.high),
          rungStyle(name, index).color,
        )
      ),
      boundTrace("random", [0, 1], [0, input.mean_error], "dot", COLORS.grey),
      boundTrace(
        "oracle",
        [0, ...input.oracle.coverages],
        [0, ...Array.from(input.oracle.value)],
        "dash",
        COLORS.black,
      ),
      ...rungs.map(([name, curve], index) => rungTrace(name, index, curve)),
    ],
    layout: {
      ...baseLayout({ height: top + 270 + 50, heading: options.heading, margin: { t: top, b: 50 } }),
      showlegend: true,
      legend: topLegend({
        entrywidth: 0.5,
        entrywidthmode: "fraction",
        traceorder: "normal",
        title: {
          text: "(AUGRC in brackets, lower is better; bands: 95 %, items ranked anew)",
          side: "top",
          font: { size: SMALL_SIZE },
        },
      }),
      xaxis: axis("Coverage (fraction of items answered, easiest first)", { range: [0, 1.02], dtick: 0.2 }),
      yaxis: axis("Generalized risk (errors per item asked)", { rangemode: "tozero" }),
    },
    source: sourceRows(input),
  };
}

function boundTrace(name: string, x: number[], y: number[], dash: string, color: string): PlainObject {
  return { type: "scatter", mode: "lines", name, x, y, line: { color, dash, width: 1.6 } };
}

function rungTrace(name: string, index: number, curve: GeneralizedRiskCurve): PlainObject {
  const { label, color, symbol, dash } = rungStyle(name, index);
  return {
    type: "scatter",
    mode: "lines+markers",
    name: `${label} (${formatNumber(curve.augrc, 3)})`,
    x: [...curve.coverages],
    y: Array.from(curve.value),
    line: { color, dash, width: 1.8 },
    marker: { color, symbol, size: 7, maxdisplayed: 10 },
  };
}

function sourceRows({ curves, oracle, mean_error }: GeneralizedRiskInput): SourceRow[] {
  const row = (series: string, coverage: number, risk: number, low: number | null, high: number | null) => ({
    series,
    coverage,
    generalized_risk: risk,
    ci_low: low,
    ci_high: high,
  });
  return [
    row("random", 1, mean_error, null, null),
    ...oracle.coverages.map((coverage, i) => row("oracle", coverage, oracle.value[i]!, null, null)),
    ...Object.entries(curves).flatMap(([name, { coverages, value, low, high }]) =>
      coverages.map((coverage, i) => row(name, coverage, value[i]!, low[i]!, high[i]!))
    ),
  ];
}
