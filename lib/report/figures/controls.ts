/** Controls beside the real label: what must be found in the activations, and what may not be found in coins. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import type { FactorRung } from "../../questions/controls/positive.ts";
import type { DrawnShare } from "./power_curve.ts";
import { labelMargin, spanOf, topMargin } from "./inference_marks.ts";
import {
  axis,
  baseLayout,
  COLORS,
  errorBars,
  type Interval,
  referenceLine,
  ROW_HEIGHT,
  rowAxis,
  rungStyle,
  topLegend,
} from "./theme.ts";

/** A factor of the items, decoded from two blocks. */
export interface DecodedFactor {
  readonly factor: string;
  /** planted: must be found in raw and not in cheap; untouched: no choice was made on it. */
  readonly role: "planted" | "other" | "untouched";
  readonly raw: Pick<FactorRung, "auroc" | "ci_low" | "ci_high">;
  readonly cheap: Pick<FactorRung, "auroc" | "ci_low" | "ci_high">;
}

/** What the figure shows. */
export interface ControlsInput {
  readonly factors: readonly DecodedFactor[];
  /** Share of coin-flip labels whose interval excludes 0.5, by rung. */
  readonly rejected: Readonly<Record<string, DrawnShare>>;
  /** Largest share that is allowed. */
  readonly max_rejected_share: number;
}

const GAP = 64;
const CHANCE = 0.5, LEVEL = 0.05;
/** Where in a row the two blocks lie. */
const RAISED = 0.18;
const BLOCKS = [
  ["raw", { name: "raw activations", color: COLORS.blue, symbol: "circle", at: RAISED }],
  ["cheap", { name: "cheap statistics", color: COLORS.vermillion, symbol: "square-open", at: -RAISED }],
] as const;

/**
 * Above: AUROC of each factor from raw activations and from cheap statistics. Below: how often each rung finds
 * difficulty in coin flips; dashed the nominal level, dotted the most that is allowed.
 * @throws {RangeError} without a factor or a rung
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { controlsFigure } from "lib/report/figures/controls.ts";
 * const rung = { auroc: 0.9, ci_low: 0.8, ci_high: 1 };
 * const { source } = controlsFigure({
 *   factors: [{ factor: "level", role: "planted", raw: rung, cheap: rung }],
 *   rejected: { P1_cheap: { n: 200, count: 10, share: 0.05, ci_low: 0.02, ci_high: 0.09 } },
 *   max_rejected_share: 0.08,
 * });
 * assert.equal(source.length, 3);
 * ```
 */
export function controlsFigure(
  { factors, rejected, max_rejected_share }: ControlsInput,
  options: { readonly name?: string; readonly heading?: string } = {},
): FigureSpec {
  const rungs = Object.entries(rejected);
  if (factors.length === 0 || rungs.length === 0) {
    throw new RangeError("Cannot draw controls: needs a factor and a rung, got none");
  }
  const { heading } = options;
  const labels = [
    factors.map(({ factor, role }) => role === "other" ? factor : `${factor} (${role})`),
    rungs.map(([rung]) => rungStyle(rung).label),
  ] as const;
  const heights = labels.map(({ length }) => length * ROW_HEIGHT) as [number, number];
  const plot = heights[0] + GAP + heights[1];
  const top = topMargin(heading, 1), bottom = 46;
  const shares = rungs.map(([, { share, ci_low, ci_high }]): Interval => ({ point: share, ci_low, ci_high }));
  const decoded = factors.flatMap(({ raw, cheap }) => [intervalOf(raw), intervalOf(cheap)]);
  return {
    name: options.name ?? "controls",
    title: `${heading ? `${heading}: ` : ""}factors decoded, and difficulty found in coin flips`,
    data: [
      ...BLOCKS.map(([block, { name, color, symbol, at }]): PlainObject => ({
        ...{ type: "scatter", mode: "markers", name },
        x: factors.map((own) => own[block].auroc),
        y: factors.map((_, row) => at - row),
        marker: { color, symbol, size: 7, line: { width: 1.5, color } },
        error_x: errorBars(factors.map((own) => intervalOf(own[block])), color),
      })),
      {
        ...{ type: "scatter", mode: "markers", name: "coin-flip labels", xaxis: "x2", yaxis: "y2" },
        x: shares.map(({ point }) => 100 * point),
        y: shares.map((_, row) => -row || 0),
        marker: { color: COLORS.black, symbol: "diamond", size: 8 },
        error_x: errorBars(shares.map(inPercent), COLORS.black),
      },
    ],
    layout: {
      ...baseLayout({
        height: top + plot + bottom,
        heading,
        margin: { l: labelMargin(labels.flat()), t: top, b: bottom },
      }),
      showlegend: true,
      legend: topLegend({ itemwidth: 30, y: 1 + 8 / plot }),
      xaxis: axis("AUROC of the factor (dashed: chance)", {
        ...{
          anchor: "y",
          range: spanOf([CHANCE, ...decoded.flatMap(({ ci_low, ci_high }) => [ci_low, ci_high])]),
        },
      }),
      yaxis: rowAxis(labels[0], { domain: [1 - heights[0] / plot, 1] }),
      xaxis2: axis("Coin-flip labels whose interval excludes 0.5 (%)", {
        ...{
          anchor: "y2",
          range: spanOf([
            0,
            ...[max_rejected_share, ...shares.map(({ ci_high }) => ci_high)].map((x) => 100 * x),
          ]),
        },
      }),
      yaxis2: rowAxis(labels[1], { domain: [0, heights[1] / plot], anchor: "x2" }),
      shapes: [
        referenceLine(CHANCE, factors.length, ""),
        referenceLine(100 * LEVEL, rungs.length, "2"),
        {
          ...referenceLine(100 * max_rejected_share, rungs.length, "2"),
          line: { color: COLORS.vermillion, width: 1.2, dash: "dot" },
        },
      ],
    },
    source: [
      ...factors.flatMap(({ factor, role, ...own }) =>
        BLOCKS.map(([block]): SourceRow => ({
          ...{ panel: "factor", of: factor, role, block, point: own[block].auroc },
          ...{ ci_low: own[block].ci_low, ci_high: own[block].ci_high },
        }))
      ),
      ...rungs.map(([rung, { share, ci_low, ci_high }]): SourceRow => ({
        ...{ panel: "rejected", of: rung, role: "coins", block: "labels", point: share, ci_low, ci_high },
      })),
    ],
  };
}

/** Of width zero where the interval was refused. */
function intervalOf({ auroc, ci_low, ci_high }: DecodedFactor["raw"]): Interval {
  return { point: auroc, ci_low: ci_low ?? auroc, ci_high: ci_high ?? auroc };
}

function inPercent({ point, ci_low, ci_high }: Interval): Interval {
  return { point: 100 * point, ci_low: 100 * ci_low, ci_high: 100 * ci_high };
}
