/** An effect under every SAE seed, and over all of them: how much of it is the draw of a dictionary. */
import type { FigureSpec, PlainObject } from "../../io/figures/figure_spec.ts";
import type { SeededEffect } from "../../questions/seeds_corrected.ts";
import {
  drawnInterval,
  inferenceBars,
  inferenceSource,
  inferenceText,
  labelMargin,
  spanOf,
  topMargin,
} from "./inference_marks.ts";
import { axis, baseLayout, COLORS, deltaLabel, note, referenceLine, rowAxis, topLegend } from "./theme.ts";

const ROW = 34;
const VALUE_COLUMN = 182;
/** Where in a row the seeds lie, above the mean. */
const RAISED = 0.22;

/**
 * A row a difference: every seed's value, and below it the mean with the t interval that carries the spread between
 * seeds.
 * @param effects by pair `a-b`
 * @throws {RangeError} if there is no effect
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { effectOverSeeds } from "lib/questions/seeds_corrected.ts";
 * import { tInterval } from "lib/stats/interval.ts";
 * import { seedEffectsFigure } from "lib/report/figures/seed_effects.ts";
 * const seeds = [1, 2, 3, 4, 5].map((value) =>
 *   tInterval({ method: "z", value, standardError: 0, df: Infinity, nUnits: 9 })
 * );
 * const { source } = seedEffectsFigure({ "P3_cheap_sae-P2_cheap_raw": effectOverSeeds(seeds) });
 * assert.equal(source.length, 6);
 * ```
 */
export function seedEffectsFigure(
  effects: Readonly<Record<string, SeededEffect>>,
  options: { readonly name?: string; readonly heading?: string; readonly unit?: string } = {},
): FigureSpec {
  const rows = Object.entries(effects);
  if (rows.length === 0) throw new RangeError("Cannot draw effects by seed: needs an effect, got none");
  const { heading, unit = "AUROC difference" } = options;
  const labels = rows.map(([pair]) => deltaLabel(pair));
  const places = rows.flatMap(([, { by_seed }], row) => by_seed.map((x) => ({ x, y: RAISED - row })));
  const means = rows.map(([, { inference }]) => inference);
  const ends = means.flatMap((own) => [drawnInterval(own).ci_low, drawnInterval(own).ci_high]);
  const top = topMargin(heading, 1), bottom = 46;
  return {
    name: options.name ?? "seed_effects",
    title: `${heading ? `${heading}: ` : ""}effect under every SAE seed and over all of them`,
    data: [
      {
        ...{ type: "scatter", mode: "markers", name: "one SAE seed" },
        ...{ x: places.map(({ x }) => x), y: places.map(({ y }) => y) },
        marker: { color: COLORS.orange, symbol: "line-ns-open", size: 11, line: { width: 1.8 } },
      },
      {
        ...{ type: "scatter", mode: "markers", name: "mean over seeds, 95 % t interval" },
        ...{ x: means.map(({ value }) => value), y: means.map((_, row) => -RAISED - row) },
        marker: { color: COLORS.blue, symbol: "circle", size: 8 },
        error_x: inferenceBars(means, COLORS.blue),
      },
    ] satisfies PlainObject[],
    layout: {
      ...baseLayout({
        height: top + rows.length * ROW + bottom,
        heading,
        margin: { l: labelMargin(labels), r: VALUE_COLUMN, t: top, b: bottom },
      }),
      showlegend: true,
      legend: topLegend({ itemwidth: 30 }),
      xaxis: axis(unit, { range: spanOf([0, ...ends, ...places.map(({ x }) => x)]) }),
      yaxis: rowAxis(labels),
      shapes: [referenceLine(0, rows.length, "")],
      annotations: means.map((own, row) =>
        note(inferenceText(own, 4), {
          ...{ xref: "paper", x: 1, xanchor: "left", xshift: 8, yref: "y", y: -row || 0 },
        })
      ),
    },
    source: rows.flatMap(([pair, { by_seed, inference }]) => [
      ...by_seed.map((point, seed) => ({ pair, seed: `seed ${seed}`, point, ci_low: null, ci_high: null })),
      { pair, seed: "over seeds", ...inferenceSource(inference) },
    ]),
  };
}
