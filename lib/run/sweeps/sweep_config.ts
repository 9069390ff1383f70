/** A sweep as data: configs/sweeps/NAME.yaml names studies and axes of settings; every combination is a run. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { JSONSchemaType } from "ajv";
import { UsageError } from "../../guardrail.ts";
import { projectRoot } from "../../io/paths.ts";
import { readYamlConfig } from "../../io/yaml_config.ts";
import { section } from "../config.ts";
import { readStudyConfig, runOf, type StudyConfig } from "../embedded/study_config.ts";
import { type VariantAxes, variantOf } from "../embedded/variants.ts";

/** One file. */
export interface SweepConfig {
  /** Of the table and the folder that it lies in. */
  readonly table: string;
  /** Stems of study files, e.g. `tsfm_series`, `llm_squad_full`. */
  readonly studies: readonly string[];
  /** Axis -> point -> key path -> value. */
  readonly axes: VariantAxes;
}

/** One run of a sweep. */
export interface SweepRun {
  /** The study file's stem. */
  readonly study: string;
  /** Folder of the run below the sweep's. */
  readonly name: string;
  /** Axis -> point. */
  readonly points: Readonly<Record<string, string>>;
  readonly config: StudyConfig;
}

const text = { type: "string", minLength: 1 };
const mapping = (values: unknown) => ({ type: "object", required: [], additionalProperties: values });
const SCHEMA = section({
  table: { type: "string", pattern: "^[A-Za-z0-9_-]+$" },
  studies: { type: "array", items: text, minItems: 1 },
  axes: mapping(mapping({ type: "object", required: [] })),
}) as unknown as JSONSchemaType<SweepConfig>;

/** Reads one. @throws {UsageError} for an unknown name, listing the known ones, or a wrong key */
export function readSweep(name: string, folder: string = join(projectRoot, "configs/sweeps")): SweepConfig {
  const path = join(folder, `${name}.yaml`);
  if (/^[A-Za-z0-9_-]+$/.test(name) && existsSync(path)) return readYamlConfig(path, SCHEMA);
  const known = readdirSync(folder).filter((file) => file.endsWith(".yaml")).map((file) => file.slice(0, -5));
  throw new UsageError(`Unknown sweep "${name}"; known: causal, ${known.sort().join(", ")}`);
}

/**
 * The runs of a sweep, the last axis varying fastest.
 * @param options.studies instead of the sweep's own; overrides and limit are for all runs
 * @throws {UsageError} for a study without a file, or a setting that it has no place for
 */
export function runsOf(
  { studies: own, axes }: SweepConfig,
  { studies = own, overrides = [], limit, folder = join(projectRoot, "configs") }: {
    readonly studies?: readonly string[] | undefined;
    readonly overrides?: readonly string[];
    readonly limit?: number | undefined;
    readonly folder?: string;
  } = {},
): SweepRun[] {
  let points: Readonly<Record<string, string>>[] = [{}];
  for (const [axis, known] of Object.entries(axes)) {
    points = points.flatMap((chosen) => Object.keys(known).map((name) => ({ ...chosen, [axis]: name })));
  }
  return studies.flatMap((study) => {
    const path = join(folder, `${study}.yaml`);
    if (!existsSync(path)) throw new UsageError(`Cannot sweep ${study}: needs ${path}, which is not there`);
    return points.map((chosen): SweepRun => {
      const variant = variantOf(axes, chosen);
      const { variants: _, sweep: __, ...config } = readStudyConfig(path, [
        ...variant.overrides,
        `variant=${JSON.stringify(variant.name)}`,
        ...(limit === undefined ? [] : [`limit=${limit}`]),
        ...overrides,
      ]);
      return { study, name: runOf(config), points: chosen, config };
    });
  });
}
