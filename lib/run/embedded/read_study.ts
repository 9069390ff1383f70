/** Reads the configurations of studies that run their models, every key checked. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { JSONSchemaType } from "ajv";
import { UsageError } from "../../guardrail.ts";
import { projectRoot } from "../../io/paths.ts";
import { parseYamlFile, readYamlConfig } from "../../io/yaml_config.ts";
import { LLM_LABELS } from "../../modalities/llm_labels.ts";
import { SERIES_ERRORS } from "../../modalities/tsfm_labels.ts";
import { section } from "../config.ts";
import { STUDY_PROFILES, type StudyConfig, type StudyProfile } from "./study_config.ts";

const text = { type: "string", minLength: 1 } as const;
const count = { type: "integer", minimum: 1 } as const;
const positive = { type: "number", exclusiveMinimum: 0 } as const;
const share = { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 } as const;
const list = (items: unknown) => ({ type: "array", items, minItems: 1 });
const mapping = (values: unknown) => ({ type: "object", required: [], additionalProperties: values });

const COSTS = { type: "array", items: positive, minItems: 2, maxItems: 2 } as const;

const SCHEMA = section({
  profile: { type: "string", enum: STUDY_PROFILES },
  modality: { type: "string", enum: ["llm", "tsfm"] },
  dataset: text,
  seed: { type: "integer", minimum: 0 },
  n_items: count,
  limit: count,
  variant: text,
  models: section({ cheap: text, expensive: text }),
  hook: text,
  label: section({
    hard_quantile: share,
    kind: { type: "string", enum: LLM_LABELS },
    error: { type: "string", enum: SERIES_ERRORS },
    threshold_over: { type: "string", enum: ["train", "all"] },
    decides: { type: "boolean" },
  }, ["kind", "error", "threshold_over", "decides"]),
  forecast: section({
    n_paths: { type: "integer", minimum: 2 },
    season_length: count,
    continuation: { type: "string", enum: ["median", "path"] },
  }, ["continuation"]),
  cheap: section({ extended: { type: "boolean" } }),
  corpus: section({
    file: text,
    fallback: text,
    split: { type: "string", enum: ["published", "grouped"] },
    max_prompt_tokens: count,
    published_cheap: { type: "boolean" },
    answer_tokens: count,
  }, ["fallback", "max_prompt_tokens", "published_cheap", "answer_tokens"]),
  extraction: section({
    engine: { type: "string", enum: ["native", "portable"] },
    threads: count,
    positions: { type: "string", enum: ["all", "boundary", "with_eos"] },
    dtype: { type: "string", enum: ["float16", "float32"] },
    part_items: count,
  }, ["threads"]),
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
    rules: { type: "string", enum: ["published", "corrected"] },
  }, ["rules"]),
  probe: section({
    c_grid: list(positive),
    n_folds: { type: "integer", minimum: 2 },
    n_bootstraps: count,
    n_permutations: count,
  }),
  selective: section({ n_bootstraps: count, risk_levels: list(share) }, ["risk_levels"]),
  cascade: section({ n_bootstraps: count, n_permutations: count, scores: list(text), costs: COSTS }, [
    "costs",
  ]),
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
  variants: mapping(mapping({ type: "object", required: [] })),
  sweep: mapping(list({})),
}, [
  "limit",
  "variant",
  "label",
  "forecast",
  "series",
  "corpus",
  "cheap",
  "extraction",
  "variants",
  "sweep",
]) as unknown as JSONSchemaType<StudyConfig>;

/** Reads one study. @throws {UsageError} naming the key that is wrong */
export function readStudyConfig(path: string, overrides: readonly string[] = []): StudyConfig {
  return readYamlConfig(path, SCHEMA, overrides);
}

/** Every study of a profile, by file name. */
export function discoverStudies(profile: StudyProfile = "embedded", folder?: string): StudyConfig[] {
  return studyPaths(profile, folder).map((path) => readStudyConfig(path));
}

/** The files of a profile's studies, by name. @throws {UsageError} if there is none */
export function studyPaths(
  profile: StudyProfile,
  folder: string = join(projectRoot, "configs"),
): string[] {
  const paths = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)).sort().map((name) =>
    join(folder, name)
  );
  const own = paths.filter((path) => parseYamlFile(path)["profile"] === profile);
  if (own.length === 0) {
    throw new UsageError(`Cannot find a study: no file of ${folder} says profile: ${profile}`);
  }
  return own;
}
