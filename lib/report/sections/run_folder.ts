/** A run's folder as notebooks and the report page read it: its name and its artifacts, nothing else. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import process from "node:process";
import { GuardrailError, UsageError } from "../../guardrail.ts";
import { projectRoot, resultsRoot } from "../../io/paths.ts";

/** One run. */
export interface RunFolder {
  /** Such as "embedded/llm_facts". */
  readonly name: string;
  readonly path: string;
  /** Whether it is one of the project's own results. */
  readonly isOwn: boolean;
}

/**
 * The runs a notebook shows: those named, or the one in the environment variable `FMDP_RUN`.
 * @param names below results/, such as "embedded/llm_facts"
 * @throws {UsageError} if a folder does not exist
 */
export function openRuns(names: readonly string[]): RunFolder[] {
  const chosen = process.env.FMDP_RUN;
  return chosen ? [openRun(chosen)] : names.map((name) => openRun(join(resultsRoot, name)));
}

/** One run by its path (relative: to the project's top folder, or else to the working directory). @throws as openRuns() */
export function openRun(path: string): RunFolder {
  const candidates = isAbsolute(path) ? [path] : [join(projectRoot, path), resolve(path)];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) {
    throw new UsageError(
      `Cannot open run ${path}: needs a folder; make it with: npx -y deno@2.9.6 task reproduce`,
    );
  }
  const whole = resolve(found);
  const isOwn = whole.startsWith(resolve(resultsRoot));
  return { name: `${basename(dirname(whole))}/${basename(whole)}`, path: whole, isOwn };
}

/** The runs of a profile: every folder of it that holds a ladder, sorted. */
export function runsIn(profile: RunFolder): RunFolder[] {
  return readdirSync(profile.path).filter((run) => existsSync(join(profile.path, run, "probe_results.json")))
    .sort().map((run) => openRun(join(profile.path, run)));
}

/** Whether a run has an artifact. */
export function hasArtifact(run: RunFolder, artifact: string): boolean {
  return existsSync(join(run.path, `${artifact}.json`));
}

/**
 * Reads an artifact.
 * @param keys that must be there
 * @throws {UsageError} if the run has no such file, {GuardrailError} "corrupt-file" if it lacks a key
 */
export function readArtifact<T extends object>(
  run: RunFolder,
  artifact: string,
  keys: readonly (keyof T & string)[],
): T {
  const path = join(run.path, `${artifact}.json`);
  if (!existsSync(path)) {
    throw new UsageError(`Cannot read ${artifact}.json of ${run.name}: the run has not written it`);
  }
  const refuse = (found: string): never => {
    throw new GuardrailError("corrupt-file", `Cannot read ${artifact}.json of ${run.name}: ${found}`);
  };
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return refuse(`needs JSON, got ${error instanceof Error ? error.message : error}`);
  }
  if (typeof json !== "object" || json === null) return refuse("needs an object");
  const missing = keys.filter((key) => !(key in json));
  return missing.length > 0 ? refuse(`needs ${missing.join(", ")}`) : json as T;
}
