/** What the evaluation of the organisms says, in words that follow from its numbers. */
import type { TableView } from "../../report/sections/section.ts";
import type { Estimate } from "../../stats/estimate.ts";
import { estimateText } from "./card_tables.ts";
import type { OrganismsEvaluation, RiseByFactor } from "./evaluate.ts";

/** Whether the cheap model's error rises with each planted factor, and by how much. */
export function riseTable({ questions, endings, series }: OrganismsEvaluation): TableView {
  const rows = (kind: string, rises: RiseByFactor, format: { scale: number; decimals: number }) =>
    Object.entries(rises).map(([factor, rise]) => [kind, factor, estimateText(rise, format), verdict(rise)]);
  const percent = { scale: 100, decimals: 1 };
  return {
    caption:
      "Rise of the cheap model's error from a factor's lowest level to its highest, along the line of least " +
      "squares: points of wrong answers; CRPS in the unit of the amplitudes; CRPS over the in-sample seasonal error",
    header: ["kind", "factor", "rise [95 %]", "verdict"],
    rows: [
      ...rows("questions", questions.riseByFactor, percent),
      ...rows("endings", endings.riseByFactor, percent),
      ...rows("series, CRPS", series.crpsRiseByFactor, { scale: 1, decimals: 3 }),
      ...rows("series, scaled", series.riseByFactor, { scale: 1, decimals: 2 }),
    ],
  };
}

/** Sentences about the models and about what makes items hard for the cheap ones. */
export function organismFindings({ questions, endings, series }: OrganismsEvaluation): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const facts = Object.entries({ questions, endings }).map(([kind, shape]) =>
    `Of ${shape.nItems} held-out ${kind} the cheap model gets ${
      percent(shape.accuracyCheap)
    } right and the expensive one ${percent(shape.accuracyExpensive)} (gain ${
      estimateText(shape.gain, { scale: 100, decimals: 1 })
    } points).`
  );
  return [
    ...facts,
    `On ${series.nItems} held-out windows the CRPS is ${
      series.ratioCheap.toFixed(3)
    } times the seasonal naive's for the cheap model and ${
      series.ratioExpensive.toFixed(3)
    } for the expensive one (CRPS gain ${estimateText(series.gainCrps)}).`,
    ...Object.entries({
      questions: questions.riseByFactor,
      endings: endings.riseByFactor,
      "series (CRPS)": series.crpsRiseByFactor,
      "series (scaled CRPS)": series.riseByFactor,
    }).map(([kind, rises]) => `${kind}: ${sorted(rises)}.`),
  ];
}

function sorted(rises: RiseByFactor): string {
  const of = (wanted: string) =>
    Object.entries(rises).filter(([, rise]) => verdict(rise) === wanted).map(([name]) => name).join(", ");
  return ["rises", "falls", "not shown"].map((wanted) => [wanted, of(wanted)])
    .filter(([, names]) => names !== "")
    .map(([wanted, names]) =>
      wanted === "not shown" ? `no trend shown with ${names}` : `the error ${wanted} with ${names}`
    )
    .join("; ");
}

function verdict({ ciLow, ciHigh }: Estimate): "rises" | "falls" | "not shown" {
  return ciLow > 0 ? "rises" : ciHigh < 0 ? "falls" : "not shown";
}
