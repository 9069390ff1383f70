/** How many thresholds dominate by luck: the law of the count when scores are dealt at random, and the observed count. */
import type { FigureSpec, PlainObject } from "../../io/figures/figure_spec.ts";
import { topMargin } from "./inference_marks.ts";
import { axis, baseLayout, COLORS, formatNumber, rungStyle, topLegend } from "./theme.ts";

/** One rung's law, as dealtCountLaw() gives it, and its observed count. */
export interface DealtCount {
  readonly rung: string;
  /** P(count = c), shape [nThresholds + 1] */
  readonly law: readonly number[];
  readonly observed: number;
  readonly p_at_least: number;
}

const PANEL = 220;

/**
 * P(count = c) of every rung over all deals, with a vertical line at the count that the scores gave as they are.
 * @throws {RangeError} if there is no law
 * @see dealtCountLaw(): Feller 1968, vol. 1, section II.6
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dealtCountLawFigure } from "lib/report/figures/dealt_count_law.ts";
 * const one = { rung: "P1_cheap", law: [0.5, 0.5], observed: 1, p_at_least: 0.5 };
 * const { source } = dealtCountLawFigure([one]);
 * assert.deepEqual(source.map(({ probability }) => probability), [0.5, 0.5]);
 * ```
 */
export function dealtCountLawFigure(
  counts: readonly DealtCount[],
  options: { readonly name?: string; readonly heading?: string } = {},
): FigureSpec {
  if (counts.length === 0) throw new RangeError("Cannot draw a law of counts: needs one, got none");
  const { heading } = options;
  const top = topMargin(heading, counts.length);
  const highest = Math.max(...counts.flatMap(({ law }) => law));
  const widest = Math.max(...counts.map(({ law }) => law.length - 1));
  return {
    name: options.name ?? "dealt_count_law",
    title: `${heading ? `${heading}: ` : ""}dominating thresholds when scores are dealt at random`,
    data: counts.flatMap(({ rung, law, observed, p_at_least }, k): PlainObject[] => {
      const { label, color, symbol, dash } = rungStyle(rung, k);
      return [
        {
          ...{ type: "scatter", mode: "lines+markers", x: law.map((_, count) => count), y: law },
          name: `${label}: observed ${observed}, P(at least) ${formatNumber(p_at_least, 4)}`,
          line: { color, dash, width: 1.4, shape: "hvh" },
          marker: { color, symbol, size: 4 },
        },
        {
          ...{ type: "scatter", mode: "lines", showlegend: false },
          ...{ x: [observed, observed], y: [0, 1.08 * highest] },
          line: { color, dash, width: 2 },
        },
      ];
    }),
    layout: {
      ...baseLayout({ height: top + PANEL + 48, heading, margin: { t: top } }),
      showlegend: true,
      legend: topLegend(),
      xaxis: axis("Dominating thresholds (vertical: observed)", { range: [-0.8, widest + 0.8] }),
      yaxis: axis("Probability over all deals", {
        range: [0, 1.12 * highest],
        zeroline: true,
        zerolinecolor: COLORS.grey,
      }),
    },
    source: counts.flatMap(({ rung, law, observed }) =>
      law.map((probability, count) => ({ rung, count, probability, is_observed: count === observed }))
    ),
  };
}
