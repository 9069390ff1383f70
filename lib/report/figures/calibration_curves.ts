/** Calibration, corrected: equal-mass reliability of one rung under each curve, and its error with the bias taken off. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, baseLayout, COLORS, note, ROW_HEIGHT, rowAxis, type SeriesStyle, topLegend } from "./theme.ts";

/** What the figure reads of one curve's metrics. */
export interface CalibrationCurveInput {
  readonly ece: number;
  readonly ece_equal_mass: number;
  readonly ece_debiased: number;
  readonly bins: readonly {
    readonly count: number;
    readonly meanPredicted: number;
    readonly meanActual: number;
  }[];
}

/** Choices of a figure that its numbers do not make. */
export interface CalibrationCurvesOptions {
  /** File stem, `calibration_curves` unless told. */
  readonly name?: string;
  readonly heading?: string;
  /** Printed under the heading instead of curves that were withheld. */
  readonly reason?: string | null;
}

const CURVES: Readonly<Record<string, SeriesStyle>> = {
  raw: { label: "uncalibrated", color: COLORS.vermillion, symbol: "circle", dash: "solid" },
  platt: { label: "Platt", color: COLORS.blue, symbol: "square", dash: "dash" },
  isotonic: { label: "isotonic", color: COLORS.green, symbol: "diamond", dash: "dashdot" },
  beta: { label: "beta", color: COLORS.purple, symbol: "triangle-up", dash: "longdash" },
};
const ERRORS = [
  ["ten bins (published)", "ece"],
  ["equal mass", "ece_equal_mass"],
  ["equal mass, debiased", "ece_debiased"],
] as const;

/**
 * Left: observed frequency against prediction, bins of equal mass. Right: the three calibration errors of each curve.
 * @param curves `raw` and as many of `platt`, `isotonic`, `beta` as there are
 * @throws {RangeError} if there is no curve or an unknown one
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { calibrationCurvesFigure } from "lib/report/figures/calibration_curves.ts";
 * const bins = [{ count: 2, meanPredicted: 0.5, meanActual: 0.5 }];
 * const { source } = calibrationCurvesFigure({ raw: { ece: 0, ece_equal_mass: 0, ece_debiased: 0, bins } });
 * assert.equal(source.length, 1);
 * ```
 */
export function calibrationCurvesFigure(
  curves: Readonly<Record<string, CalibrationCurveInput>>,
  options: CalibrationCurvesOptions = {},
): FigureSpec {
  const entries = Object.entries(curves);
  if (entries.length === 0) throw new RangeError("Cannot draw calibration: needs a curve, got none");
  const unknown = entries.find(([name]) => !(name in CURVES));
  if (unknown) {
    throw new RangeError(
      `Cannot draw calibration: needs one of ${Object.keys(CURVES).join(", ")}, got ${unknown[0]}`,
    );
  }
  const top = (options.heading ? 30 : 10) + 21 + 10;
  const errors = entries.flatMap(([, curve]) => ERRORS.map(([, key]) => curve[key]));
  const side = 262;
  return {
    name: options.name ?? "calibration_curves",
    title: `${
      options.heading ? `${options.heading}: ` : ""
    }observed against predicted difficulty, and its error`,
    data: entries.flatMap(([name, curve], index) => [
      reliabilityTrace(CURVES[name]!, curve),
      errorTrace(CURVES[name]!, curve, index, entries.length),
    ]),
    layout: {
      ...baseLayout({ height: top + side + 50, heading: options.heading, margin: { t: top, b: 50, l: 56 } }),
      showlegend: true,
      legend: topLegend({ entrywidth: 0.25, entrywidthmode: "fraction", traceorder: "normal" }),
      xaxis: axis("Predicted probability", { domain: [0, 0.46], range: [-0.03, 1.03], dtick: 0.25 }),
      yaxis: axis("Observed fraction hard", { range: [-0.03, 1.03], dtick: 0.25 }),
      xaxis2: axis("Expected calibration error", {
        domain: [0.72, 1],
        anchor: "y2",
        range: [Math.min(0, 1.15 * Math.min(...errors)), 1.1 * Math.max(...errors, 0.01)],
        zeroline: true,
        nticks: 5,
      }),
      yaxis2: rowAxis(ERRORS.map(([label]) => label.replace(" (", "<br>(").replace(", ", ",<br>")), {
        anchor: "x2",
      }),
      shapes: [{
        type: "line",
        layer: "between",
        ...{ x0: 0, y0: 0, x1: 1, y1: 1 },
        line: { color: COLORS.grey, width: 1.2, dash: "dot" },
      }],
      annotations: options.reason
        ? [note(wrap(options.reason, 40), {
          ...{
            xref: "x domain",
            x: 0.03,
            xanchor: "left",
            yref: "y domain",
            y: 0.97,
            yanchor: "top",
            align: "left",
          },
        })]
        : [],
    },
    source: entries.flatMap(([name, { ece, ece_equal_mass, ece_debiased, bins }]) =>
      bins.map(({ count, meanPredicted, meanActual }, bin): SourceRow => ({
        curve: name,
        bin,
        count,
        mean_predicted: meanPredicted,
        mean_actual: meanActual,
        ece,
        ece_equal_mass,
        ece_debiased,
      }))
    ),
  };
}

function reliabilityTrace(
  { label, color, symbol, dash }: SeriesStyle,
  { bins }: CalibrationCurveInput,
): PlainObject {
  return {
    type: "scatter",
    mode: "lines+markers",
    name: label,
    legendgroup: label,
    x: bins.map(({ meanPredicted }) => meanPredicted),
    y: bins.map(({ meanActual }) => meanActual),
    line: { color, dash, width: 1.5 },
    marker: { color, symbol, size: 7, line: { width: 0.8, color: "#FFFFFF" } },
  };
}

function errorTrace(
  { label, color, symbol }: SeriesStyle,
  curve: CalibrationCurveInput,
  index: number,
  nCurves: number,
): PlainObject {
  const shift = ((nCurves - 1) / 2 - index) * 0.7 * (ROW_HEIGHT / 24) / Math.max(nCurves, 2);
  return {
    type: "scatter",
    mode: "markers",
    name: label,
    legendgroup: label,
    showlegend: false,
    x: ERRORS.map(([, key]) => curve[key]),
    y: ERRORS.map((_, row) => shift - row),
    xaxis: "x2",
    yaxis: "y2",
    marker: { color, symbol, size: 9 },
  };
}

/** Breaks a sentence into lines of at most about `width` characters. */
function wrap(text: string, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1)!.length + word.length > width) lines.push("");
    lines[lines.length - 1] += `${lines.at(-1) === "" ? "" : " "}${word}`;
  }
  return lines.join("<br>");
}
