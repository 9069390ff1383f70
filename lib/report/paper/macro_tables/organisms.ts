/** Macros of the model organisms' evaluation. */
import { fixed, type Format, INTEGER, percent } from "../latex.ts";
import type { Macro } from "./macro.ts";
import { intervalMacros, macrosOf } from "./shared.ts";

const FILE = "organisms/evaluation.json";

const gain = (name: string, shape: string, format: Format): Macro[] =>
  intervalMacros(
    FILE,
    name,
    [`${shape}.gain.value`, `${shape}.gain.ciLow`, `${shape}.gain.ciHigh`],
    format,
  );

export const ORGANISM_MACROS: readonly Macro[] = [
  ...macrosOf(FILE, "Org", [
    ["QuestionsN", "questions.nItems", INTEGER],
    ["QuestionsCheap", "questions.accuracyCheap", percent(1)],
    ["QuestionsExpensive", "questions.accuracyExpensive", percent(1)],
    ["QuestionsTrivial", "questions.trivialAurocWrong.max()", fixed(3)],
    ["OneHopError", "questions.errorByFactor.hops.[value=1].error", percent(1)],
    ["ThreeHopError", "questions.errorByFactor.hops.[value=3].error", percent(1)],
    ["EndingsN", "endings.nItems", INTEGER],
    ["EndingsCheap", "endings.accuracyCheap", percent(1)],
    ["EndingsExpensive", "endings.accuracyExpensive", percent(1)],
    ["EndingsTrivial", "endings.trivialAurocWrong.max()", fixed(3)],
    ["SeriesN", "series.nItems", INTEGER],
    ["SeriesCheap", "series.ratioCheap", fixed(3)],
    ["SeriesExpensive", "series.ratioExpensive", fixed(3)],
    ["SeriesTrivial", "series.trivialAurocHard.max()", fixed(3)],
  ]),
  ...gain("OrgQuestionsGain", "questions", percent(1)),
  ...gain("OrgEndingsGain", "endings", percent(1)),
  ...gain("OrgSeriesGain", "series", fixed(3)),
  ...["facts_cheap", "facts_expensive", "series_cheap", "series_expensive"].flatMap((model) => {
    const prefix = model.split("_").map((part) => part[0]?.toUpperCase() + part.slice(1)).join("");
    return macrosOf(`organisms/${model}/curve.json`, `Org${prefix}`, [["Steps", "spec.nSteps", INTEGER]]);
  }),
];
