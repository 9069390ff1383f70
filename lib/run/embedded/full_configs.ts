/** The runs of `--profile full`: its configurations, the chosen variant of each, and every point of their sweeps. */
import { UsageError } from "../../guardrail.ts";
import { readStudyConfig, studyPaths } from "./read_study.ts";
import { runOf, type StudyConfig } from "./study_config.ts";
import { sweepOf, variantOf } from "./variants.ts";

/** What to run. */
export interface FullSelection {
  /** Names of runs such as `llm_squad`; default all. */
  readonly studies?: readonly string[];
  /** One name an axis, e.g. `{ layer: "late", protocol: "published" }`; axes left out stay as configured. */
  readonly variants?: Readonly<Record<string, string>>;
  /** Items a run, evenly spaced. */
  readonly limit?: number;
  /** `key.path=value`, for all of them. */
  readonly overrides?: readonly string[];
  /** Where the configurations are; default the project's. */
  readonly configFolder?: string;
}

/** Resolved configurations: variants and sweeps are applied and gone. @throws {UsageError} for an unknown name */
export function fullConfigs(
  { studies, variants = {}, limit, overrides = [], configFolder }: FullSelection = {},
): StudyConfig[] {
  const paths = studyPaths("full", configFolder);
  const known = paths.map((path) => runOf(readStudyConfig(path)));
  const unknown = studies?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`Unknown study "${unknown}"; known: ${known.join(", ")}`);
  }
  return paths.filter((_, i) => studies?.includes(known[i]!) ?? true).flatMap((path) => {
    const base = readStudyConfig(path);
    const variant = variantOf(base.variants ?? {}, variants);
    return sweepOf(base.sweep).map((point) => {
      const names = [variant.name, point.name].filter((name) => name !== undefined);
      const { variants: _, sweep: __, ...config } = readStudyConfig(path, [
        ...variant.overrides,
        ...point.overrides,
        ...(names.length > 0 ? [`variant=${JSON.stringify(names.join("_"))}`] : []),
        ...(limit !== undefined ? [`limit=${limit}`] : []),
        ...overrides,
      ]);
      return config;
    });
  });
}
