/** `deno task fetch`: public files at pinned commits, checked by SHA-256, into the cache. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import ettFiles from "../data/etth_files.json" with { type: "json" };
import recordFiles from "../data/records_files.json" with { type: "json" };
import { UsageError } from "../guardrail.ts";
import { downloadFile } from "../io/download.ts";
import { sha256File } from "../io/hash.ts";
import { cacheDirectory } from "../io/paths.ts";
import { createProgress } from "../io/progress.ts";

interface PinnedRepository {
  readonly repository: string;
  readonly commit: string;
  /** folder below the part's folder that the files go into */
  readonly into: string;
  /** leading part of the repository path that is left out on disk */
  readonly strip?: string;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}

const PARTS: Readonly<Record<string, readonly PinnedRepository[]>> = {
  records: recordFiles.repositories,
  data: ettFiles.repositories,
};

/** What to fetch and where to; the server and folder can be replaced, which is how this is tested. */
export interface FetchOptions {
  /** "records", "data" */
  readonly what: readonly string[];
  readonly quiet?: boolean;
  readonly folder?: string;
  /** URL that stands for GitHub's raw file server */
  readonly server?: string;
}

/**
 * Downloads every file of the named parts; files that are there with the right checksum are kept.
 * @returns how many files were downloaded and how many were already there
 * @throws {UsageError} for an unknown part
 * @throws {GuardrailError} "wrong-checksum" if a file differs from the pinned one
 */
export async function fetchData(options: FetchOptions): Promise<{ nFetched: number; nKept: number }> {
  const { what, quiet = false, folder = cacheDirectory() } = options;
  const server = options.server ?? "https://raw.githubusercontent.com";
  const unknown = what.filter((part) => !Object.hasOwn(PARTS, part));
  if (what.length === 0 || unknown.length > 0) {
    const problem = unknown.length > 0 ? `got ${unknown.join(", ")}` : "got nothing";
    throw new UsageError(`Cannot fetch: needs one or more of ${Object.keys(PARTS).join(", ")}; ${problem}`);
  }
  const wanted = what.flatMap((part) =>
    PARTS[part]!.flatMap(({ repository, commit, into, strip = "", files }) =>
      files.map((file) => ({
        ...file,
        url: `${server}/${repository}/${commit}/${file.path}`,
        target: join(folder, part, into, file.path.slice(strip.length)),
      }))
    )
  );
  const total = wanted.reduce((sum, file) => sum + file.bytes, 0);
  const progress = createProgress({ label: `fetch ${what.join(" ")}`, total, unit: "B", isQuiet: quiet });
  let done = 0, nFetched = 0;
  for (const { url, target, bytes, sha256 } of wanted) {
    if (!existsSync(target) || await sha256File(target) !== sha256) {
      await downloadFile(url, target, {
        sha256,
        size: bytes,
        onProgress: (received) => progress.update(done + received),
      });
      nFetched++;
    }
    done += bytes;
    progress.update(done);
  }
  progress.done();
  if (!quiet) process.stdout.write(`${wanted.length} files of ${what.join(", ")} are in ${folder}\n`);
  return { nFetched, nKept: wanted.length - nFetched };
}
