/** The look all figures share: colours that colour-blind readers tell apart, shapes besides, sizes that print. */
import { FONT_STACK } from "../../io/figures/fonts.ts";
import type { PlainObject, PlainValue } from "../../io/figures/figure_spec.ts";

/** Okabe & Ito 2008, "Color Universal Design", https://jfly.uni-koeln.de/color/ (yellow left out: too light on white). */
export const COLORS = {
  black: "#000000",
  orange: "#E69F00",
  sky: "#56B4E9",
  green: "#009E73",
  blue: "#0072B2",
  vermillion: "#D55E00",
  purple: "#CC79A7",
  grey: "#6E6E6E",
} as const;

/** Full text width of the paper, 6.5 in at 96 px an inch: sizes below are then those on paper (0.75 pt a px). */
export const FULL_WIDTH = 624;
/** Text size, px: 9 pt on paper. */
export const FONT_SIZE = 12;
/** Ticks, legends and notes, px: 8.25 pt on paper. */
export const SMALL_SIZE = 11;
/** Height of a row of a forest plot, px. */
export const ROW_HEIGHT = 24;

const GRID = "#E4E4E4";
const INK = "#222222";

/** How one series is told from the others: by colour, by marker and by dash, each alone sufficient. */
export interface SeriesStyle {
  readonly label: string;
  readonly color: string;
  readonly symbol: string;
  readonly dash: string;
}

/** A number with its 95 % interval, in the artifacts' keys. */
export interface Interval {
  readonly point: number;
  readonly ci_low: number;
  readonly ci_high: number;
}

const RUNGS: Readonly<Record<string, SeriesStyle>> = {
  P0_uncertainty: style("P0 uncertainty", COLORS.orange, "cross", "longdashdot"),
  P1_cheap: style("P1 cheap", COLORS.vermillion, "circle", "solid"),
  P2_cheap_raw: style("P2 cheap + raw", COLORS.blue, "square", "dash"),
  P3_cheap_sae: style("P3 cheap + SAE", COLORS.green, "diamond", "solid"),
  P4_raw_only: style("P4 raw", COLORS.sky, "triangle-up", "dashdot"),
  P5_sae_only: style("P5 SAE", COLORS.purple, "triangle-down", "longdash"),
  P6_nested_sae: style("P6 nested SAE", COLORS.black, "star", "solid"),
  B_uncertainty_cheap_raw: style("B uncert. + cheap + raw", COLORS.grey, "hexagon", "solid"),
};
const SPARE_COLORS = [COLORS.blue, COLORS.vermillion, COLORS.green, COLORS.purple, COLORS.orange, COLORS.sky];
const SPARE_SYMBOLS = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x"];
const SPARE_DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];

/** Style of a rung by its artifact name; an unknown name keeps its name and takes the next spare style. */
export function rungStyle(rung: string, index = 0): SeriesStyle {
  return RUNGS[rung] ?? seriesStyle(rung, index);
}

/** Style of the index-th series that is no rung. */
export function seriesStyle(label: string, index: number): SeriesStyle {
  const pick = (from: readonly string[]) => from[index % from.length]!;
  return style(label, pick(SPARE_COLORS), pick(SPARE_SYMBOLS), pick(SPARE_DASHES));
}

/** Label of a delta keyed `A-B`: short rung names around a minus sign. */
export function deltaLabel(key: string): string {
  const [left, right, ...rest] = key.split("-");
  if (!left || !right || rest.length > 0) return key;
  return `${shortName(left)} \u2212 ${shortName(right)}`;
}

/** Layout of a figure: white ground, DejaVu Sans, a bold heading at the left edge, margins in px. */
export function baseLayout(options: {
  readonly height: number;
  readonly width?: number;
  readonly heading?: string | undefined;
  readonly margin?: { readonly l?: number; readonly r?: number; readonly t?: number; readonly b?: number };
}): PlainObject & { readonly width: number; readonly height: number } {
  const { heading, height, width = FULL_WIDTH } = options;
  const margin = { l: 60, r: 14, t: heading ? 34 : 14, b: 48, ...options.margin };
  return {
    width,
    height,
    margin,
    paper_bgcolor: "#FFFFFF",
    plot_bgcolor: "#FFFFFF",
    font: { family: FONT_STACK, size: FONT_SIZE, color: INK },
    showlegend: false,
    ...(heading && {
      title: {
        text: `<b>${heading}</b>`,
        font: { size: FONT_SIZE },
        x: 0,
        xref: "container",
        xanchor: "left",
        pad: { l: 10, t: 10 },
        y: 1,
        yref: "container",
        yanchor: "top",
        automargin: false,
      },
    }),
  };
}

/** An axis: thin frame line, light grid, no zero line unless asked for. */
export function axis(title: string, extra: PlainObject = {}): PlainObject {
  return {
    title: { text: title, font: { size: FONT_SIZE }, standoff: 8 },
    tickfont: { size: SMALL_SIZE },
    showgrid: true,
    gridcolor: GRID,
    gridwidth: 1,
    zeroline: false,
    showline: true,
    linecolor: INK,
    linewidth: 1,
    ticks: "outside",
    ticklen: 4,
    tickcolor: INK,
    ...extra,
  };
}

/** The row axis of a forest plot: labels from top to bottom at 0, -1, -2, ... */
export function rowAxis(labels: readonly string[], extra: PlainObject = {}): PlainObject {
  return axis("", {
    tickmode: "array",
    tickvals: labels.map((_, row) => -row || 0),
    ticktext: labels,
    range: rowRange(labels.length),
    showgrid: false,
    ticks: "",
    fixedrange: true,
    ...extra,
  });
}

/** A legend across the top, left aligned, above the plotting area. */
export function topLegend(extra: PlainObject = {}): PlainObject {
  return {
    orientation: "h",
    x: 0,
    xanchor: "left",
    y: 1.02,
    yanchor: "bottom",
    font: { size: SMALL_SIZE },
    bgcolor: "rgba(255,255,255,0)",
    itemwidth: 42, // long enough for a whole dash
    ...extra,
  };
}

/** A dashed vertical line through all rows of a forest plot, over the grid and under the points. */
export function referenceLine(x: number, nRows: number, suffix: string): PlainObject {
  const [y0, y1] = rowRange(nRows);
  return {
    type: "line",
    layer: "between",
    line: { color: COLORS.grey, width: 1.2, dash: "dash" },
    xref: `x${suffix}`,
    x0: x,
    x1: x,
    yref: `y${suffix}`,
    y0,
    y1,
  };
}

/** Small text without an arrow. */
export function note(text: string, place: PlainObject): PlainObject {
  return { text, showarrow: false, font: { size: SMALL_SIZE, color: INK }, ...place };
}

/** Marker that is filled when a claim holds and open when it does not: legible without colour. */
export function openOrFilled(style: SeriesStyle, filled: readonly boolean[], size = 9): PlainObject {
  return {
    symbol: filled.map((solid) => solid ? style.symbol : `${style.symbol}-open`),
    color: style.color,
    size,
    line: { width: 1.5, color: style.color },
  };
}

/** `0.590 [0.551, 0.627]`, with signs when asked for. */
export function formatInterval(interval: Interval, digits: number, signed = false): string {
  const text = (value: number) => formatNumber(value, digits, signed);
  return `${text(interval.point)} [${text(interval.ci_low)}, ${text(interval.ci_high)}]`;
}

/** A number with a typographic minus; zero carries no sign. */
export function formatNumber(value: number, digits: number, signed = false): string {
  const digitsOnly = Math.abs(value).toFixed(digits);
  if (Number(digitsOnly) === 0) return digitsOnly;
  return (value < 0 ? "\u2212" : signed ? "+" : "") + digitsOnly;
}

/** Whether a 95 % interval leaves zero out. */
export function excludesZero({ ci_low, ci_high }: Interval): boolean {
  return ci_low > 0 || ci_high < 0;
}

/** Error bars of Plotly from intervals. */
export function errorBars(intervals: readonly Interval[], color: string): PlainObject {
  return {
    type: "data",
    symmetric: false,
    array: intervals.map(({ point, ci_high }) => ci_high - point),
    arrayminus: intervals.map(({ point, ci_low }) => point - ci_low),
    color,
    thickness: 1.5,
    width: 3,
  };
}

/** A colour with opacity, for bands. */
export function translucent(color: string, opacity: number): string {
  const channel = (at: number) => parseInt(color.slice(at, at + 2), 16);
  return `rgba(${channel(1)},${channel(3)},${channel(5)},${opacity})`;
}

/** The two traces of a band between curves; drawn before the curve it belongs to. */
export function band(
  x: readonly number[],
  low: readonly number[],
  high: readonly number[],
  color: string,
): PlainObject[] {
  const edge: { [key: string]: PlainValue } = {
    type: "scatter",
    mode: "lines",
    x,
    line: { width: 0 },
    hoverinfo: "skip",
    showlegend: false,
  };
  return [{ ...edge, y: low }, { ...edge, y: high, fill: "tonexty", fillcolor: translucent(color, 0.18) }];
}

function rowRange(nRows: number): readonly [number, number] {
  return [-nRows + 0.4, 0.6];
}

function shortName(rung: string): string {
  return /^(?:P\d+|B)(?=_|$)/.exec(rung)?.[0] ?? rung;
}

function style(label: string, color: string, symbol: string, dash: string): SeriesStyle {
  return { label, color, symbol, dash };
}
