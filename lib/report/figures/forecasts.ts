/** Windows of series with what came, and forecasts as a middle line in a band. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, band, baseLayout, COLORS, FULL_WIDTH, note, seriesStyle, topLegend } from "./theme.ts";

/** One window. */
export interface ForecastPanel {
  /** Up to three lines, parted by `<br>`. */
  readonly title: string;
  readonly context: readonly number[];
  /** What came, shape [horizon]. */
  readonly future: readonly number[];
  readonly forecasts: readonly {
    readonly label: string;
    /** Limits of the band and the line in it, shape [horizon]. */
    readonly low: readonly number[];
    readonly middle: readonly number[];
    readonly high: readonly number[];
  }[];
}

const COLUMNS = 2;
const PANEL_HEIGHT = 120;
const GAP = { x: 0.09, y: 68 } as const;
const MARGIN = { l: 44, r: 12, t: 78, b: 40 } as const;
const TITLE_SIZE = 9;

/**
 * Draws the windows; step 0 is the first to be forecast.
 * @throws {RangeError} without a window
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { forecastsFigure } from "lib/report/figures/forecasts.ts";
 * const forecasts = [{ label: "cheap", low: [0], middle: [1], high: [2] }];
 * const figure = forecastsFigure([{ title: "a", context: [1, 2], future: [3], forecasts }], { name: "windows" });
 * assert.deepEqual(figure.source.map(({ step }) => step), [-2, -1, 0, 0]);
 * ```
 */
export function forecastsFigure(
  panels: readonly ForecastPanel[],
  { name, title = "Forecasts" }: { readonly name: string; readonly title?: string },
): FigureSpec {
  if (panels.length === 0) throw new RangeError(`Cannot draw ${name}: needs a window, got none`);
  const nRows = Math.ceil(panels.length / COLUMNS);
  const plotHeight = nRows * PANEL_HEIGHT + (nRows - 1) * GAP.y;
  const width = (1 - (COLUMNS - 1) * GAP.x) / COLUMNS;
  const layout: { [key: string]: PlainObject } = {};
  const data: PlainObject[] = [];
  const annotations: PlainObject[] = [];
  panels.forEach((panel, index) => {
    const suffix = index === 0 ? "" : String(index + 1);
    const left = (index % COLUMNS) * (width + GAP.x);
    const top = 1 - Math.floor(index / COLUMNS) * (PANEL_HEIGHT + GAP.y) / plotHeight;
    layout[`xaxis${suffix}`] = axis("", { domain: [left, Math.min(1, left + width)], anchor: `y${suffix}` });
    layout[`yaxis${suffix}`] = axis("", {
      domain: [Math.max(0, top - PANEL_HEIGHT / plotHeight), Math.min(1, top)],
      anchor: `x${suffix}`,
      nticks: 5,
    });
    const place = { xref: `x${suffix} domain`, yref: `y${suffix} domain`, x: 0, y: 1.02 };
    annotations.push(
      note(panel.title, { ...place, xanchor: "left", yanchor: "bottom", font: { size: TITLE_SIZE } }),
    );
    const axes = { xaxis: `x${suffix}`, yaxis: `y${suffix}` };
    const isFirst = index === 0;
    data.push(...panelTraces(panel, isFirst).map((trace) => ({ ...trace, ...axes })));
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
      legend: topLegend({ y: 1 + 42 / plotHeight }),
    },
    source: panels.flatMap(sourceRows),
  };
}

function panelTraces({ context, future, forecasts }: ForecastPanel, isFirst: boolean): PlainObject[] {
  const steps = future.map((_, step) => step);
  // Four digits are more than a line's width shows, and a notebook that holds several windows stays small.
  const drawn = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(4)));
  const line = (
    name: string,
    x: readonly number[],
    y: readonly number[],
    style: PlainObject,
  ): PlainObject => ({
    ...{ type: "scatter", mode: "lines", name, legendgroup: name, showlegend: isFirst, x, y, line: style },
  });
  return [
    ...forecasts.flatMap(({ label, low, middle, high }, index) => {
      const { color, dash } = seriesStyle(label, index);
      return [
        ...band(steps, drawn(low), drawn(high), color),
        line(label, steps, drawn(middle), { color, dash, width: 1.5 }),
      ];
    }),
    line("series", [...context.map((_, i) => i - context.length), ...steps], drawn([...context, ...future]), {
      color: COLORS.black,
      width: 1,
    }),
  ];
}

function sourceRows({ title, context, future, forecasts }: ForecastPanel): SourceRow[] {
  const row = (
    curve: string,
    step: number,
    value: number,
    low: number | null,
    high: number | null,
  ): SourceRow => ({
    ...{ window: title.replaceAll("<br>", " "), curve, step, value, low, high },
  });
  return [
    ...context.map((value, i) => row("series", i - context.length, value, null, null)),
    ...future.map((value, step) => row("series", step, value, null, null)),
    ...forecasts.flatMap(({ label, low, middle, high }) =>
      middle.map((value, step) => row(label, step, value, low[step]!, high[step]!))
    ),
  ];
}
