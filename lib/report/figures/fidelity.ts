/** Fidelity by coverage: what patching itself costs beside what ablating the latents does, where and how they are patched. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import {
  axis,
  baseLayout,
  COLORS,
  errorBars,
  excludesZero,
  type Interval,
  openOrFilled,
  referenceLine,
  ROW_HEIGHT,
  rowAxis,
  type SeriesStyle,
} from "./theme.ts";

/** One way to patch. */
export interface FidelityRow {
  /** Which positions are patched: "all", "last", ... */
  readonly coverage: string;
  /** "reconstruction", or "error kept". */
  readonly patchedWith: string;
  /** Fraction of variance unexplained at the patched positions. */
  readonly fvu: number;
  /** Change of the metric by patching alone. */
  readonly cost: Interval;
  /** Change by ablating all latents, beyond the cost; null where no interval is valid. */
  readonly effect: Interval | null;
}

const STYLES: readonly [SeriesStyle, SeriesStyle] = [
  { label: "patching alone", color: COLORS.vermillion, symbol: "square", dash: "solid" },
  { label: "latents ablated", color: COLORS.blue, symbol: "circle", dash: "solid" },
];

/**
 * Two forests over the same rows: the cost of patching, and the latents' joint effect.
 * @throws {RangeError} if there is no row
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fidelityFigure } from "lib/report/figures/fidelity.ts";
 * const cost = { point: 0.2, ci_low: 0.1, ci_high: 0.3 };
 * const all = { coverage: "all", patchedWith: "reconstruction", fvu: 0.03, cost, effect: null };
 * assert.equal(fidelityFigure([all], { metric: "nats" }).source[0]!["cost"], 0.2);
 * ```
 */
export function fidelityFigure(
  rows: readonly FidelityRow[],
  { metric, heading, name }: { readonly metric: string; readonly heading?: string; readonly name?: string },
): FigureSpec {
  if (rows.length === 0) throw new RangeError("Cannot draw fidelity: needs a coverage, got none");
  const labels = rows.map(({ coverage, patchedWith, fvu }) =>
    `${coverage}, ${patchedWith} (FVU ${Number(fvu.toPrecision(2))})`
  );
  const top = (heading ? 34 : 14) + 18, bottom = 50;
  const left = 20 + Math.round(6.3 * Math.max(...labels.map(({ length }) => length)));
  const panel = (at: 0 | 1, of: (row: FidelityRow) => Interval | null): PlainObject => {
    const shown = rows.flatMap((row, i) => {
      const interval = of(row);
      return interval ? [{ interval, y: -i || 0 }] : [];
    });
    const intervals = shown.map(({ interval }) => interval);
    return {
      ...{ type: "scatter", mode: "markers", name: STYLES[at].label, y: shown.map(({ y }) => y) },
      ...(at === 1 && { xaxis: "x2", yaxis: "y2" }),
      x: intervals.map(({ point }) => point),
      marker: openOrFilled(STYLES[at], intervals.map(excludesZero)),
      error_x: errorBars(intervals, STYLES[at].color),
    };
  };
  const title = ({ label }: SeriesStyle, anchor: string): PlainObject => ({
    ...{ text: label, showarrow: false, font: { size: 12 }, xref: `${anchor} domain`, x: 0, xanchor: "left" },
    ...{ yref: "paper", y: 1, yanchor: "bottom" },
  });
  return {
    name: name ?? "fidelity",
    title: `${heading ? `${heading}: ` : ""}cost of patching and joint effect of the latents, by coverage`,
    data: [panel(0, ({ cost }) => cost), panel(1, ({ effect }) => effect)],
    layout: {
      ...baseLayout({
        ...{
          height: top + rows.length * ROW_HEIGHT + bottom,
          heading,
          margin: { l: left, t: top, b: bottom },
        },
      }),
      xaxis: axis("", { domain: [0, 0.46], nticks: 4 }),
      xaxis2: axis("", { domain: [0.54, 1], anchor: "y2", nticks: 4 }),
      yaxis: rowAxis(labels),
      yaxis2: rowAxis(labels, { anchor: "x2", showticklabels: false }),
      shapes: [referenceLine(0, rows.length, ""), referenceLine(0, rows.length, "2")],
      annotations: [
        title(STYLES[0], "x"),
        title(STYLES[1], "x2"),
        {
          ...{ text: `Change of ${metric} (filled: 95 % interval excludes 0)`, showarrow: false },
          ...{
            font: { size: 12 },
            xref: "paper",
            x: 1,
            xanchor: "right",
            yref: "paper",
            y: 0,
            yanchor: "top",
          },
          yshift: -24,
        },
      ],
    },
    source: rows.map(({ coverage, patchedWith, fvu, cost, effect }): SourceRow => ({
      ...{ coverage, patched_with: patchedWith, fvu },
      ...{ cost: cost.point, cost_ci_low: cost.ci_low, cost_ci_high: cost.ci_high },
      effect: effect?.point ?? null,
      effect_ci_low: effect?.ci_low ?? null,
      effect_ci_high: effect?.ci_high ?? null,
    })),
  };
}
