/**
 * `deno task fetch full`: the data sets and models of `--profile full`, their sizes shown before anything is fetched.
 * Data sets are pinned by commit and git blob; models by the commit that the first fetch found, which it notes in
 * `full.lock.json` with the SHA-256 of every data file.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import ettFiles from "../data/etth_files.json" with { type: "json" };
import fullFiles from "../data/full_files.json" with { type: "json" };
import { GuardrailError } from "../guardrail.ts";
import { writeJsonAtomic } from "../io/atomic.ts";
import { downloadFile, gitBlobIdOfFile } from "../io/download.ts";
import { sha256File } from "../io/hash.ts";
import { requestWithRetry, type RetryPolicy } from "../io/http.ts";
import { cacheDirectory } from "../io/paths.ts";
import { createProgress } from "../io/progress.ts";
import { resolveModel, surveyModel } from "../model/hub.ts";
import type { HubSettings } from "../model/hub_cache.ts";
import { markdownTable } from "../report/text_table.ts";
import { type FullLock, LOCK_NAME, parseModelName, readFullLock } from "./full_lock.ts";

/** A file of a repository at a commit; one of the two hashes is known. */
export interface PinnedFile {
  readonly path: string;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly git_blob_id?: string;
}

/** Files of one repository, and where they go below `data/`. */
export interface PinnedSource {
  readonly repository: string;
  readonly commit: string;
  readonly into: string;
  readonly strip?: string;
  readonly files: readonly PinnedFile[];
}

/** What to fetch and from where; all but `models` can be left out, and is replaced in tests. */
export interface FetchFullOptions extends RetryPolicy {
  /** `org/name` or `org/name@revision`. */
  readonly models: readonly string[];
  readonly sources?: readonly PinnedSource[];
  /** URL that stands for GitHub's raw file server. */
  readonly server?: string;
  readonly folder?: string;
  readonly settings?: Partial<HubSettings>;
  /** Show what would be fetched, and stop. */
  readonly isPlan?: boolean;
  readonly isQuiet?: boolean;
  readonly print: (text: string) => void;
}

/** Of the study: ETTh1 and ETTh2 with their SHA-256, the rest by git blob. */
export const FULL_SOURCES: readonly PinnedSource[] = [...ettFiles.repositories, ...fullFiles.repositories];

interface WantedFile extends PinnedFile {
  readonly name: string;
  readonly url: string;
  readonly target: string;
}

/**
 * Fetches what is missing.
 * @returns the lock as it is afterwards
 * @throws {GuardrailError} "wrong-checksum" if a data file is not the pinned one, or not the one that the lock names
 */
export async function fetchFull(options: FetchFullOptions): Promise<FullLock> {
  const { models, print, isPlan = false, isQuiet = false } = options;
  const folder = options.folder ?? cacheDirectory();
  const lock = readFullLock(folder);
  const files = wantedFiles(options, folder);
  const missing: { readonly file: WantedFile; readonly bytes: number | undefined }[] = [];
  for (const file of files) {
    if (!await isThere(file)) missing.push({ file, bytes: file.bytes ?? await sizeAt(file.url, options) });
  }
  const surveys: { readonly name: string; readonly survey: Awaited<ReturnType<typeof surveyModel>> }[] = [];
  for (const name of models) {
    const { id, revision } = parseModelName(name, lock);
    surveys.push({ name, survey: await surveyModel(id, { ...options, revision }) });
  }
  const rows = [
    ...files.map((file) => {
      const own = missing.find((entry) => entry.file === file);
      return { name: file.name, bytes: own?.bytes, isMissing: own !== undefined };
    }),
    ...surveys.flatMap(({ name, survey }) =>
      survey.files.map((file) => {
        const own = survey.missing.find((entry) => entry.name === file);
        return { name: `${name}/${file}`, bytes: own?.size, isMissing: own !== undefined };
      })
    ),
  ];
  print(`${sizeTable(rows)}\n`);
  if (isPlan) return lock;

  const data: Record<string, { bytes: number; sha256: string }> = { ...lock.data };
  for (const { file, bytes } of missing) {
    const progress = createProgress({ label: file.name, unit: "B", isQuiet, ...(bytes && { total: bytes }) });
    await downloadFile(file.url, file.target, {
      ...options,
      ...(bytes !== undefined && { size: bytes }),
      ...(file.sha256 !== undefined && { sha256: file.sha256 }),
      ...(file.git_blob_id !== undefined && { gitBlobId: file.git_blob_id }),
      onProgress: (received) => progress.update(received),
    });
    progress.done();
  }
  for (const { name, target } of files) {
    const sha256 = await sha256File(target);
    const known = data[name]?.sha256 ?? sha256;
    if (known !== sha256) {
      throw new GuardrailError(
        "wrong-checksum",
        `Cannot use ${target}: needs SHA-256 ${known}, got ${sha256}`,
      );
    }
    data[name] = { bytes: statSync(target).size, sha256 };
  }
  const commits: Record<string, string> = { ...lock.models };
  for (const { name, survey } of surveys) {
    const { id, key, revision } = parseModelName(name, lock);
    const total = survey.missing.reduce((sum, { size }) => sum + size, 0);
    const progress = createProgress({ label: name, unit: "B", total, isQuiet: isQuiet || total === 0 });
    await resolveModel(id, {
      ...options,
      revision,
      onProgress: ({ received }) => progress.update(received),
    });
    progress.done();
    commits[key] = survey.commit;
  }
  const found = { data, models: commits };
  await writeJsonAtomic(join(folder, LOCK_NAME), found);
  if (!isQuiet) {
    print(`Everything is in ${folder} and the Hugging Face cache; ${LOCK_NAME} notes what it is.\n`);
  }
  return found;
}

function wantedFiles({ sources = FULL_SOURCES, server }: FetchFullOptions, folder: string): WantedFile[] {
  const root = server ?? "https://raw.githubusercontent.com";
  return sources.flatMap(({ repository, commit, into, strip = "", files }) =>
    files.map((file): WantedFile => {
      const name = into + file.path.slice(strip.length);
      const url = `${root}/${repository}/${commit}/${file.path}`;
      return { ...file, name, url, target: join(folder, "data", name) };
    })
  );
}

async function isThere({ target, sha256, git_blob_id }: WantedFile): Promise<boolean> {
  if (!existsSync(target)) return false;
  return sha256 === undefined
    ? await gitBlobIdOfFile(target) === git_blob_id
    : await sha256File(target) === sha256;
}

/** What a server says a file has, in bytes; undefined if it does not say. */
async function sizeAt(url: string, policy: RetryPolicy): Promise<number | undefined> {
  const headers = { "accept-encoding": "identity" };
  const response = await requestWithRetry(url, { method: "HEAD", headers }, policy);
  await response.body?.cancel();
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  return response.ok && Number.isSafeInteger(length) && length > 0 ? length : undefined;
}

function sizeTable(
  rows: readonly {
    readonly name: string;
    readonly bytes: number | undefined;
    readonly isMissing: boolean;
  }[],
): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const total = rows.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  return markdownTable(["file", "to fetch"], [
    ...rows.map(({ name, bytes, isMissing }) => [
      name,
      !isMissing ? "is here" : bytes === undefined ? "size unknown" : megabytes(bytes),
    ]),
    ["in all", megabytes(total)],
  ]);
}
