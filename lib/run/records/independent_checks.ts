/**
 * Figures that others measured on the same records with other code, beside this project's. A difference is explained
 * by computed figures, never by words alone.
 */
import { normalCdf } from "../../math/distributions.ts";
import { auroc } from "../../stats/auroc.ts";
import { chanceOfShare } from "../../stats/draws.ts";
import { stratifiedAuroc } from "../../stats/stratified_auroc.ts";
import { markdownTable } from "../../report/text_table.ts";
import type { ProbeExperiment } from "./experiments.ts";
import {
  countsOfOtherShuffles,
  N_THRESHOLDS,
  type ShuffledCount,
  shuffledCounts,
} from "./shuffled_counts.ts";
import type { OtherShuffle } from "./other_shuffles.ts";
import type { RecordedStudy } from "./study.ts";
import { isConstant } from "./switches/part.ts";
import { answerWords } from "./switches/study.ts";

/** One figure, theirs beside ours. */
export interface IndependentCheck {
  readonly run: string;
  readonly quantity: string;
  /** As it was given. */
  readonly stated: string;
  readonly value: number | string;
  /** Whether ours rounds to theirs, or lies in their range. */
  readonly agrees: boolean;
  /** null where they agree */
  readonly explanation: string | null;
}

/** A stated range, or a stated figure with its digits. */
type Stated = { readonly low: number; readonly high: number } | {
  readonly value: number;
  readonly digits: number;
};

/** The checks that a study allows: the mid layer's. */
export function independentChecks(study: RecordedStudy, probe: ProbeExperiment): IndependentCheck[] {
  if (study.run === "llm_squad") return [...shuffledChecks(study, probe), ...lengthChecks(study)];
  return study.run === "llm_hellaswag" ? [constantCheck(study)] : [];
}

function shuffledChecks(study: RecordedStudy, probe: ProbeExperiment): IndependentCheck[] {
  const counts = shuffledCounts(study, probe);
  const checkOf = (
    rung: "P1_cheap" | "P3_cheap_sae",
    stated: Readonly<Record<"observed" | "mean" | "p", Stated>>,
  ) => {
    const own = counts.filter((count) => count.rung === rung);
    const recorded = own.find(({ scores }) => scores === "recorded") ?? own[0]!;
    const check = (quantity: string, value: number, theirs: Stated, explain: () => string) =>
      checked(study.run, quantity, { value, stated: theirs, explain });
    return [
      check(`thresholds that dominate by ${rung}`, recorded.observed, stated.observed, () => ""),
      check(
        `mean count of shuffled ${rung} scores`,
        recorded.mean,
        stated.mean,
        () => explainMean(recorded, stated.mean),
      ),
      check(
        `P(shuffled ${rung} scores give at least ${recorded.observed})`,
        recorded.p_at_least,
        stated.p,
        () =>
          explainP(own, recorded, {
            stated: stated.p,
            others: countsOfOtherShuffles(study, rung, recorded.observed),
          }),
      ),
    ];
  };
  return [
    ...checkOf("P3_cheap_sae", {
      observed: { value: 31, digits: 0 },
      mean: { low: 19, high: 20 },
      p: { low: 0.15, high: 0.17 },
    }),
    ...checkOf("P1_cheap", {
      observed: { value: 24, digits: 0 },
      mean: { value: 14.7, digits: 1 },
      p: { value: 0.03, digits: 2 },
    }),
  ];
}

function lengthChecks(study: RecordedStudy): IndependentCheck[] {
  const words = answerWords(study);
  if (words === undefined) return [];
  const { labels, scores } = study.test;
  const within = stratifiedAuroc(scores.P2_cheap_raw, labels, words);
  return [
    checked(study.run, "AUROC of minus the gold answer's word count", {
      value: auroc(words.map((count) => -count), labels),
      stated: { value: 0.815, digits: 3 },
      explain: () => "",
    }),
    checked(study.run, `AUROC of P2_cheap_raw within answer lengths (${within.nPairs} pairs)`, {
      value: within.value,
      stated: { value: 0.717, digits: 3 },
      explain: () => "",
    }),
  ];
}

function constantCheck({ run, test }: RecordedStudy): IndependentCheck {
  const value = Object.entries(test.scores).filter(([, scores]) => isConstant(scores)).map(([rung]) => rung)
    .join(", ");
  const stated = "P3_cheap_sae, P5_sae_only";
  return {
    ...{ run, quantity: "rungs with constant scores", stated, value, agrees: value === stated },
    explanation: value === stated ? null : "other scores are recorded",
  };
}

function checked(
  run: string,
  quantity: string,
  { value, stated, explain }: {
    readonly value: number;
    readonly stated: Stated;
    readonly explain: () => string;
  },
): IndependentCheck {
  const { low, high } = edges(stated);
  const agrees = value >= low && ("low" in stated ? value <= high : value < high);
  return {
    run,
    quantity,
    stated: "low" in stated ? `${low} to ${high}` : stated.value.toFixed(stated.digits),
    value,
    agrees,
    explanation: agrees ? null : explain(),
  };
}

/** What rounds to a stated figure, or the stated range. */
function edges(stated: Stated): { readonly low: number; readonly high: number } {
  if ("low" in stated) return stated;
  const half = 0.5 * Number(`1e-${stated.digits}`);
  return { low: stated.value - half, high: stated.value + half };
}

/** Numbers of deals that such a figure is usually read from. */
const USUAL_DEALS = [200, 1000, 5000, 20_000];

function explainMean({ mean, sd }: ShuffledCount, stated: Stated): string {
  const { low, high } = edges(stated);
  const chance = (nDeals: number) => {
    const at = (x: number) => normalCdf((x - mean) / sd * Math.sqrt(nDeals));
    return at(high) - at(low);
  };
  return `The exact mean is ${mean.toFixed(3)} (standard deviation from deal to deal ${
    sd.toFixed(2)
  }); a mean of random deals prints the stated figure with a chance of ${printed(chance)}.`;
}

function explainP(
  own: readonly ShuffledCount[],
  recorded: ShuffledCount,
  { stated, others }: { readonly stated: Stated; readonly others: readonly OtherShuffle[] },
): string {
  const { low, high } = edges(stated);
  const { observed, n_routing, p_at_least, p_more } = recorded;
  const deals = own.filter((count) => count !== recorded);
  const variants = [
    ...deals.map((count) => ({ name: `${count.scores}, dealt ${count.dealt}`, ...count })),
    ...others.map((count) => ({ name: count.baseline, ...count })),
  ];
  const isStated = (p: number) => p >= low && p < high;
  const fitting = variants.filter((count) => isStated(count.p_at_least));
  const scale = "value" in stated ? Number(`1e${stated.digits}`) : 0;
  const isCut = "value" in stated && Math.floor(p_at_least * scale) === Math.round(stated.value * scale);
  return [
    `The exact P(>= ${observed}) is ${
      p_at_least.toFixed(4)
    } for the recorded scores dealt over all items; P(> ${observed}) is ${p_more.toFixed(4)}.`,
    `P(>= ${observed}) and the mean count otherwise: ${
      variants.map(({ name, p_at_least, p_error, mean }) =>
        `${name} ${p_at_least.toFixed(4)}${p_error > 0 ? ` (+- ${p_error.toFixed(4)})` : ""}, ${
          mean.toFixed(2)
        }`
      ).join("; ")
    }.`,
    fitting.length === 0 && !isStated(p_more)
      ? "None of these, and no strict count, gives the stated figure."
      : `The stated P comes out with ${
        [...fitting.map(({ name }) => name), ...isStated(p_more) ? ["a strict count"] : []].join(" and with ")
      }.`,
    `Only ${n_routing} of the ${N_THRESHOLDS} thresholds route some items and not all: ${observed} is ${
      n_routing - observed
    } below the most there can be, and this one count carries ${(p_at_least - p_more).toFixed(4)} of P.`,
    `A share of random deals prints the stated figure with a chance of ${
      printed((nDeals) => chanceOfShare(p_at_least, nDeals, { low, high }))
    }${isCut ? "; so does the exact P when it is cut instead of rounded" : ""}.`,
  ].join(" ");
}

function printed(chance: (nDeals: number) => number): string {
  return USUAL_DEALS.map((nDeals) => `${(100 * chance(nDeals)).toFixed(0)} % at ${nDeals} deals`).join(", ");
}

/** The table, and the explanations under it. */
export function checksTable(checks: readonly IndependentCheck[]): string {
  const table = markdownTable(
    ["run", "quantity", "measured by others", "here", "agrees"],
    checks.map(({ run, quantity, stated, value, agrees }) => [
      ...[run, quantity, stated],
      typeof value === "number" ? String(Number(value.toPrecision(4))) : value,
      agrees ? "yes" : "NO",
    ]),
  );
  const explained = checks.filter(({ explanation }) => explanation !== null).map((
    { quantity, explanation },
  ) => `${quantity}: ${explanation}\n`);
  return [table, ...explained].join("\n");
}
