/**
 * Stages that are not computed twice: a stage's value is kept under the hash of all it depends on, so that a run that
 * was killed goes on after its last whole stage and a run whose inputs did not change does nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeJsonAtomic } from "../../io/atomic.ts";
import { sha256 } from "../../io/hash.ts";
import { projectVersion } from "../manifest.ts";

/** Stages of one run. */
export interface StageCache {
  readonly folder: string;
  /**
   * The stage's value, computed if it is not there.
   * @param name of the stage; part of the file's name
   * @param inputs everything the value depends on, as plain data
   * @param compute gives plain JSON: typed arrays must be converted
   */
  stage<T>(name: string, inputs: unknown, compute: () => Promise<T>): Promise<T>;
  /** Whether a stage is kept and would not be computed. */
  has(name: string, inputs: unknown): boolean;
  /** The folder of a stage that keeps files; the same inputs give the same folder. */
  folderOf(name: string, inputs: unknown): string;
}

/** How stages report. */
export interface StageCacheOptions {
  readonly folder: string;
  readonly isForced: boolean;
  readonly onStage: (name: string, state: "computed" | "unchanged", seconds: number) => void;
}

/** Opens a cache. */
export function openStageCache({ folder, isForced, onStage }: StageCacheOptions): StageCache {
  const pathOf = (name: string, inputs: unknown) => join(folder, `${name}.${keyOf(inputs)}.json`);
  const keyOf = (inputs: unknown) => sha256(JSON.stringify([projectVersion(), inputs])).slice(0, 16);
  return {
    folder,
    async stage<T>(name: string, inputs: unknown, compute: () => Promise<T>): Promise<T> {
      const path = pathOf(name, inputs);
      if (!isForced && existsSync(path)) {
        onStage(name, "unchanged", 0);
        return JSON.parse(readFileSync(path, "utf8")) as T;
      }
      const start = performance.now();
      const value = await compute();
      await writeJsonAtomic(path, value);
      onStage(name, "computed", (performance.now() - start) / 1000);
      // What was stored is what every later run will read: return exactly that.
      return JSON.parse(JSON.stringify(value)) as T;
    },
    has: (name, inputs) => !isForced && existsSync(pathOf(name, inputs)),
    folderOf: (name, inputs) => join(folder, `${name}.${keyOf(inputs)}`),
  };
}
