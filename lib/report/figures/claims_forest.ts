/** Claims and their effects: which the evidence carries, which it contradicts, and which may not be made at all. */
import type { FigureSpec, PlainObject } from "../../io/figures/figure_spec.ts";
import type { ClaimStatus, RungClaim } from "../../questions/claims_corrected.ts";
import {
  drawnInterval,
  inferenceBars,
  inferenceSource,
  inferenceText,
  labelMargin,
  spanOf,
  topMargin,
} from "./inference_marks.ts";
import { axis, baseLayout, COLORS, deltaLabel, note, referenceLine, rowAxis, topLegend } from "./theme.ts";

/** Colour and marker of an outcome; open where nothing is claimed. */
const LOOKS: Readonly<Record<ClaimStatus, readonly [color: string, symbol: string]>> = {
  supported: [COLORS.blue, "circle"],
  equivalent: [COLORS.green, "diamond"],
  contradicted: [COLORS.vermillion, "square"],
  undecided: [COLORS.black, "circle-open"],
  underpowered: [COLORS.purple, "triangle-up-open"],
  blocked: [COLORS.grey, "x-thin-open"],
};
const ROW = 46;
const VALUE_COLUMN = 178;
/** Characters of a line of a statement. */
const LINE = 36;

/**
 * A row a claim: its statement, the effect with its 95 % interval, the outcome; a blocked claim is greyed.
 * @throws {RangeError} if there is no claim
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { judgeClaim } from "lib/questions/claims_corrected.ts";
 * import { tInterval } from "lib/stats/interval.ts";
 * import { claimsForestFigure } from "lib/report/figures/claims_forest.ts";
 * const inference = tInterval({ method: "z", value: 1, standardError: 0.1, df: Infinity, nUnits: 9 });
 * const gate = { name: "SAE gate", reasons: ["no autoencoder was judged"] };
 * const claim = judgeClaim("codes add", { claims: "above zero", inference, requirements: [gate] });
 * const { data } = claimsForestFigure([{ ...claim, pair: "P3_cheap_sae-P2_cheap_raw" }]);
 * assert.equal(data[0]!.name, "blocked");
 * ```
 */
export function claimsForestFigure(
  claims: readonly RungClaim[],
  options: { readonly name?: string; readonly heading?: string } = {},
): FigureSpec {
  if (claims.length === 0) throw new RangeError("Cannot draw claims: needs a claim, got none");
  const { heading } = options;
  const labels = claims.map(({ statement }) => wrap(statement));
  const statuses = (Object.keys(LOOKS) as ClaimStatus[]).filter((status) =>
    claims.some((claim) => claim.status === status)
  );
  const ends = claims.flatMap(({ inference }) => {
    const { ci_low, ci_high } = drawnInterval(inference);
    return [ci_low, ci_high];
  });
  const top = topMargin(heading, statuses.length), bottom = 46;
  return {
    name: options.name ?? "claims",
    title: `${heading ? `${heading}: ` : ""}claims, their effects and what becomes of them`,
    data: statuses.map((status): PlainObject => {
      const [color, symbol] = LOOKS[status];
      const own = claims.map((claim, row) => ({ ...claim, row })).filter((claim) => claim.status === status);
      return {
        ...{ type: "scatter", mode: "markers", name: status },
        x: own.map(({ inference }) => inference.value),
        y: own.map(({ row }) => -row || 0),
        marker: { color, symbol, size: 9, line: { width: 1.8, color } },
        error_x: inferenceBars(own.map(({ inference }) => inference), color),
      };
    }),
    layout: {
      ...baseLayout({
        height: top + claims.length * ROW + bottom,
        heading,
        margin: { l: labelMargin(labels), r: VALUE_COLUMN, t: top, b: bottom },
      }),
      showlegend: true,
      legend: topLegend({ itemwidth: 30 }),
      xaxis: axis("AUROC difference", { range: spanOf([0, ...ends]), nticks: 5 }),
      yaxis: rowAxis(labels),
      shapes: [referenceLine(0, claims.length, "")],
      annotations: claims.map(({ inference, pair, status }, row) =>
        note(`${deltaLabel(pair)}, ${status}<br>${inferenceText(inference, 3)}`, {
          ...{ xref: "paper", x: 1, xanchor: "left", xshift: 8, yref: "y", y: -row || 0, align: "left" },
          font: { size: 11, color: status === "blocked" ? COLORS.grey : COLORS.black },
        })
      ),
    },
    source: claims.map(({ statement, pair, status, reasons, inference }) => ({
      ...{ statement, pair, status, reasons: reasons.join("; ") },
      ...inferenceSource(inference),
    })),
  };
}

/** Breaks a statement between words. */
function wrap(statement: string): string {
  const lines = [""];
  for (const word of statement.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > LINE) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("<br>");
}
