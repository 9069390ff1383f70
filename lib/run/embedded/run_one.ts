/** `deno task run --study llm_facts`: one study of the embedded profile, as configured or under a tag of its own. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "../../guardrail.ts";
import { projectRoot, resultsRoot } from "../../io/paths.ts";
import { type OnStage, runStudies } from "./run_studies.ts";
import { discoverStudies, readStudyConfig } from "./read_study.ts";
import { runOf } from "./study_config.ts";

export interface RunOneOptions {
  /** A study's name, such as `llm_facts`. */
  readonly study: string;
  /** Suffix of its folder, so that a variant does not overwrite the study's results. */
  readonly tag?: string | undefined;
  /** An SAE checkpoint of any format, probed and patched instead of the study's own; needs a tag. */
  readonly sae?: string | undefined;
  /** `key.path=value` */
  readonly overrides: readonly string[];
  readonly onStage: OnStage;
}

/**
 * Runs one study.
 * @returns its folder and the files written there
 * @throws {UsageError} for an unknown study, listing the known ones, or settings overridden without a tag
 * @throws {GuardrailError} "sae-missing", "sae-foreign" or "sae-invalid" for an SAE that may not be used
 */
export async function runOneStudy({ study, tag, sae, overrides, onStage }: RunOneOptions) {
  const known = discoverStudies().map(runOf);
  if (!known.includes(study)) {
    throw new UsageError(`Unknown study "${study}"; known: ${known.join(", ")}`);
  }
  if (tag !== undefined && !/^[A-Za-z0-9._-]+$/.test(tag)) {
    throw new UsageError(`Cannot tag a run "${tag}": needs letters, digits, '.', '_' and '-' only`);
  }
  if ((overrides.length > 0 || sae !== undefined) && tag === undefined) {
    const what = sae === undefined ? "override a setting" : "use another SAE";
    throw new UsageError(`Cannot ${what} without --tag: the study's own results would be overwritten`);
  }
  if (sae !== undefined) requireReadable(sae);
  const config = readStudyConfig(join(projectRoot, "configs", `${study}.yaml`), overrides);
  const name = study + (tag === undefined ? "" : `_${tag}`);
  // A variant lies beside the profile's folder, which holds what `reproduce` writes and nothing else.
  const profile = tag === undefined ? "embedded" : "embedded_variants";
  const folder = join(resultsRoot, profile, name);
  const [written] = await runStudies([{
    of: config,
    folder,
    // Stages are kept by their inputs: a variant takes over those that its settings do not touch.
    workFolder: join(resultsRoot, ".work", "embedded", study),
    isForced: false,
    isFast: false,
    ...(sae !== undefined && { saePath: resolve(sae) }),
  }], onStage);
  return { folder, files: written! };
}

/** The task reads a few folders only: a checkpoint outside them is not missing, and must not be called so. */
function requireReadable(path: string): void {
  try {
    existsSync(path);
  } catch {
    throw new UsageError(
      `Cannot read the SAE at ${path}: needs it below the project, FMDP_DATA or the cache folder, which this task reads`,
    );
  }
}
