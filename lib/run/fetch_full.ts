/**
 * `deno task fetch full`: the data sets and models of `--profile full`, their sizes shown before anything is fetched.
 * Data sets are pinned by commit and SHA-256 or git blob; models by the commit that the first fetch found, which it
 * notes in `full.lock.json` with the SHA-256 of every data file.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import ettFiles from "../data/etth_files.json" with { type: "json" };
import fullFiles from "../data/full_files.json" with { type: "json" };
import { GuardrailError } from "../guardrail.ts";
import { writeJsonAtomic } from "../io/atomic.ts";
import { sha256File } from "../io/hash.ts";
import type { RetryPolicy } from "../io/http.ts";
import { cacheDirectory } from "../io/paths.ts";
import { createProgress } from "../io/progress.ts";
import { resolveModel, surveyModel } from "../model/hub.ts";
import type { HubSettings } from "../model/hub_cache.ts";
import { markdownTable } from "../report/text_table.ts";
import { bring, type PinnedSource, wantFiles } from "./fetch_sources.ts";
import { type FullLock, LOCK_NAME, parseModelName, readFullLock } from "./full_lock.ts";

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

/**
 * Fetches what is missing.
 * @returns the lock as it is afterwards
 * @throws {GuardrailError} "wrong-checksum" if a data file is not the pinned one, or not the one that the lock names
 */
export async function fetchFull(options: FetchFullOptions): Promise<FullLock> {
  const { models, print, isPlan = false, isQuiet = false } = options;
  const folder = options.folder ?? cacheDirectory();
  const lock = readFullLock(folder);
  const { files, notes } = await wantFiles({ ...options, folder, sources: options.sources ?? FULL_SOURCES });
  const surveys: { readonly name: string; readonly survey: Awaited<ReturnType<typeof surveyModel>> }[] = [];
  for (const name of models) {
    const { id, revision } = parseModelName(name, lock);
    surveys.push({ name, survey: await surveyModel(id, { ...options, revision }) });
  }
  const rows = [
    ...files.map(({ name, bytes, isHere }) => ({ name, bytes, isMissing: !isHere })),
    ...surveys.flatMap(({ name, survey }) =>
      survey.files.map((file) => {
        const own = survey.missing.find((entry) => entry.name === file);
        return { name: `${name}/${file}`, bytes: own?.size, isMissing: own !== undefined };
      })
    ),
  ];
  print(`${sizeTable(rows)}\n`);
  for (const note of notes) print(`${note}\n`);
  if (isPlan) return lock;

  const data: Record<string, { bytes: number; sha256: string }> = { ...lock.data };
  const brought: { readonly name: string; readonly target: string }[] = [];
  for (const file of files) {
    const progress = createProgress({
      ...{ label: file.name, unit: "B", isQuiet: isQuiet || file.isHere },
      ...(file.bytes !== undefined && { total: file.bytes }),
    });
    const found = await bring(file, { ...options, onProgress: (received) => progress.update(received) });
    progress.done();
    if (found.note !== undefined) print(`${found.note}\n`);
    brought.push(found);
  }
  for (const { name, target } of brought) {
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
