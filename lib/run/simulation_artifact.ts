/** The simulation study as an artifact, `results/simulation/simulation.json`, filled world by world. */
import { existsSync, readFileSync } from "node:fs";
import { UsageError } from "../guardrail.ts";
import { writeJsonAtomic } from "../io/atomic.ts";
import type { Row } from "../stats/simulate/simulate.ts";

/** What the artifact holds. */
export interface SimulationArtifact {
  readonly nStudies: number;
  readonly nNullStudies: number;
  readonly seed: number;
  /** the parts that were run, as `--only` named them; null for everything at once */
  readonly only: readonly string[] | null;
  readonly rows: readonly Row[];
}

/** One run: its sizes, what it was restricted to, and its rows. */
export type SimulationRun = Omit<SimulationArtifact, "only"> & { readonly only: string | null };

/**
 * Writes a run into the artifact. Rows of worlds that the run holds are replaced, others stay: every world has a
 * stream of its own, so that parts give the rows that the whole gives.
 * @throws {UsageError} if the file holds rows of another seed or of other sizes
 */
export async function writeSimulation(path: string, run: SimulationRun): Promise<void> {
  const before = run.only === null ? undefined : readArtifact(path);
  if (before !== undefined) {
    for (const size of ["nStudies", "nNullStudies", "seed"] as const) {
      if (before[size] !== run[size]) {
        throw new UsageError(`Cannot add to ${path}: needs ${size} ${before[size]}, got ${run[size]}`);
      }
    }
  }
  await writeJsonAtomic(path, mergeRuns(before, run));
}

/** The artifact with a run added. */
export function mergeRuns(before: SimulationArtifact | undefined, run: SimulationRun): SimulationArtifact {
  const { nStudies, nNullStudies, seed, only, rows } = run;
  if (only === null) return { nStudies, nNullStudies, seed, only, rows };
  const name = ({ section, world, estimand, method }: Row) => [section, world, estimand, method].join("|");
  const replaced = new Set(rows.map(name));
  const kept = (before?.rows ?? []).filter((row) => !replaced.has(name(row)));
  const parts = before?.only === null ? null : [...new Set([...before?.only ?? [], only])];
  return { nStudies, nNullStudies, seed, only: parts, rows: [...kept, ...rows] };
}

function readArtifact(path: string): SimulationArtifact | undefined {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}
