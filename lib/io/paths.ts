/** Where things are: the project's own folders, the read-only data directory, the cache. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { UsageError } from "../guardrail.ts";

/** The project's top folder. */
export const projectRoot: string = fileURLToPath(new URL("../../", import.meta.url));

/** `<project>/results`. */
export const resultsRoot: string = join(projectRoot, "results");

/** Where `deno task fetch` puts what it downloads: `$XDG_CACHE_HOME/fm-difficulty-probe`. */
export function cacheDirectory(): string {
  const base = process.env.XDG_CACHE_HOME || join(process.env.HOME || ".", ".cache");
  return join(base, "fm-difficulty-probe");
}

/**
 * The directory that holds `records/` and `data/`: `FMDP_DATA` if set, else the cache.
 * @param part the sub-folder that must exist
 * @throws {UsageError} if it is missing; the message says which command fetches it
 */
export function requireData(part: "records" | "data"): string {
  const root = process.env.FMDP_DATA || cacheDirectory();
  const path = join(root, part);
  if (!existsSync(path)) {
    const named = process.env.FMDP_DATA ? `FMDP_DATA=${root}` : `the cache (${root})`;
    throw new UsageError(
      `Cannot find ${part}/ in ${named}. Fetch it with: npx -y deno@2.9.6 task fetch ${part}`,
    );
  }
  return path;
}

/**
 * A file of `data/`: below `FMDP_DATA` if it is there, else in the cache; an absolute path is taken as it is.
 * @param names of one data set's forms, in order of preference
 * @throws {UsageError} if none is in either; the message says which command fetches it
 */
export function dataFile(...names: readonly string[]): string {
  const roots = [...process.env.FMDP_DATA ? [process.env.FMDP_DATA] : [], cacheDirectory()];
  const paths = names.flatMap((name) =>
    isAbsolute(name) ? [name] : roots.map((root) => join(root, "data", name))
  );
  const path = paths.find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;
  throw new UsageError(
    `Cannot find ${paths.join(" or ")}. Fetch it with: npx -y deno@2.9.6 task fetch full`,
  );
}
