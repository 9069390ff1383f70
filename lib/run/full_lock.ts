/** `full.lock.json`: what the first `deno task fetch full` found, which later fetches and runs hold to. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../io/paths.ts";

/** What was found. */
export interface FullLock {
  /** By path below `data/`. */
  readonly data: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
  /** Commit by `org/name@revision`. */
  readonly models: Readonly<Record<string, string>>;
}

export const LOCK_NAME = "full.lock.json";

/** The lock of a folder; empty before the first fetch. */
export function readFullLock(folder: string = cacheDirectory()): FullLock {
  const path = join(folder, LOCK_NAME);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { data: {}, models: {} };
}

/** `org/name@revision` apart, the revision as the lock has it; without one, main. */
export function parseModelName(name: string, lock: FullLock = { data: {}, models: {} }) {
  const [id = "", revision = "main"] = name.split("@");
  const key = `${id}@${revision}`;
  return { id, key, revision: lock.models[key] ?? revision };
}
