/** What the penalty does to every rung: cross-validated AUROC and kept coefficients by C, and the C that was chosen. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import type { PathStep, RegularizationPath } from "../../questions/regularization_paths.ts";
import { topMargin } from "./inference_marks.ts";
import { axis, baseLayout, rungStyle, topLegend } from "./theme.ts";

const PANEL = 240;

/**
 * Left: mean AUROC over the inner folds with one standard error; right: coefficients of the fit on all training
 * rows. A marker stands at the chosen C.
 * @param paths by rung
 * @throws {RangeError} if there is no path
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { pathOf } from "lib/questions/regularization_paths.ts";
 * import { pickC } from "lib/stats/choose_c.ts";
 * import { regularizationPathsFigure } from "lib/report/figures/regularization_paths.ts";
 * const choice = pickC([0.1, 1], [[0.5, 0.5], [0.7, 0.8]], [[0, 0], [2, 3]], "first-best");
 * const { source } = regularizationPathsFigure({ P1_cheap: pathOf({ ...choice, largestResidual: 1e-9 }, [0, 4]) });
 * assert.deepEqual(source.map(({ is_chosen }) => is_chosen), [false, true]);
 * ```
 */
export function regularizationPathsFigure(
  paths: Readonly<Record<string, RegularizationPath>>,
  options: { readonly name?: string; readonly heading?: string } = {},
): FigureSpec {
  const rungs = Object.entries(paths);
  if (rungs.length === 0) throw new RangeError("Cannot draw regularisation paths: needs a path, got none");
  const { heading } = options;
  const top = topMargin(heading, Math.ceil(rungs.length / 2));
  const grid = rungs[0]![1].steps.map(({ c }) => c);
  // The grid goes by thirds of decades: labelled at its powers of ten.
  const powers = grid.filter((c) => c.toExponential().startsWith("1e"));
  const horizontal = { type: "log", tickmode: "array", tickvals: powers, ticktext: powers.map(String) };
  return {
    name: options.name ?? "regularization_paths",
    title: `${heading ? `${heading}: ` : ""}cross-validated AUROC and number of coefficients by C`,
    data: rungs.flatMap(([rung, path], index) => tracesOf(rung, path, index)),
    layout: {
      ...baseLayout({ height: top + PANEL + 50, heading, margin: { t: top, b: 50 } }),
      showlegend: true,
      legend: topLegend({ entrywidth: 150, tracegroupgap: 0 }),
      xaxis: axis("C (marker: chosen)", { ...horizontal, domain: [0, 0.43] }),
      yaxis: axis("AUROC of the inner folds"),
      xaxis2: axis("C (marker: chosen)", { ...horizontal, domain: [0.57, 1], anchor: "y2" }),
      yaxis2: axis("Nonzero coefficients", { anchor: "x2", rangemode: "tozero" }),
    },
    source: rungs.flatMap(([rung, { steps, chosen_c, one_standard_error_c, diagnosis }]) =>
      steps.map((step): SourceRow => ({
        ...{ rung, ...step, is_chosen: step.c === chosen_c, one_standard_error_c, diagnosis },
      }))
    ),
  };
}

/** In each panel the whole path, and over it the chosen point, whose marker stands in the legend. */
function tracesOf(rung: string, { steps, chosen_c }: RegularizationPath, index: number): PlainObject[] {
  const { label, color, symbol, dash } = rungStyle(rung, index);
  const chosen = steps.filter(({ c }) => c === chosen_c);
  const panel = (axes: PlainObject, value: (step: PathStep) => number, bars: boolean): PlainObject[] => [
    {
      ...{ type: "scatter", mode: "lines", name: label, legendgroup: rung, showlegend: false, ...axes },
      ...{ x: steps.map(({ c }) => c), y: steps.map(value), line: { color, dash, width: 1.4 } },
      ...(bars && {
        error_y: {
          ...{ type: "data", array: steps.map(({ standard_error }) => standard_error ?? 0) },
          ...{ color, thickness: 1, width: 2 },
        },
      }),
    },
    {
      ...{
        type: "scatter",
        mode: "lines+markers",
        name: label,
        legendgroup: rung,
        showlegend: bars,
        ...axes,
      },
      ...{ x: chosen.map(({ c }) => c), y: chosen.map(value), line: { color, dash, width: 1.4 } },
      marker: { color, symbol, size: 9 },
    },
  ];
  return [
    ...panel({}, ({ cv_auroc }) => cv_auroc, true),
    ...panel(
      { xaxis: "x2", yaxis: "y2" },
      ({ n_nonzero, n_nonzero_of_folds }) => n_nonzero ?? n_nonzero_of_folds,
      false,
    ),
  ];
}
