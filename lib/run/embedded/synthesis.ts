/** From the artifacts of all studies to the cross-modal table: published keys first, the corrected answers besides. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { detectable } from "../../questions/causal_inference.ts";
import type { RungClaim } from "../../questions/claims_corrected.ts";
import type { SeededEffect } from "../../questions/seeds_corrected.ts";
import { interactionContrast } from "../../stats/contrast.ts";
import type { Inference } from "../../stats/interval.ts";
import { type PointInterval, type SynthesisRow, synthesisRow } from "../../synthesis.ts";
import { runOf, type StudyConfig } from "./study_config.ts";

/** The corrected answers of one study. */
export interface CorrectedAnswers {
  /** Whether a claim about SAE features may be made at all. */
  readonly gate: { readonly verdict: string; readonly n_refused: number; readonly n_seeds: number };
  /** P6 - B under each SAE seed, and over all of them. */
  readonly increment: readonly Inference[];
  readonly increment_over_seeds: Inference;
  /** What is printed of each claim, with the reason where it is blocked. */
  readonly claims: readonly RungClaim[];
  /** null where the causal question was not asked or no latent could be. */
  readonly causal: CausalVerdicts | null;
  readonly controls: {
    readonly positive: {
      readonly factor: string;
      readonly raw: number;
      readonly cheap: number;
      readonly passed: boolean;
    };
    /** Largest share of coin-flip relabelings, over the rungs, whose interval excludes 0.5. */
    readonly negative: { readonly max_share: number; readonly rung: string; readonly passed: boolean };
  };
  readonly P0_uncertainty: number;
  readonly P4_raw_only: number;
  /** AUGRC differences over all SAE seeds by pair; negative where the first abstains better. */
  readonly augrc_over_seeds: Readonly<Record<string, Inference>>;
  readonly cascade_share_of_oracle: Readonly<Record<string, number>>;
  readonly augrc_share_of_oracle: Readonly<Record<string, number>>;
}

/** How the tested latents came out, all positions and the last one, and the primary quantity. */
export interface CausalVerdicts {
  readonly all: Readonly<Record<string, number>>;
  readonly last: Readonly<Record<string, number>>;
  /** Joint ablation, hard less easy, over the loss of mean-ablating the hook. */
  readonly hard_minus_easy_share: Inference | null;
  readonly joint_effect: Inference;
  readonly joint_effect_minus_matched: Inference | null;
}

/** One study's column. */
export interface EmbeddedRow extends SynthesisRow {
  readonly corrected: CorrectedAnswers;
}

/** cross_modal_synthesis.json of the embedded profile. */
export interface EmbeddedSynthesis {
  readonly rows: readonly EmbeddedRow[];
  /** Is the increment over seeds another in the other modality? First language study less first series study. */
  readonly contrast: { readonly between: readonly [string, string]; readonly inference: Inference } | null;
  /** The same of the causal primary quantity. */
  readonly causal_contrast:
    | {
      readonly between: readonly [string, string];
      readonly inference: Inference;
      /** Difference that this precision finds in four of five pairs of studies. */
      readonly detectable: number | null;
    }
    | null;
}

/** Reads what the studies wrote. @param root holds a folder a study */
export function synthesizeStudies(configs: readonly StudyConfig[], root: string): EmbeddedSynthesis {
  const rows = configs.map((config) => rowOf(runOf(config), join(root, runOf(config))));
  const first = (modality: string) => {
    const at = configs.findIndex((config) => config.modality === modality);
    return at < 0 ? undefined : rows[at];
  };
  const [a, b] = [first("llm"), first("tsfm")];
  const contrast = (of: (row: EmbeddedRow) => Inference | null) => {
    const [left, right] = [a && of(a), b && of(b)];
    return a && b && left && right
      ? { between: [a.run, b.run] as const, inference: interactionContrast(left, right) }
      : null;
  };
  const causal = contrast(({ corrected }) => corrected.causal?.hard_minus_easy_share ?? null);
  return {
    rows,
    contrast: contrast(({ corrected }) => corrected.increment_over_seeds),
    causal_contrast: causal && { ...causal, detectable: detectable(causal.inference) },
  };
}

function rowOf(run: string, folder: string): EmbeddedRow {
  const read = (name: string) => {
    const path = join(folder, `${name}.json`);
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  };
  const [probe, sae, selective] = [
    read("probe_results"),
    read("sae_evaluation"),
    read("selective_prediction"),
  ];
  const [claims, controls] = [read("claims"), read("controls")];
  const [cascade, causalAll, causalLast] = [
    read("cascade_results"),
    read("causal_ablation_all"),
    read("causal_ablation_last"),
  ];
  const overSeeds = Object.fromEntries(
    Object.entries<SeededEffect>(claims.over_seeds).map((
      [pair, { inference }],
    ) => [pair, asInterval(inference)]),
  );
  return {
    ...synthesisRow(run, { probe, selective, cascade, causalAll, causalLast, overSeeds }),
    corrected: {
      gate: { verdict: sae.verdict, n_refused: sae.n_refused, n_seeds: sae.n_seeds },
      increment: probe.increment.by_seed.map(({ inference }: { readonly inference: Inference }) => inference),
      increment_over_seeds: claims.over_seeds["P6_nested_sae-B_uncertainty_cheap_raw"].inference,
      claims: claims.claims,
      causal: causalAll && causalLast
        ? {
          all: countVerdicts(causalAll),
          last: countVerdicts(causalLast),
          hard_minus_easy_share: causalAll.joint.hard_minus_easy_share,
          joint_effect: causalAll.joint.effect,
          joint_effect_minus_matched: causalAll.joint.effect_minus_matched,
        }
        : null,
      controls: {
        positive: {
          factor: controls.positive.factor,
          raw: controls.positive.raw.auroc,
          cheap: controls.positive.cheap.auroc,
          passed: controls.positive.passed,
        },
        negative: largestShare(controls.negative),
      },
      P0_uncertainty: probe.probes.P0_uncertainty.auroc,
      P4_raw_only: probe.probes.P4_raw_only.auroc,
      augrc_over_seeds: Object.fromEntries(
        Object.entries<SeededEffect>(selective.over_seeds).map(([pair, { inference }]) => [pair, inference]),
      ),
      cascade_share_of_oracle: shares(cascade.corrected.probes, "share_of_oracle_area"),
      augrc_share_of_oracle: shares(selective.corrected.probes, "share_of_oracle_augrc"),
    },
  };
}

function asInterval(inference: Inference): PointInterval | null {
  return inference.status === "valid" ? [inference.value, inference.ciLow, inference.ciHigh] : null;
}

function shares(
  probes: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  key: string,
): Record<string, number> {
  return Object.fromEntries(Object.entries(probes).map(([rung, value]) => [rung, Number(value[key])]));
}

function countVerdicts(
  { latents }: { readonly latents: readonly { readonly verdict: string }[] },
): Record<string, number> {
  const counts: Record<string, number> = { active: 0, quiet: 0, "not testable": 0 };
  for (const { verdict } of latents) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

function largestShare(
  { rungs, passed }: {
    readonly rungs: Readonly<Record<string, { readonly rejected: { readonly share: number } }>>;
    readonly passed: boolean;
  },
) {
  const [rung, { rejected }] = Object.entries(rungs).reduce((a, b) =>
    b[1].rejected.share > a[1].rejected.share ? b : a
  );
  return { max_share: rejected.share, rung, passed };
}
