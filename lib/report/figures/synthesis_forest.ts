/** The cross-modal synthesis as a forest plot: what SAE features add, one row a run. */
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import {
  axis,
  baseLayout,
  COLORS,
  errorBars,
  excludesZero,
  formatInterval,
  type Interval,
  note,
  openOrFilled,
  referenceLine,
  ROW_HEIGHT,
  rowAxis,
  seriesStyle,
} from "./theme.ts";

/** One run's difference. */
export interface SynthesisForestRow {
  readonly run: string;
  /** Such as "P3 - P2". */
  readonly pair: string;
  readonly estimate: Interval;
}

const VALUE_COLUMN = 168;

/**
 * AUROC differences of all runs, filled where the 95 % interval excludes 0.
 * @throws {RangeError} if there is no row
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { synthesisForestFigure } from "lib/report/figures/synthesis_forest.ts";
 * const estimate = { point: 0.1, ci_low: 0.05, ci_high: 0.15 };
 * const { source } = synthesisForestFigure([{ run: "llm_facts", pair: "P3 - P2", estimate }]);
 * assert.deepEqual(source, [{ run: "llm_facts", pair: "P3 - P2", point: 0.1, ci_low: 0.05, ci_high: 0.15 }]);
 * ```
 */
export function synthesisForestFigure(
  rows: readonly SynthesisForestRow[],
  options: { readonly name?: string; readonly heading?: string } = {},
): FigureSpec {
  if (rows.length === 0) throw new RangeError("Cannot draw the synthesis: needs at least one run, got none");
  const labels = rows.map(({ run, pair }) => `${run}, ${pair}`);
  const pairs = [...new Set(rows.map(({ pair }) => pair))];
  const margin = {
    l: 20 + Math.round(6.9 * Math.max(...labels.map(({ length }) => length))),
    r: VALUE_COLUMN,
  };
  const top = options.heading ? 34 : 14, bottom = 46;
  return {
    name: options.name ?? "synthesis",
    title: `${options.heading ? `${options.heading}: ` : ""}AUROC difference that SAE features make, by run`,
    data: rows.map(({ estimate, pair }, index) => {
      const style = { ...seriesStyle(pair, pairs.indexOf(pair)), label: labels[index]! };
      return {
        type: "scatter",
        mode: "markers",
        name: style.label,
        x: [estimate.point],
        y: [-index || 0],
        marker: openOrFilled(style, [excludesZero(estimate)]),
        error_x: errorBars([estimate], style.color),
      };
    }),
    layout: {
      ...baseLayout({
        height: top + rows.length * ROW_HEIGHT + bottom,
        heading: options.heading,
        margin: { ...margin, t: top, b: bottom },
      }),
      xaxis: axis("AUROC difference (filled: 95 % interval excludes 0)", { zerolinecolor: COLORS.grey }),
      yaxis: rowAxis(labels),
      shapes: [referenceLine(0, rows.length, "")],
      annotations: rows.map(({ estimate }, index) =>
        note(formatInterval(estimate, 3, true), {
          xref: "paper",
          x: 1,
          xanchor: "left",
          xshift: 8,
          yref: "y",
          y: -index || 0,
        })
      ),
    },
    source: rows.map(({ run, pair, estimate: { point, ci_low, ci_high } }) => ({
      run,
      pair,
      point,
      ci_low,
      ci_high,
    })),
  };
}
