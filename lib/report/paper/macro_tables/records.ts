/** Macros of the records profile: the published study re-derived. */
import { fixed, type Format, INTEGER, percent, signed } from "../latex.ts";
import type { Macro } from "./macro.ts";
import { intervalMacros, macrosOf } from "./shared.ts";

const HASH: Format = { as: "hash", digits: 12 };

/** Runs of the records and the LaTeX prefix of each. */
const RUNS = [
  ["llm_hellaswag", "Hs"],
  ["llm_hellaswag_late", "HsLate"],
  ["llm_squad", "Sq"],
  ["llm_squad_late", "SqLate"],
] as const;

const RUNGS = [
  ["POne", "P1_cheap"],
  ["PTwo", "P2_cheap_raw"],
  ["PThree", "P3_cheap_sae"],
  ["PFour", "P4_raw_only"],
  ["PFive", "P5_sae_only"],
] as const;

const DELTAS = [
  ["RawOverCheap", "P2_cheap_raw-P1_cheap"],
  ["SaeOverCheap", "P3_cheap_sae-P1_cheap"],
  ["SaeOverRaw", "P3_cheap_sae-P2_cheap_raw"],
] as const;

function runMacros(run: string, prefix: string): Macro[] {
  const file = (name: string) => `records/${run}/${name}.json`;
  return [
    ...macrosOf(file("probe_results"), prefix, [
      ["NTrain", "n_train", INTEGER],
      ["NTest", "n_test", INTEGER],
      ["HardShare", "hard_fraction", percent(1)],
      ...RUNGS.map(([name, rung]) => [name, `probes.${rung}.auroc`, fixed(3)] as const),
    ]),
    ...DELTAS.flatMap(([name, key]) =>
      intervalMacros(
        file("probe_results"),
        `${prefix}${name}`,
        [`deltas.${key}.point`, `deltas.${key}.ci_low`, `deltas.${key}.ci_high`],
        signed(3),
      )
    ),
    ...macrosOf(file("permutation"), `${prefix}Perm`, [
      ["N", "n_perm", INTEGER],
      ["POneSided", "p_one_sided", { as: "p", of: 10_000 }],
      ["PTwoSided", "p_two_sided", { as: "p", of: 10_000 }],
    ]),
    ...macrosOf(
      file("selective_prediction"),
      `${prefix}Selective`,
      RUNGS.map(([name, rung]) => [name, `probes.${rung}.fraction_of_oracle_aurc`, percent(1)] as const),
    ),
    ...macrosOf(file("cascade_results"), `${prefix}Cascade`, [
      ["POne", "probes.P1_cheap.n_dominating_points", INTEGER],
      ["PThree", "probes.P3_cheap_sae.n_dominating_points", INTEGER],
      ["CheapError", "always_cheap.mean_error", percent(1)],
      ["ExpensiveError", "always_expensive.mean_error", percent(1)],
    ]),
    ...macrosOf(file("recalibration_results"), `${prefix}Calibration`, [
      ["Raw", "P1_cheap.raw.ece", fixed(3)],
      ["Platt", "P1_cheap.platt.ece", fixed(3)],
      ["Isotonic", "P1_cheap.isotonic.ece", fixed(3)],
      ["RawAuroc", "P1_cheap.raw.auroc", fixed(3)],
    ]),
  ];
}

function causalMacros(run: string, prefix: string): Macro[] {
  return (["all", "last"] as const).flatMap((coverage) => {
    const file = `records/${run}/causal_ablation_${coverage}.json`;
    const name = `${prefix}Causal${coverage === "all" ? "All" : "Last"}`;
    return macrosOf(file, name, [
      ["Significant", "per_feature_ablation_delta.count(significant=true)", INTEGER],
      ["Zero", "per_feature_ablation_delta.count(point=0)", INTEGER],
      ["Latents", "per_feature_ablation_delta.count()", INTEGER],
      ["Natural", "mean_natural", fixed(3)],
      ["Recon", "delta_sae_recon.point", signed(3)],
    ]);
  });
}

export const RECORDS_MACROS: readonly Macro[] = [
  ...macrosOf("records/gates.json", "Gates", [
    ["Total", "count()", INTEGER],
    ["Passed", "count(passed=true)", INTEGER],
    ["Numbers", "sum(nNumbers)", INTEGER],
  ]),
  ...macrosOf("records/claims.json", "Claims", [
    ["Total", "claims.count()", INTEGER],
    ["Survive", "claims.count(outcome=survives)", INTEGER],
    ["Fall", "claims.count(outcome=falls)", INTEGER],
    ["Untold", "claims.count(outcome=cannot be told)", INTEGER],
  ]),
  ...macrosOf("records/manifest.json", "Records", [
    ["Seed", "seed", INTEGER],
    ["PrimaryHash", "primary_sha256", HASH],
    ["ConfigHash", "config_sha256", HASH],
    ["SynthesisHash", "outputs.'cross_modal_synthesis.json'", HASH],
    ["GatesHash", "outputs.'gates.json'", HASH],
  ]),
  ...RUNS.flatMap(([run, prefix]) => runMacros(run, prefix)),
  ...causalMacros("llm_hellaswag", "Hs"),
  ...causalMacros("llm_squad", "Sq"),
  ...macrosOf("records/llm_squad/causal_ablation_boundary_sae_boundary.json", "SqCausalBoundary", [
    ["Zero", "per_feature_ablation_delta.count(point=0)", INTEGER],
    ["Significant", "per_feature_ablation_delta.count(significant=true)", INTEGER],
  ]),
  ...macrosOf("records/llm_hellaswag/data_checks.json", "Hs", [["Purged", "purge.n_purged", INTEGER]]),
];
