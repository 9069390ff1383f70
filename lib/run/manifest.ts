/**
 * The deterministic record of a run: what went in, what was configured, what came out. Everything that varies from
 * run to run (wall seconds, memory, host, git commit) goes to run.json instead, which is not committed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { writeJsonAtomic } from "../io/atomic.ts";
import { sha256, sha256File } from "../io/hash.ts";
import { projectRoot } from "../io/paths.ts";

/** What a manifest is made of. */
export interface ManifestParts {
  readonly profile: string;
  readonly protocol: string;
  readonly seed: number;
  /** the resolved configuration(s) */
  readonly config: unknown;
  /** of configs/primary.yaml, read before the run started: see readPrimary() */
  readonly primarySha256: string;
  /** name -> absolute path of every input */
  readonly inputs: Readonly<Record<string, string>>;
  /** name (relative to the run's folder) -> absolute path of every output */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Writes `manifest.json` into a folder. */
export async function writeManifest(folder: string, parts: ManifestParts): Promise<void> {
  await writeJsonAtomic(join(folder, "manifest.json"), {
    project_version: projectVersion(),
    deno_version: Deno.version.deno,
    v8_version: Deno.version.v8,
    profile: parts.profile,
    protocol: parts.protocol,
    seed: parts.seed,
    config_sha256: sha256(JSON.stringify(parts.config)),
    config: parts.config,
    primary_sha256: parts.primarySha256,
    inputs: await hashAll(parts.inputs),
    outputs: await hashAll(parts.outputs),
  });
}

/** Writes `run.json`: what differs from one run to the next. */
export async function writeRunRecord(folder: string, startedAt: number): Promise<void> {
  await writeJsonAtomic(join(folder, "run.json"), {
    finished: new Date().toISOString(),
    wall_seconds: (performance.now() - startedAt) / 1000,
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
    platform: `${Deno.build.os}-${Deno.build.arch}`,
  });
}

/** The project's version, from deno.json. */
export function projectVersion(): string {
  return JSON.parse(readFileSync(join(projectRoot, "deno.json"), "utf8")).version;
}

async function hashAll(files: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  for (const name of Object.keys(files).sort()) out[name] = await sha256File(files[name]!);
  return out;
}
