/** Configuration of a study that runs its models: configs/*.yaml with `profile: embedded` or `zero_shot`. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { JSONSchemaType } from "ajv";
import { UsageError } from "../../guardrail.ts";
import { projectRoot } from "../../io/paths.ts";
import type { Coverage } from "../../modality.ts";
import { parseYamlFile, readYamlConfig } from "../../io/yaml_config.ts";
import { section } from "../config.ts";

/** embedded: on generated items, offline; zero_shot: the organisms on real series that they were not made for. */
export const STUDY_PROFILES = ["embedded", "zero_shot"] as const;
export type StudyProfile = typeof STUDY_PROFILES[number];

/** One study; configs/README.md explains every key. */
export interface StudyConfig {
  readonly profile: StudyProfile;
  readonly modality: "llm" | "tsfm";
  readonly dataset: string;
  readonly seed: number;
  readonly n_items: number;
  readonly models: { readonly cheap: string; readonly expensive: string };
  readonly hook: string;
  readonly label?: { readonly hard_quantile: number };
  readonly forecast?: { readonly n_paths: number; readonly season_length: number };
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
}

const text = { type: "string", minLength: 1 } as const;
const count = { type: "integer", minimum: 1 } as const;
const positive = { type: "number", exclusiveMinimum: 0 } as const;
const share = { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 } as const;
const list = (items: unknown) => ({ type: "array", items, minItems: 1 });

const SCHEMA = section({
  profile: { type: "string", enum: STUDY_PROFILES },
  modality: { type: "string", enum: ["llm", "tsfm"] },
  dataset: text,
  seed: { type: "integer", minimum: 0 },
  n_items: count,
  models: section({ cheap: text, expensive: text }),
  hook: text,
  label: section({ hard_quantile: share }),
  forecast: section({ n_paths: { type: "integer", minimum: 2 }, season_length: count }),
  series: section({ file: text, column: text, context: count, horizon: count, stride: count }),
  sae: section({
    d_sae: count,
    k: count,
    n_epochs: count,
    batch_size: count,
    learning_rate: positive,
    aux_k: count,
    dead_tokens: count,
    seeds: list({ type: "integer", minimum: 0 }),
  }),
  probe: section({
    c_grid: list(positive),
    n_folds: { type: "integer", minimum: 2 },
    n_bootstraps: count,
    n_permutations: count,
  }),
  selective: section({ n_bootstraps: count, risk_levels: list(share) }, ["risk_levels"]),
  cascade: section({ n_bootstraps: count, n_permutations: count, scores: list(text) }),
  causal: section({
    n_items: count,
    n_latents: count,
    n_matched: count,
    n_directions: count,
    n_bootstraps: count,
    coverages: list({ type: "string", pattern: "^(all|last|[0-9]+:[0-9]+)$" }),
    with_crps: { type: "boolean" },
    n_paths: { type: "integer", minimum: 2 },
    n_steps: count,
    common_random_numbers: { type: "boolean" },
  }, ["coverages", "with_crps", "n_paths", "n_steps", "common_random_numbers"]),
  controls: section({ positive_factor: text, n_relabelings: count }),
}, ["label", "forecast", "series"]) as unknown as JSONSchemaType<StudyConfig>;

/** Reads one study. @throws {UsageError} naming the key that is wrong */
export function readStudyConfig(path: string, overrides: readonly string[] = []): StudyConfig {
  return readYamlConfig(path, SCHEMA, overrides);
}

/** Every study of a profile, by file name. */
export function discoverStudies(
  profile: StudyProfile = "embedded",
  folder: string = join(projectRoot, "configs"),
): StudyConfig[] {
  const paths = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)).sort().map((name) =>
    join(folder, name)
  );
  const own = paths.filter((path) => parseYamlFile(path)["profile"] === profile);
  if (own.length === 0) {
    throw new UsageError(`Cannot find a study: no file of ${folder} says profile: ${profile}`);
  }
  return own.map((path) => readStudyConfig(path));
}

/** The run's name, which is its folder of results. */
export function runOf({ modality, dataset }: Pick<StudyConfig, "modality" | "dataset">): string {
  return `${modality}_${dataset}`;
}
