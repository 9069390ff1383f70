/** Q1 as a forest plot: AUROC of every rung above, the deltas that carry the claim below. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import {
  axis,
  baseLayout,
  COLORS,
  deltaLabel,
  errorBars,
  excludesZero,
  formatInterval,
  type Interval,
  note,
  openOrFilled,
  referenceLine,
  ROW_HEIGHT,
  rowAxis,
  rungStyle,
  type SeriesStyle,
} from "./theme.ts";

/** What the figure reads of `probe_results.json`. */
export interface LadderInput {
  readonly probes: Readonly<
    Record<string, { readonly auroc: number; readonly ci_low: number; readonly ci_high: number }>
  >;
  /** Keyed `A-B`; null where a rung was no model and the delta is refused. */
  readonly deltas: Readonly<Record<string, Interval | null>>;
}

/** Choices of a figure that its numbers do not make. */
export interface LadderOptions {
  /** File stem, `ladder` unless told. */
  readonly name?: string;
  /** Bold line above the plot, such as the data set and the layer. */
  readonly heading?: string;
}

/** A row of either panel. */
interface ForestRow {
  readonly label: string;
  readonly estimate: Interval | null;
  readonly style: SeriesStyle;
}

const CHANCE = 0.5;
const VALUE_COLUMN = 158;
const GAP = 62;

/**
 * AUROC per rung with 95 % intervals (dashed: chance) and AUROC differences (filled: interval excludes 0).
 * @throws {RangeError} if there is no rung
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ladderFigure } from "lib/report/figures/ladder.ts";
 * const { source } = ladderFigure({
 *   probes: { P1_cheap: { auroc: 0.6, ci_low: 0.55, ci_high: 0.65 } },
 *   deltas: {},
 * });
 * assert.deepEqual(source, [{ panel: "rung", key: "P1_cheap", point: 0.6, ci_low: 0.55, ci_high: 0.65 }]);
 * ```
 */
export function ladderFigure(results: LadderInput, options: LadderOptions = {}): FigureSpec {
  const rungs = Object.entries(results.probes).map(([name, { auroc, ci_low, ci_high }], index): ForestRow => {
    const style = rungStyle(name, index);
    return { label: style.label, style, estimate: { point: auroc, ci_low, ci_high } };
  });
  if (rungs.length === 0) throw new RangeError("Cannot draw the ladder: needs at least one rung, got none");
  const deltas = Object.entries(results.deltas).map(([key, estimate]): ForestRow => {
    const style = { ...rungStyle(key), label: deltaLabel(key), color: COLORS.black, symbol: "circle" };
    return { label: style.label, style, estimate };
  });
  const heights = [rungs.length * ROW_HEIGHT, deltas.length * ROW_HEIGHT] as const;
  const plotHeight = deltas.length > 0 ? heights[0] + GAP + heights[1] : heights[0];
  const top = options.heading ? 34 : 14;
  const bottom = 46;
  const lower = heights[1] / plotHeight;
  const layout: PlainObject = {
    xaxis: axis("AUROC (dashed: chance)", {
      anchor: "y",
      tickformat: ".2f",
      range: rangeWith(CHANCE, rungs),
    }),
    yaxis: rowAxis(rungs.map(({ label }) => label), { domain: [1 - heights[0] / plotHeight, 1] }),
    ...(deltas.length > 0 && {
      xaxis2: axis("AUROC difference (filled: 95 % interval excludes 0)", { anchor: "y2" }),
      yaxis2: rowAxis(deltas.map(({ label }) => label), { domain: [0, lower], anchor: "x2" }),
    }),
    shapes: [
      referenceLine(CHANCE, rungs.length, ""),
      ...(deltas.length > 0 ? [referenceLine(0, deltas.length, "2")] : []),
    ],
    annotations: [...valueColumn(rungs, "y", false), ...valueColumn(deltas, "y2", true)],
  };
  return {
    name: options.name ?? "ladder",
    title: `${options.heading ? `${options.heading}: ` : ""}AUROC of each rung and its differences`,
    data: [
      ...rungs.map((row, index) => forestTrace(row, index, "", true)),
      ...deltas.map((row, index) =>
        forestTrace(row, index, "2", row.estimate !== null && excludesZero(row.estimate))
      ),
    ],
    layout: {
      ...baseLayout({
        height: top + plotHeight + bottom,
        heading: options.heading,
        margin: { l: labelWidth([...rungs, ...deltas]), r: VALUE_COLUMN, t: top, b: bottom },
      }),
      ...layout,
    },
    source: [...sourceRows(results.probes, "rung"), ...sourceRows(results.deltas, "delta")],
  };
}

function forestTrace(row: ForestRow, index: number, panel: string, filled: boolean): PlainObject {
  const shown = row.estimate ? [row.estimate] : [];
  return {
    type: "scatter",
    mode: "markers",
    name: row.label,
    x: shown.map(({ point }) => point),
    y: shown.map(() => -index || 0),
    xaxis: `x${panel}`,
    yaxis: `y${panel}`,
    marker: openOrFilled(row.style, [filled]),
    error_x: errorBars(shown, row.style.color),
  };
}

/** Point and interval in figures, right of each row. */
function valueColumn(rows: readonly ForestRow[], yref: string, signed: boolean): PlainObject[] {
  return rows.map(({ estimate }, index) =>
    note(estimate ? formatInterval(estimate, 3, signed) : "no model", {
      xref: "paper",
      x: 1,
      xanchor: "left",
      xshift: 8,
      yref,
      y: -index || 0,
    })
  );
}

/** All intervals and a reference value, with room for the markers. */
function rangeWith(reference: number, rows: readonly ForestRow[]): readonly [number, number] {
  const ends = rows.flatMap(({ estimate }) => estimate ? [estimate.ci_low, estimate.ci_high] : []);
  const low = Math.min(reference, ...ends), high = Math.max(reference, ...ends);
  const pad = 0.05 * (high - low) || 0.05;
  return [low - pad, high + pad];
}

/** Left margin in px: DejaVu Sans at tick size averages under 6.9 px a character. */
function labelWidth(rows: readonly ForestRow[]): number {
  return Math.max(60, 14 + Math.round(6.9 * Math.max(...rows.map(({ label }) => label.length))));
}

function sourceRows(
  entries: Readonly<
    Record<
      string,
      { readonly auroc: number; readonly ci_low: number; readonly ci_high: number } | Interval | null
    >
  >,
  panel: string,
): SourceRow[] {
  return Object.entries(entries).map(([key, estimate]) => ({
    panel,
    key,
    point: estimate === null ? null : "auroc" in estimate ? estimate.auroc : estimate.point,
    ci_low: estimate?.ci_low ?? null,
    ci_high: estimate?.ci_high ?? null,
  }));
}
