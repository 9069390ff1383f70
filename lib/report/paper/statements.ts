/**
 * What the text says in words about numbers, as conditions on them: main.tex marks such a sentence with
 * `\holds{id}`, and the check fails when a marked sentence is no longer true.
 */
import type { Artifacts } from "./artifacts.ts";

/** A sentence in words, and when it is true. */
export interface Statement {
  readonly id: string;
  readonly says: string;
  readonly file: string;
  readonly keys: readonly string[];
  /** @param values of the keys, in order */
  readonly holds: (...values: number[]) => boolean;
}

const SQUAD = "records/llm_squad/probe_results.json";
const HELLASWAG = "records/llm_hellaswag/probe_results.json";
const SAE_OVER_RAW = "deltas.P3_cheap_sae-P2_cheap_raw";
const SAE_OVER_CHEAP = "deltas.P3_cheap_sae-P1_cheap";

const outsideZero = (low = NaN, high = NaN) => low > 0 || high < 0;

export const STATEMENTS: readonly Statement[] = [
  {
    id: "all-gates-pass",
    says: "every gate of the records profile passes",
    file: "records/gates.json",
    keys: ["count()", "count(passed=true)"],
    holds: (all, passed) => all === passed,
  },
  {
    id: "squad-sae-below-raw",
    says: "on SQuAD the SAE rung is below the raw one, interval as published",
    file: SQUAD,
    keys: [`${SAE_OVER_RAW}.ci_high`],
    holds: (high = NaN) => high < 0,
  },
  {
    id: "squad-sae-no-gain",
    says: "on SQuAD the SAE rung cannot be told from the cheap one",
    file: SQUAD,
    keys: [`${SAE_OVER_CHEAP}.ci_low`, `${SAE_OVER_CHEAP}.ci_high`],
    holds: (low, high) => !outsideZero(low, high),
  },
  {
    id: "hellaswag-sae-is-chance",
    says: "on HellaSwag the SAE rung is exactly chance and the raw rung below it",
    file: HELLASWAG,
    keys: ["probes.P3_cheap_sae.auroc", "probes.P2_cheap_raw.auroc"],
    holds: (sae = NaN, raw = NaN) => sae === 0.5 && raw < sae,
  },
  {
    id: "squad-raw-selects-best",
    says: "on SQuAD the raw rung alone abstains best",
    file: "records/llm_squad/selective_prediction.json",
    keys: [
      "probes.P4_raw_only.fraction_of_oracle_aurc",
      "probes.P1_cheap.fraction_of_oracle_aurc",
      "probes.P2_cheap_raw.fraction_of_oracle_aurc",
      "probes.P3_cheap_sae.fraction_of_oracle_aurc",
      "probes.P5_sae_only.fraction_of_oracle_aurc",
    ],
    holds: (raw = NaN, ...others) => others.every((other) => raw > other),
  },
  {
    id: "hellaswag-cheap-selects-best",
    says: "on HellaSwag the cheap rung abstains best",
    file: "records/llm_hellaswag/selective_prediction.json",
    keys: [
      "probes.P1_cheap.fraction_of_oracle_aurc",
      "probes.P2_cheap_raw.fraction_of_oracle_aurc",
      "probes.P3_cheap_sae.fraction_of_oracle_aurc",
      "probes.P4_raw_only.fraction_of_oracle_aurc",
      "probes.P5_sae_only.fraction_of_oracle_aurc",
    ],
    holds: (cheap = NaN, ...others) => others.every((other) => cheap > other),
  },
  {
    id: "squad-causal-all",
    says: "on SQuAD every latent is significant when patched at all positions",
    file: "records/llm_squad/causal_ablation_all.json",
    keys: ["per_feature_ablation_delta.count()", "per_feature_ablation_delta.count(significant=true)"],
    holds: (all, significant) => all === significant,
  },
  {
    id: "hellaswag-causal-last",
    says: "on HellaSwag no latent is significant at a single position",
    file: "records/llm_hellaswag/causal_ablation_last.json",
    keys: ["per_feature_ablation_delta.count(significant=true)"],
    holds: (significant) => significant === 0,
  },
  {
    id: "reconstruction-dwarfs-ablation",
    says: "on SQuAD the reconstruction alone costs more than ten times what the first-ranked latent does",
    file: "records/llm_squad/causal_ablation_all.json",
    keys: ["delta_sae_recon.point", "per_feature_ablation_delta.2154.point"],
    holds: (reconstruction = NaN, largest = NaN) => reconstruction > 10 * Math.abs(largest),
  },
  {
    id: "organisms-questions-gain",
    says: "the larger question organism is better, interval above zero",
    file: "organisms/evaluation.json",
    keys: ["questions.gain.ciLow", "endings.gain.ciLow", "series.gain.ciLow"],
    holds: (...lows) => lows.every((low) => low > 0),
  },
  {
    id: "organisms-hops-hard",
    says: "errors rise with the number of hops",
    file: "organisms/evaluation.json",
    keys: [1, 2, 3].map((hops) => `questions.errorByFactor.hops.[value=${hops}].error`),
    holds: (one = NaN, two = NaN, three = NaN) => one < two && two < three,
  },
  {
    id: "simulation-passes",
    says: "every method that declares itself valid is within its limits",
    file: "simulation/simulation.json",
    keys: ["rows.count()", "rows.count(passes=true)"],
    holds: (all, passed) => all === passed,
  },
];

/**
 * Whether a statement holds; undefined when its artifact does not exist.
 * @throws {RangeError} if the artifact exists but a key leads to no number
 */
export function statementHolds(artifacts: Artifacts, statement: Statement): boolean | undefined {
  const { file, keys, id } = statement;
  if (!artifacts.has(file)) return undefined;
  const values = keys.map((key) => {
    const value = artifacts.value(file, key);
    if (typeof value !== "number") {
      throw new RangeError(`Cannot check "${id}": no number at ${key} in ${file}`);
    }
    return value;
  });
  return statement.holds(...values);
}
