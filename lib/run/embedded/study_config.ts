/** Configuration of a study that runs its models: configs/*.yaml with `profile: embedded`, `zero_shot` or `full`. */
import { join } from "node:path";
import type { Coverage } from "../../modality.ts";
import type { EngineOptions } from "../../model/engine.ts";
import type { LlmLabel } from "../../modalities/llm_labels.ts";
import type { SeriesRules } from "../../modalities/tsfm_labels.ts";
import type { VariantAxes } from "./variants.ts";

/**
 * embedded: on generated items, offline; zero_shot: the organisms on real series that they were not made for; full: the
 * published study's models and data sets.
 */
export const STUDY_PROFILES = ["embedded", "zero_shot", "full"] as const;
export type StudyProfile = typeof STUDY_PROFILES[number];

/** One study; configs/README.md explains every key. */
export interface StudyConfig {
  readonly profile: StudyProfile;
  readonly modality: "llm" | "tsfm";
  readonly dataset: string;
  readonly seed: number;
  readonly n_items: number;
  /** Run only so many items, evenly spaced, each in the split it has among all of them. */
  readonly limit?: number;
  /** Suffix of the run's name: which of `variants` it is. */
  readonly variant?: string;
  readonly models: { readonly cheap: string; readonly expensive: string };
  readonly hook: string;
  readonly label?: {
    readonly hard_quantile: number;
    /** Of text; default nats of the true answer, or the wrong ending. */
    readonly kind?: LlmLabel;
    /** Of series: what the error is, and whose quantile the threshold. */
    readonly error?: NonNullable<SeriesRules["error"]>;
    readonly threshold_over?: NonNullable<SeriesRules["thresholdOver"]>;
    /** Selective prediction and the cascade weigh the label, of either model, instead of its error; default false. */
    readonly decides?: boolean;
  };
  readonly forecast?: {
    readonly n_paths: number;
    readonly season_length: number;
    readonly continuation?: NonNullable<SeriesRules["continuation"]>;
  };
  /** A real text data set: a file of the data directory, or an absolute path. */
  readonly corpus?: {
    readonly file: string;
    /** The same items in another form, read where `file` is missing. */
    readonly fallback?: string;
    readonly split: "published" | "grouped";
    /** Longer prompts lose their beginning, as published; default none. */
    readonly max_prompt_tokens?: number;
    /** The published cheap block, which holds the prompt's perplexity; default false. */
    readonly published_cheap?: boolean;
    /** Tokens of the answer that a model writes by itself to a question; default none is written. */
    readonly answer_tokens?: number;
  };
  /** Of series: STL strengths and the Hurst exponent in the cheap block too; default false. */
  readonly cheap?: { readonly extended: boolean };
  /** How models are run; absent, as the embedded study does: portable, all positions, float32, in one part. */
  readonly extraction?: {
    readonly engine: "native" | "portable";
    /** Of the native engine; default all cores, which does not change its bits. */
    readonly threads?: number;
    readonly positions: "all" | "boundary" | "with_eos";
    readonly dtype: "float16" | "float32";
    /** Items a part: what is lost by a kill, and the unit of --shard. */
    readonly part_items: number;
  };
  /** A real series from FMDP_DATA; `n_items` is how many windows it must give. */
  readonly series?: {
    readonly file: string;
    readonly column: string;
    readonly context: number;
    readonly horizon: number;
    readonly stride: number;
  };
  readonly sae: {
    readonly d_sae: number;
    readonly k: number;
    readonly n_epochs: number;
    readonly batch_size: number;
    readonly learning_rate: number;
    readonly aux_k: number;
    readonly dead_tokens: number;
    readonly seeds: readonly number[];
    /** How it is trained; default corrected. */
    readonly rules?: "published" | "corrected";
  };
  readonly probe: {
    readonly c_grid: readonly number[];
    readonly n_folds: number;
    readonly n_bootstraps: number;
    readonly n_permutations: number;
  };
  readonly selective: { readonly n_bootstraps: number; readonly risk_levels?: readonly number[] };
  readonly cascade: {
    readonly n_bootstraps: number;
    readonly n_permutations: number;
    readonly scores: readonly string[];
    /** Of any item, cheap and expensive; default each item's own, parameters x tokens. */
    readonly costs?: readonly [cheap: number, expensive: number];
  };
  readonly causal: {
    readonly n_items: number;
    readonly n_latents: number;
    readonly n_matched: number;
    readonly n_directions: number;
    readonly n_bootstraps: number;
    /** Default all and last; the first is the primary one. */
    readonly coverages?: readonly Coverage[];
    /** CRPS beside nats, where the study forecasts; default false. */
    readonly with_crps?: boolean;
    /** Of that CRPS; default the forecast's. */
    readonly n_paths?: number;
    /** Future steps scored; default the model's prediction length. */
    readonly n_steps?: number;
    /** Whether an item's conditions share their uniforms; default true. */
    readonly common_random_numbers?: boolean;
  };
  readonly controls: { readonly positive_factor: string; readonly n_relabelings: number };
  /** Axis -> name -> settings by key path: see variants.ts. */
  readonly variants?: VariantAxes;
  /** Key path -> values: every combination is a run. */
  readonly sweep?: Readonly<Record<string, readonly unknown[]>>;
}

/** The run's name, which is its folder of results. */
export function runOf(
  { modality, dataset, variant }: Pick<StudyConfig, "modality" | "dataset" | "variant">,
): string {
  return `${modality}_${dataset}` + (variant === undefined ? "" : `_${variant}`);
}

/** Where the stages of a run are kept; variants of one data set share what they have in common. */
export function workFolderOf(workFolder: string, { modality, dataset }: StudyConfig): string {
  return join(workFolder, `${modality}_${dataset}`);
}

/** The engine that a run's models are opened with. */
export function engineOf({ extraction }: Pick<StudyConfig, "extraction">): EngineOptions {
  const { engine = "portable", threads } = extraction ?? {};
  return { engine, ...(threads !== undefined && { threads }) };
}
