/** From the artifacts of all studies to the cross-modal table: published keys first, the corrected answers besides. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { interactionContrast } from "../../stats/contrast.ts";
import type { Inference } from "../../stats/interval.ts";
import { type SynthesisRow, synthesisRow } from "../../synthesis.ts";
import { runOf, type StudyConfig } from "./study_config.ts";

/** The corrected answers of one study. */
export interface CorrectedAnswers {
  /** Whether a claim about SAE features may be made at all. */
  readonly gate: { readonly verdict: string; readonly n_refused: number; readonly n_seeds: number };
  /** P6 - B under each SAE seed. */
  readonly increment: readonly Inference[];
  readonly P0_uncertainty: number;
  readonly P4_raw_only: number;
  readonly cascade_share_of_oracle: Readonly<Record<string, number>>;
  readonly augrc_share_of_oracle: Readonly<Record<string, number>>;
}

/** One study's column. */
export interface EmbeddedRow extends SynthesisRow {
  readonly corrected: CorrectedAnswers;
}

/** cross_modal_synthesis.json of the embedded profile. */
export interface EmbeddedSynthesis {
  readonly rows: readonly EmbeddedRow[];
  /** Is the first seed's increment another in the other modality? First language study less first series study. */
  readonly contrast: { readonly between: readonly [string, string]; readonly inference: Inference } | null;
}

/** Reads what the studies wrote. @param root holds a folder a study */
export function synthesizeStudies(configs: readonly StudyConfig[], root: string): EmbeddedSynthesis {
  const rows = configs.map((config) => rowOf(runOf(config), join(root, runOf(config))));
  const first = (modality: string) => {
    const at = configs.findIndex((config) => config.modality === modality);
    return at < 0 ? undefined : rows[at];
  };
  const [a, b] = [first("llm"), first("tsfm")];
  return {
    rows,
    contrast: a && b
      ? {
        between: [a.run, b.run],
        inference: interactionContrast(a.corrected.increment[0]!, b.corrected.increment[0]!),
      }
      : null,
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
  const [cascade, causalAll, causalLast] = [
    read("cascade_results"),
    read("causal_ablation_all"),
    read("causal_ablation_last"),
  ];
  return {
    ...synthesisRow(run, { probe, selective, cascade, causalAll, causalLast }),
    corrected: {
      gate: { verdict: sae.verdict, n_refused: sae.n_refused, n_seeds: sae.n_seeds },
      increment: probe.increment.by_seed.map(({ inference }: { readonly inference: Inference }) => inference),
      P0_uncertainty: probe.probes.P0_uncertainty.auroc,
      P4_raw_only: probe.probes.P4_raw_only.auroc,
      cascade_share_of_oracle: shares(cascade.corrected.probes, "share_of_oracle_area"),
      augrc_share_of_oracle: shares(selective.corrected.probes, "share_of_oracle_augrc"),
    },
  };
}

function shares(
  probes: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  key: string,
): Record<string, number> {
  return Object.fromEntries(Object.entries(probes).map(([rung, value]) => [rung, Number(value[key])]));
}
