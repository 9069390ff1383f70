/** Run configurations: `configs/*.yaml`, found by their own `modality:` and `dataset:` keys. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { JSONSchemaType } from "ajv";
import { UsageError } from "../guardrail.ts";
import { projectRoot } from "../io/paths.ts";
import { parseYamlFile, readYamlConfig } from "../io/yaml_config.ts";

/** Depth of the hook. */
export type Layer = "mid" | "late";

/** Which choices are made: the published study's, or the corrected ones (see the deviations table). */
export type Protocol = "published" | "corrected";

/** A model and what one call of it costs, in units of the cheap one. */
export interface ModelConfig {
  readonly id: string;
  readonly cost: number;
}

/** Where the published study's files lie below `records/`. */
export interface RecordsConfig {
  readonly metadata: string;
  /** the metadata column that holds the prompt's perplexity */
  readonly prompt_perplexity: string;
  /** the metadata column of the perplexity whose train quantile makes the label, where one does */
  readonly target_perplexity?: string;
  readonly hard_quantile?: number;
  readonly scores: Readonly<Record<Layer, string>>;
  readonly expensive: string;
  readonly published: { readonly mid: string; readonly late?: string };
  readonly parent: Readonly<Record<Layer, string>>;
  readonly calibration: string;
  readonly calibrated_cascade: string;
  readonly permutation: { readonly mid: string; readonly late?: string };
  readonly causal: Readonly<Record<string, string>>;
}

/** One (modality, dataset): everything a run needs to know. */
export interface RunConfig {
  readonly modality: string;
  readonly dataset: string;
  readonly default?: boolean;
  readonly seed: number;
  readonly models: { readonly cheap: ModelConfig; readonly expensive: ModelConfig };
  readonly hooks: Readonly<Record<Layer, string>>;
  readonly probe: {
    readonly c_grid: readonly number[];
    readonly n_bootstraps: number;
    readonly n_permutations: number;
  };
  readonly selective: { readonly n_bootstraps: number };
  readonly calibrate: { readonly n_folds: number; readonly n_bins: number };
  readonly cascade: {
    readonly n_random_trials: number;
    readonly scores: readonly string[];
  };
  readonly causal: { readonly n_bootstraps: number };
  readonly purge: { readonly max_perplexity: number; readonly min_cosine: number };
  readonly records: RecordsConfig;
}

const text = { type: "string", minLength: 1 } as const;
const count = { type: "integer", minimum: 1 } as const;
const positive = { type: "number", exclusiveMinimum: 0 } as const;

/** A JSON schema of an object with exactly these keys. */
export function section<P extends Record<string, unknown>>(
  properties: P,
  optional: readonly (keyof P)[] = [],
) {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: "object", additionalProperties: false, required, properties };
}

const model = section({ id: text, cost: positive });
const layers = section({ mid: text, late: text });

const SCHEMA = section({
  modality: text,
  dataset: text,
  default: { type: "boolean" },
  seed: { type: "integer", minimum: 0 },
  models: section({ cheap: model, expensive: model }),
  hooks: layers,
  probe: section({
    c_grid: { type: "array", items: positive, minItems: 1 },
    n_bootstraps: count,
    n_permutations: count,
  }),
  selective: section({ n_bootstraps: count }),
  calibrate: section({ n_folds: { type: "integer", minimum: 2 }, n_bins: count }),
  cascade: section({
    n_random_trials: count,
    scores: { type: "array", items: text, minItems: 1 },
  }),
  causal: section({ n_bootstraps: count }),
  purge: section({ max_perplexity: positive, min_cosine: positive }),
  records: section({
    metadata: text,
    prompt_perplexity: text,
    target_perplexity: text,
    hard_quantile: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
    scores: layers,
    expensive: text,
    published: section({ mid: text, late: text }, ["late"]),
    parent: layers,
    calibration: text,
    calibrated_cascade: text,
    permutation: section({ mid: text, late: text }, ["late"]),
    causal: { type: "object", required: [], additionalProperties: text },
  }, ["target_perplexity", "hard_quantile"]),
}, ["default"]) as unknown as JSONSchemaType<RunConfig>;

/** Reads one configuration file. */
export function readRunConfig(path: string, overrides: readonly string[] = []): RunConfig {
  return readYamlConfig(path, SCHEMA, overrides);
}

/** A configuration file and what it says it is for. */
export interface DiscoveredConfig {
  readonly path: string;
  readonly modality: string;
  readonly dataset: string;
  readonly isDefault: boolean;
}

/** Every run configuration of a folder; files without both keys are no run configurations. */
export function discoverConfigs(folder: string = join(projectRoot, "configs")): DiscoveredConfig[] {
  const found: DiscoveredConfig[] = [];
  for (const name of readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)).sort()) {
    const path = join(folder, name);
    const { modality, dataset, default: isDefault, profile } = parseYamlFile(path);
    if (typeof modality !== "string" || typeof dataset !== "string") continue;
    if (profile !== undefined) continue; // a study that runs its models: embedded/study_config.ts
    const twin = found.find((other) => other.modality === modality && other.dataset === dataset);
    if (twin) {
      throw new UsageError(`Cannot use ${path}: ${twin.path} already describes ${modality} ${dataset}`);
    }
    found.push({ path, modality, dataset, isDefault: isDefault === true });
  }
  return found;
}

/**
 * The configuration of a modality and dataset; a modality's default dataset when none is named.
 * @throws {UsageError} for an unknown name, listing the known ones
 */
export function findConfig(
  configs: readonly DiscoveredConfig[],
  { modality, dataset }: { readonly modality: string; readonly dataset?: string | undefined },
): DiscoveredConfig {
  const ofModality = configs.filter((config) => config.modality === modality);
  if (ofModality.length === 0) {
    throw new UsageError(unknown("modality", modality, configs.map((config) => config.modality)));
  }
  if (dataset === undefined) {
    const only = ofModality.length === 1 ? ofModality[0] : ofModality.find((config) => config.isDefault);
    if (only === undefined) {
      throw new UsageError(
        `Cannot choose a dataset: ${modality} has no default, name one of ${names(ofModality)}`,
      );
    }
    return only;
  }
  const match = ofModality.find((config) => config.dataset === dataset);
  if (!match) throw new UsageError(unknown("dataset", dataset, ofModality.map((config) => config.dataset)));
  return match;
}

function names(configs: readonly DiscoveredConfig[]): string {
  return configs.map((config) => config.dataset).join(", ");
}

function unknown(kind: string, given: string, known: readonly string[]): string {
  return `Unknown ${kind} "${given}"; known: ${[...new Set(known)].sort().join(", ")}`;
}
