/** Error at every level of each planted factor, a panel a factor: the difficulty that was planted is there. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, baseLayout, errorBars, FULL_WIDTH, note, seriesStyle, topLegend } from "./theme.ts";

/** A level of a factor with a curve's mean error there. */
export interface ErrorLevel {
  readonly value: string;
  readonly n: number;
  readonly error: number;
  readonly ciLow: number;
  readonly ciHigh: number;
}

/** One line: whose errors, by factor. */
export interface ErrorCurve {
  readonly label: string;
  readonly byFactor: Readonly<Record<string, readonly ErrorLevel[]>>;
}

/** What the numbers do not say. */
export interface FactorErrorsOptions {
  /** File stem. */
  readonly name: string;
  readonly title: string;
  /** What an error is, with its unit. */
  readonly metric: string;
}

const COLUMNS = 3;
const PANEL_HEIGHT = 150;
const GAP = { x: 0.07, y: 62 } as const;
const MARGIN = { l: 56, r: 12, t: 52, b: 40 } as const;

/** Levels of the curves are drawn a little beside each other, as a share of the distance between levels. */
const DODGE = 0.1;

/**
 * Draws the curves. Levels stand at equal distances, whatever their values.
 * @throws {RangeError} without a curve or a factor
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { factorErrorsFigure } from "lib/report/figures/factor_errors.ts";
 * const level = { n: 9, error: 0.5, ciLow: 0.4, ciHigh: 0.6 };
 * const curve = { label: "cheap", byFactor: { hops: [{ value: "1", ...level }, { value: "2", ...level }] } };
 * const figure = factorErrorsFigure([curve], { name: "errors", title: "Errors", metric: "share wrong" });
 * assert.equal(figure.source.length, 2);
 * ```
 */
export function factorErrorsFigure(
  curves: readonly ErrorCurve[],
  { name, title, metric }: FactorErrorsOptions,
): FigureSpec {
  const factors = [...new Set(curves.flatMap(({ byFactor }) => Object.keys(byFactor)))];
  if (factors.length === 0) {
    throw new RangeError(`Cannot draw ${name}: needs a curve with a factor, got none`);
  }
  const nRows = Math.ceil(factors.length / COLUMNS);
  const plotHeight = nRows * PANEL_HEIGHT + (nRows - 1) * GAP.y;
  const layout: { [key: string]: PlainObject } = {};
  const data: PlainObject[] = [];
  const annotations: PlainObject[] = [];
  factors.forEach((factor, panel) => {
    const suffix = panel === 0 ? "" : String(panel + 1);
    const column = panel % COLUMNS, row = Math.floor(panel / COLUMNS);
    const width = (1 - (COLUMNS - 1) * GAP.x) / COLUMNS;
    const left = column * (width + GAP.x);
    const top = 1 - row * (PANEL_HEIGHT + GAP.y) / plotHeight;
    const values = levelsOf(curves, factor);
    layout[`xaxis${suffix}`] = axis("", {
      domain: [left, Math.min(1, left + width)],
      anchor: `y${suffix}`,
      tickvals: values.map((_, l) => l),
      ticktext: values,
      range: [-0.5, values.length - 0.5],
      showgrid: false,
    });
    layout[`yaxis${suffix}`] = axis(column === 0 ? metric : "", {
      domain: [Math.max(0, top - PANEL_HEIGHT / plotHeight), Math.min(1, top)],
      anchor: `x${suffix}`,
      rangemode: "tozero",
      nticks: 5,
    });
    const place = { xref: `x${suffix} domain`, yref: `y${suffix} domain`, x: 0, y: 1 };
    annotations.push(note(`<b>${words(factor)}</b>`, { ...place, xanchor: "left", yanchor: "bottom" }));
    curves.forEach(({ label, byFactor }, index) => {
      const levels = byFactor[factor] ?? [];
      if (levels.length === 0) return;
      const first = curves.findIndex((curve) => curve.label === label);
      const offset = DODGE * (index - (curves.length - 1) / 2);
      const { color, symbol, dash } = seriesStyle(label, first);
      data.push({
        type: "scatter",
        mode: "lines+markers",
        name: label,
        legendgroup: label,
        showlegend: factors.find((other) => byFactor[other] !== undefined) === factor,
        x: levels.map(({ value }) => values.indexOf(value) + offset),
        y: levels.map(({ error }) => error),
        error_y: errorBars(
          levels.map(({ error, ciLow, ciHigh }) => ({ point: error, ci_low: ciLow, ci_high: ciHigh })),
          color,
        ),
        xaxis: `x${suffix}`,
        yaxis: `y${suffix}`,
        line: { color, dash, width: 1.3 },
        marker: { color, symbol, size: 6 },
      });
    });
  });
  return {
    name,
    title,
    data,
    layout: {
      ...baseLayout({ width: FULL_WIDTH, height: MARGIN.t + plotHeight + MARGIN.b, margin: MARGIN }),
      ...layout,
      annotations,
      showlegend: true,
      legend: topLegend({ y: 1 + 20 / plotHeight }),
    },
    source: curves.flatMap(({ label, byFactor }) =>
      Object.entries(byFactor).flatMap(([factor, levels]) =>
        levels.map(({ value, n, error, ciLow, ciHigh }): SourceRow => ({
          ...{ curve: label, factor, level: value, n },
          ...{ error, ci_low: ciLow, ci_high: ciHigh },
        }))
      )
    ),
  };
}

/** Levels that any curve has, ascending. */
function levelsOf(curves: readonly ErrorCurve[], factor: string): string[] {
  const values = curves.flatMap(({ byFactor }) => (byFactor[factor] ?? []).map(({ value }) => value));
  return [...new Set(values)].sort((a, b) => Number(a) - Number(b));
}

/** `noiseGrowth` as words. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
