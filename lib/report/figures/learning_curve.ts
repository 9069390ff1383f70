/** Test AUROC against the number of training items: would a rung that lags catch up? */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import type { LearningCurve, LearningPoint } from "../../questions/learning_curve_corrected.ts";
import type { Inference } from "../../stats/interval.ts";
import { drawnInterval, inferenceBars, inferenceSource, spanOf, topMargin } from "./inference_marks.ts";
import {
  axis,
  baseLayout,
  COLORS,
  deltaLabel,
  rungStyle,
  type SeriesStyle,
  seriesStyle,
  topLegend,
} from "./theme.ts";

const PANEL = 230;
const CHANCE = 0.5;
/** Series beside each other instead of on each other, as a share of the axis. */
const DODGE = 0.012;

/**
 * Left: AUROC of every rung with clustered 95 % intervals; right: differences on the same test items.
 * @throws {RangeError} if no size could be fitted
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tInterval } from "lib/stats/interval.ts";
 * import { learningCurveFigure } from "lib/report/figures/learning_curve.ts";
 * const inference = tInterval({ method: "cluster t", value: 0.2, standardError: 0.1, df: 9, nUnits: 10 });
 * const point = { n_train: 40, n_groups: 10, n_hard: 12, refused: null, deltas: {} };
 * const curve = { points: [{ ...point, rungs: { P1_cheap: { auroc: 0.7, inference, best_c: 1 } } }] };
 * assert.equal(learningCurveFigure(curve).source[0]!.point, 0.7);
 * ```
 */
export function learningCurveFigure(
  { points }: Pick<LearningCurve, "points">,
  options: { readonly name?: string; readonly heading?: string } = {},
): FigureSpec {
  const fitted = points.filter(({ refused }) => refused === null);
  if (fitted.length === 0) throw new RangeError("Cannot draw a learning curve: no size could be fitted");
  const { heading } = options;
  const sizes = fitted.map(({ n_train }) => n_train);
  const largest = 1.06 * Math.max(...sizes);
  const rungs = Object.keys(fitted.at(-1)!.rungs).map((rung) =>
    series(rungStyle(rung), fitted, ({ rungs }) => rungs[rung]!.inference)
  );
  const deltas = Object.keys(fitted.at(-1)!.deltas).map((pair, k) =>
    series(seriesStyle(deltaLabel(pair), k), fitted, ({ deltas }) => deltas[pair]!)
  );
  const nLines = Math.ceil((rungs.length + deltas.length) / 2);
  const top = topMargin(heading, nLines);
  const half = deltas.length > 0;
  const horizontal = { range: [0, largest], tickmode: "array", tickvals: sizes };
  return {
    name: options.name ?? "learning_curve",
    title: `${heading ? `${heading}: ` : ""}test AUROC by number of training items`,
    data: [
      ...rungs.map((own, k) => trace(own, { suffix: "", offset: CHANCE, shift: shift(k, rungs.length) })),
      ...deltas.map((own, k) => trace(own, { suffix: "2", offset: 0, shift: shift(k, deltas.length) })),
    ].map(({ shifted, x, ...own }) => ({ ...own, x: x.map((size) => size + shifted * largest) })),
    layout: {
      ...baseLayout({ height: top + PANEL + 48, heading, margin: { t: top } }),
      showlegend: true,
      legend: topLegend({ entrywidth: 150 }),
      xaxis: axis("Training items", { ...horizontal, domain: half ? [0, 0.43] : [0, 1] }),
      yaxis: axis("Test AUROC", { range: rangeOf(rungs, CHANCE) }),
      ...(half && {
        xaxis2: axis("Training items", { ...horizontal, domain: [0.57, 1], anchor: "y2" }),
        yaxis2: axis("AUROC difference", {
          ...{ anchor: "x2", range: rangeOf(deltas, 0), zeroline: true, zerolinecolor: COLORS.grey },
        }),
      }),
    },
    source: [
      ...rungs.flatMap((own) => sourceOf(own, CHANCE, "rung")),
      ...deltas.flatMap((own) => sourceOf(own, 0, "difference")),
    ],
  };
}

interface Series {
  readonly style: SeriesStyle;
  readonly sizes: readonly number[];
  readonly inferences: readonly Inference[];
}

function series(
  style: SeriesStyle,
  points: readonly LearningPoint[],
  of: (point: LearningPoint) => Inference,
): Series {
  return { style, sizes: points.map(({ n_train }) => n_train), inferences: points.map(of) };
}

function shift(k: number, n: number): number {
  return DODGE * (k - (n - 1) / 2);
}

function trace(
  { style: { label, color, symbol, dash }, sizes, inferences }: Series,
  { suffix, offset, shift }: { readonly suffix: string; readonly offset: number; readonly shift: number },
) {
  return {
    ...{ type: "scatter", mode: "lines+markers", name: label, xaxis: `x${suffix}`, yaxis: `y${suffix}` },
    x: sizes,
    shifted: shift,
    y: inferences.map(({ value }) => offset + value),
    line: { color, dash, width: 1.5 },
    marker: {
      color,
      symbol: suffix === "" ? symbol : `${symbol}-open`,
      size: 7,
      line: { width: 1.5, color },
    },
    error_y: inferenceBars(inferences, color),
  } satisfies PlainObject;
}

function rangeOf(all: readonly Series[], offset: number): readonly [number, number] {
  return spanOf([
    offset,
    ...all.flatMap(({ inferences }) =>
      inferences.flatMap((own) => [drawnInterval(own, offset).ci_low, drawnInterval(own, offset).ci_high])
    ),
  ]);
}

function sourceOf({ style, sizes, inferences }: Series, offset: number, panel: string): SourceRow[] {
  return inferences.map((own, k) => ({
    ...{ panel, series: style.label, n_train: sizes[k]! },
    ...inferenceSource(own, offset),
  }));
}
