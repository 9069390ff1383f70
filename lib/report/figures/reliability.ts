/** Q3, calibration: predicted difficulty against observed frequency, before and after recalibration. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import {
  axis,
  baseLayout,
  COLORS,
  formatNumber,
  FULL_WIDTH,
  note,
  rungStyle,
  type SeriesStyle,
  seriesStyle,
  SMALL_SIZE,
  topLegend,
} from "./theme.ts";

/** A bin of a reliability diagram; means are null where it is empty. */
export interface ReliabilityBinInput {
  readonly count: number;
  readonly meanPredicted: number | null;
  readonly meanActual: number | null;
}

/** One score before or after a recalibration. */
export interface ReliabilityCurve {
  readonly ece: number;
  readonly bins: readonly ReliabilityBinInput[];
}

/** Rung -> `raw`, `platt`, `isotonic` -> curve. */
export type ReliabilityInput = Readonly<Record<string, Readonly<Record<string, ReliabilityCurve>>>>;

/** Choices of a figure that its numbers do not make. */
export interface ReliabilityOptions {
  /** File stem, `reliability` unless told. */
  readonly name?: string;
  readonly heading?: string;
}

const VARIANTS: Readonly<Record<string, SeriesStyle>> = {
  raw: { label: "uncalibrated", color: COLORS.vermillion, symbol: "circle", dash: "solid" },
  platt: { label: "Platt", color: COLORS.blue, symbol: "square", dash: "dash" },
  isotonic: { label: "isotonic", color: COLORS.green, symbol: "diamond", dash: "dashdot" },
};
/** Plotly's markers as characters of DejaVu Sans. */
const GLYPHS: Readonly<Record<string, string>> = {
  circle: "\u25cf",
  square: "\u25a0",
  diamond: "\u25c6",
  "triangle-up": "\u25b2",
  "triangle-down": "\u25bc",
  cross: "\u271a",
  x: "\u2716",
};
const PANELS_A_ROW = 3;
const MARGIN = { l: 60, r: 12, b: 48 } as const;
const GAP = { x: 46, y: 84 } as const;
const SMALLEST = 5, LARGEST = 13;

/**
 * A square panel a rung; marker area follows the share of items in a bin, the diagonal is perfect calibration.
 * @throws {RangeError} if there is no rung or a rung has no curve
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { reliabilityFigure } from "lib/report/figures/reliability.ts";
 * const bins = [{ count: 2, meanPredicted: 0.5, meanActual: 0.5 }];
 * const { source } = reliabilityFigure({ P1_cheap: { raw: { ece: 0, bins } } });
 * assert.equal(source[0]?.mean_actual, 0.5);
 * ```
 */
export function reliabilityFigure(curves: ReliabilityInput, options: ReliabilityOptions = {}): FigureSpec {
  const rungs = Object.entries(curves);
  if (rungs.length === 0) throw new RangeError("Cannot draw reliability: needs at least one rung, got none");
  const empty = rungs.find(([, variants]) => Object.keys(variants).length === 0);
  if (empty) throw new RangeError(`Cannot draw reliability: needs a curve of ${empty[0]}, got none`);
  const nColumns = Math.min(rungs.length, PANELS_A_ROW), nRows = Math.ceil(rungs.length / PANELS_A_ROW);
  const top = options.heading ? 84 : 64;
  const side = (FULL_WIDTH - MARGIN.l - MARGIN.r - GAP.x * (nColumns - 1)) / Math.max(nColumns, 1.6);
  const width = Math.round(MARGIN.l + MARGIN.r + side * nColumns + GAP.x * (nColumns - 1));
  const plotHeight = side * nRows + GAP.y * (nRows - 1);
  const variantNames = [...new Set(rungs.flatMap(([, variants]) => Object.keys(variants)))];
  const layout: { [key: string]: PlainObject } = {};
  const annotations: PlainObject[] = [];
  const shapes: PlainObject[] = [];
  const data: PlainObject[] = [];
  rungs.forEach(([rung, variants], panel) => {
    const suffix = panel === 0 ? "" : String(panel + 1);
    const column = panel % PANELS_A_ROW, row = Math.floor(panel / PANELS_A_ROW);
    const left = column * (side + GAP.x) / (width - MARGIN.l - MARGIN.r);
    const bottom = 1 - (row * (side + GAP.y) + side) / plotHeight;
    const domain = {
      x: [left, Math.min(1, left + side / (width - MARGIN.l - MARGIN.r))],
      y: [Math.max(0, bottom), Math.min(1, bottom + side / plotHeight)],
    };
    const ticks = { range: [-0.03, 1.03], tickvals: [0, 0.25, 0.5, 0.75, 1], tickformat: ".2~f" };
    layout[`xaxis${suffix}`] = axis("Predicted probability", {
      ...ticks,
      domain: domain.x,
      anchor: `y${suffix}`,
    });
    layout[`yaxis${suffix}`] = axis(column === 0 ? "Observed fraction hard" : "", {
      ...ticks,
      domain: domain.y,
      anchor: `x${suffix}`,
    });
    const refs = { xref: `x${suffix}`, yref: `y${suffix}` };
    shapes.push({ ...diagonal, ...refs });
    annotations.push(panelHead(rungStyle(rung, panel).label, variants, refs));
    variantNames.forEach((name, index) => {
      const curve = variants[name];
      if (curve) {
        data.push(variantTrace(name, index, curve, { suffix, inLegend: firstWith(name, rungs) === rung }));
      }
    });
  });
  return {
    name: options.name ?? "reliability",
    title: `${options.heading ? `${options.heading}: ` : ""}observed against predicted difficulty`,
    data,
    layout: {
      ...baseLayout({
        width,
        height: Math.round(top + plotHeight + MARGIN.b),
        heading: options.heading,
        margin: { ...MARGIN, t: top },
      }),
      ...layout,
      shapes,
      annotations,
      showlegend: true,
      legend: topLegend({ y: 1 + 34 / plotHeight }),
    },
    source: sourceRows(curves),
  };
}

const diagonal: PlainObject = {
  type: "line",
  layer: "between",
  x0: 0,
  y0: 0,
  x1: 1,
  y1: 1,
  line: { color: COLORS.grey, width: 1.2, dash: "dot" },
};

function variantTrace(
  name: string,
  index: number,
  curve: ReliabilityCurve,
  panel: { readonly suffix: string; readonly inLegend: boolean },
): PlainObject {
  const { label, color, symbol, dash } = variantStyle(name, index);
  const bins = curve.bins.filter(({ count }) => count > 0);
  const largest = Math.max(...bins.map(({ count }) => count));
  return {
    type: "scatter",
    mode: "lines+markers",
    name: label,
    legendgroup: name,
    showlegend: panel.inLegend,
    x: bins.map(({ meanPredicted }) => meanPredicted),
    y: bins.map(({ meanActual }) => meanActual),
    xaxis: `x${panel.suffix}`,
    yaxis: `y${panel.suffix}`,
    line: { color, dash, width: 1.5 },
    marker: {
      color,
      symbol,
      opacity: 1,
      line: { width: 0.8, color: "#FFFFFF" },
      size: bins.map(({ count }) => SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(count / largest)),
    },
  };
}

/** Name of the rung, and the calibration errors behind the markers they belong to. */
function panelHead(
  label: string,
  variants: Readonly<Record<string, ReliabilityCurve>>,
  { xref, yref }: { readonly xref: string; readonly yref: string },
): PlainObject {
  const errors = Object.entries(variants).map(([name, { ece }], index) => {
    const { color, symbol } = variantStyle(name, index);
    return `<span style="color:${color}">${GLYPHS[symbol] ?? ""}</span>${formatNumber(ece, 3)}`;
  });
  return note(`<b>${label}</b><br>ECE ${errors.join(" ")}`, {
    xref: `${xref} domain`,
    x: 0,
    xanchor: "left",
    yref: `${yref} domain`,
    y: 1,
    yanchor: "bottom",
    align: "left",
    font: { size: SMALL_SIZE - 1 },
  });
}

function variantStyle(name: string, index: number): SeriesStyle {
  return VARIANTS[name] ?? seriesStyle(name, index);
}

function firstWith(variant: string, rungs: readonly (readonly [string, object])[]): string | undefined {
  return rungs.find(([, variants]) => variant in variants)?.[0];
}

function sourceRows(curves: ReliabilityInput): SourceRow[] {
  return Object.entries(curves).flatMap(([rung, variants]) =>
    Object.entries(variants).flatMap(([variant, { ece, bins }]) =>
      bins.map(({ count, meanPredicted, meanActual }, bin): SourceRow => ({
        rung,
        variant,
        bin,
        count,
        mean_predicted: count > 0 ? meanPredicted : null,
        mean_actual: count > 0 ? meanActual : null,
        ece,
      }))
    )
  );
}
