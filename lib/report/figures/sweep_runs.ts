/** A sweep's runs side by side: what SAE codes do beyond cheap statistics with raw activations, a row a run. */
import type { FigureSpec, PlainObject } from "../../io/figures/figure_spec.ts";
import type { Inference } from "../../stats/interval.ts";
import {
  drawnInterval,
  inferenceBars,
  inferenceSource,
  inferenceText,
  labelMargin,
  spanOf,
  topMargin,
} from "./inference_marks.ts";
import { axis, baseLayout, COLORS, note, referenceLine, rowAxis, topLegend } from "./theme.ts";

/** What is drawn of a run. */
export interface DrawnRun {
  readonly run: string;
  readonly deltas: Readonly<Record<"sae_over_raw" | "increment", Inference>>;
}

const ROW = 38;
const VALUE_COLUMN = 182;
const MARKS = [
  { key: "increment", name: "nested SAE block over uncertainty, cheap and raw", color: COLORS.blue, y: 0.18 },
  { key: "sae_over_raw", name: "cheap and SAE less cheap and raw", color: COLORS.orange, y: -0.18 },
] as const;

/**
 * @param runs in order
 * @throws {RangeError} if there is no run
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tInterval } from "lib/stats/interval.ts";
 * import { sweepRunsFigure } from "lib/report/figures/sweep_runs.ts";
 * const own = tInterval({ method: "t", value: 0.01, standardError: 0.02, df: 4, nUnits: 5 });
 * const { source } = sweepRunsFigure([{ run: "a_4x", deltas: { sae_over_raw: own, increment: own } }]);
 * assert.deepEqual(source.map(({ difference }) => difference), ["increment", "sae_over_raw"]);
 * ```
 */
export function sweepRunsFigure(
  runs: readonly DrawnRun[],
  options: { readonly name?: string; readonly heading?: string } = {},
): FigureSpec {
  if (runs.length === 0) throw new RangeError("Cannot draw a sweep: needs a run, got none");
  const { name = "sweep_runs", heading } = options;
  const labels = runs.map(({ run }) => run);
  const all = runs.flatMap(({ deltas }) => MARKS.map(({ key }) => deltas[key]));
  const top = topMargin(heading, MARKS.length), bottom = 46;
  return {
    name,
    title: `${heading ? `${heading}: ` : ""}AUROC differences of every run of a sweep`,
    data: MARKS.map(({ key, name: label, color, y }): PlainObject => {
      const own = runs.map(({ deltas }) => deltas[key]);
      return {
        ...{ type: "scatter", mode: "markers", name: label, marker: { color, size: 8 } },
        ...{ x: own.map(({ value }) => value), y: own.map((_, row) => y - row) },
        error_x: inferenceBars(own, color),
      };
    }),
    layout: {
      ...baseLayout({
        height: top + runs.length * ROW + bottom,
        heading,
        margin: { l: labelMargin(labels), r: VALUE_COLUMN, t: top, b: bottom },
      }),
      showlegend: true,
      legend: topLegend({ itemwidth: 30 }),
      xaxis: axis("AUROC difference, 95 % interval", {
        range: spanOf([0, ...all.flatMap((own) => [drawnInterval(own).ci_low, drawnInterval(own).ci_high])]),
      }),
      yaxis: rowAxis(labels),
      shapes: [referenceLine(0, runs.length, "")],
      annotations: runs.flatMap(({ deltas }, row) =>
        MARKS.map(({ key, y }) =>
          note(inferenceText(deltas[key], 3), {
            ...{ xref: "paper", x: 1, xanchor: "left", xshift: 8, yref: "y", y: y - row },
          })
        )
      ),
    },
    source: runs.flatMap(({ run, deltas }) =>
      MARKS.map(({ key }) => ({ run, difference: key, ...inferenceSource(deltas[key]) }))
    ),
  };
}
