/** Confounds of a label: what trivial quantities tell of it, and what is left of each rung where they tell nothing. */
import type { FigureSpec, PlainObject } from "../../io/figures/figure_spec.ts";
import { CONFOUND_AUROC, type ConfoundReport } from "../../questions/confounds_corrected.ts";
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
import {
  axis,
  baseLayout,
  COLORS,
  note,
  referenceLine,
  ROW_HEIGHT,
  rowAxis,
  rungStyle,
  topLegend,
} from "./theme.ts";

const VALUE_COLUMN = 146;
const GAP = 64;
const CHANCE = 0.5;

/**
 * Above: AUROC of every trivial predictor that varies, with its interval; beyond the dotted lines it is a confound.
 * Below: every rung over all pairs (open) and over pairs within strata of the strongest predictor (filled).
 * @throws {RangeError} if no predictor varies
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * import { confoundReport } from "lib/questions/confounds_corrected.ts";
 * import { confoundsFigure } from "lib/report/figures/confounds.ts";
 * const report = confoundReport({
 *   labels: [0, 1, 0, 1],
 *   trivial: { names: ["length"], matrix: matrixFromRows([[1], [2], [2], [1]]) },
 *   scores: { P1_cheap: [1, 2, 3, 4] },
 * });
 * assert.deepEqual(confoundsFigure(report).source.map(({ panel }) => panel), ["predictor", "all pairs", "within strata"]);
 * ```
 */
export function confoundsFigure(
  { predictors, rungs, strongest, n_strata }: ConfoundReport,
  options: { readonly name?: string; readonly heading?: string } = {},
): FigureSpec {
  const varying = predictors.flatMap(({ name, inference }) => inference ? [{ name, inference }] : []);
  if (varying.length === 0) throw new RangeError("Cannot draw confounds: no trivial predictor varies");
  const { heading } = options;
  const within = Object.entries(rungs);
  const labels = [varying.map(({ name }) => name), within.map(([rung]) => rungStyle(rung).label)] as const;
  const heights = labels.map(({ length }) => length * ROW_HEIGHT) as [number, number];
  const plot = within.length > 0 ? heights[0] + GAP + heights[1] : heights[0];
  const top = topMargin(heading, within.length > 0 ? 3 : 1), bottom = 46;
  const edges = [1 - CONFOUND_AUROC, CONFOUND_AUROC];
  const ends = (own: readonly Inference[]) =>
    own.flatMap((one) => [drawnInterval(one, CHANCE).ci_low, drawnInterval(one, CHANCE).ci_high]);
  return {
    name: options.name ?? "confounds",
    title: `${heading ? `${heading}: ` : ""}trivial predictors of the label, and rungs within their strata`,
    data: [
      marks("trivial predictor", varying.map(({ inference }) => inference), {
        ...{ suffix: "", color: COLORS.vermillion, symbol: "square" },
      }),
      ...(within.length > 0
        ? [
          {
            ...{ type: "scatter", mode: "markers", name: "rung, all pairs", xaxis: "x2", yaxis: "y2" },
            ...{ x: within.map(([, { auroc }]) => auroc), y: within.map((_, row) => -row || 0) },
            marker: { color: COLORS.black, symbol: "diamond-open", size: 9, line: { width: 1.5 } },
          },
          marks(`rung, within ${n_strata} strata of ${strongest}`, within.map(([, own]) => own.inference), {
            ...{ suffix: "2", color: COLORS.blue, symbol: "circle" },
          }),
        ]
        : []),
    ],
    layout: {
      ...baseLayout({
        height: top + plot + bottom,
        heading,
        margin: { l: labelMargin(labels.flat()), r: VALUE_COLUMN, t: top, b: bottom },
      }),
      showlegend: true,
      legend: topLegend({ itemwidth: 30, y: 1 + 8 / plot }),
      xaxis: axis("AUROC of the predictor (dotted: confound)", {
        ...{ anchor: "y", range: spanOf([...edges, ...ends(varying.map(({ inference }) => inference))]) },
      }),
      yaxis: rowAxis(labels[0], { domain: [1 - heights[0] / plot, 1] }),
      ...(within.length > 0 && {
        xaxis2: axis("AUROC of the rung", {
          ...{ anchor: "y2" },
          range: spanOf([
            CHANCE,
            ...ends(within.map(([, { inference }]) => inference)),
            ...within.map(([, { auroc }]) => auroc),
          ]),
        }),
        yaxis2: rowAxis(labels[1], { domain: [0, heights[1] / plot], anchor: "x2" }),
      }),
      shapes: [
        referenceLine(CHANCE, varying.length, ""),
        ...edges.map((edge): PlainObject => ({
          ...referenceLine(edge, varying.length, ""),
          line: { color: COLORS.vermillion, width: 1.2, dash: "dot" },
        })),
        ...(within.length > 0 ? [referenceLine(CHANCE, within.length, "2")] : []),
      ],
      annotations: [
        ...values(varying.map(({ inference }) => inference), "y"),
        ...values(within.map(([, { inference }]) => inference), "y2"),
      ],
    },
    source: [
      ...varying.map(({ name, inference }) => ({
        ...{ panel: "predictor", of: name },
        ...inferenceSource(inference, CHANCE),
      })),
      ...within.flatMap(([rung, { auroc, inference }]) => [
        { panel: "all pairs", of: rung, point: auroc, ci_low: null, ci_high: null },
        { panel: "within strata", of: rung, ...inferenceSource(inference, CHANCE) },
      ]),
    ],
  };
}

function marks(
  name: string,
  inferences: readonly Inference[],
  { suffix, color, symbol }: { readonly suffix: string; readonly color: string; readonly symbol: string },
): PlainObject {
  return {
    ...{ type: "scatter", mode: "markers", name, xaxis: `x${suffix}`, yaxis: `y${suffix}` },
    x: inferences.map(({ value }) => CHANCE + value),
    y: inferences.map((_, row) => -row || 0),
    marker: { color, symbol, size: 8 },
    error_x: inferenceBars(inferences, color),
  };
}

function values(inferences: readonly Inference[], yref: string): PlainObject[] {
  return inferences.map((own, row) =>
    note(inferenceText(own, 3, CHANCE), {
      ...{ xref: "paper", x: 1, xanchor: "left", xshift: 8, yref, y: -row || 0 },
    })
  );
}
