/**
 * Where a data set comes from: the hub's Parquet first, and its GitHub home where the hub cannot be had. Both list the
 * same items in the same order; whichever is here already is kept, because stages are kept by its hash.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { downloadFile, type DownloadOptions, gitBlobIdOfFile } from "../io/download.ts";
import { sha256File } from "../io/hash.ts";
import { refusedRequest, requestWithRetry, type RetryPolicy } from "../io/http.ts";
import { type HubSettings, hubSettings } from "../model/hub_cache.ts";

/** A file of a repository at a commit; one of the two hashes is known. */
export interface PinnedFile {
  readonly path: string;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly git_blob_id?: string;
}

/** A data set's file on the hub, and its name below `into`. */
export interface HubFile extends PinnedFile {
  readonly repository: string;
  readonly commit: string;
  readonly name: string;
}

/** Files of one repository, and where they go below `data/`. */
export interface PinnedSource {
  readonly repository: string;
  readonly commit: string;
  readonly into: string;
  readonly strip?: string;
  readonly files: readonly PinnedFile[];
  /** The same items from the hub: fetched first, `files` then only if it fails. */
  readonly hub?: HubFile;
}

/** A file to have, and what takes its place if its host fails. */
export interface WantedFile extends PinnedFile {
  readonly name: string;
  readonly url: string;
  readonly target: string;
  readonly isHere: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fallback?: WantedFile;
}

/** Where to look and to put. */
export interface SourceOptions extends RetryPolicy {
  readonly sources: readonly PinnedSource[];
  readonly folder: string;
  /** URL that stands for GitHub's raw file server. */
  readonly server?: string;
  readonly settings?: Partial<HubSettings>;
}

/**
 * One file a data set, with sizes as the hosts give them; downloads nothing.
 * @returns `notes`: a line for each data set that comes from GitHub because the hub failed, with the reason
 */
export async function wantFiles(options: SourceOptions): Promise<{ files: WantedFile[]; notes: string[] }> {
  const files: WantedFile[] = [], notes: string[] = [];
  for (const source of options.sources) {
    const homes: WantedFile[] = [];
    for (const file of source.files) homes.push(await homeFile(source, file, options));
    const [home] = homes;
    if (source.hub === undefined || home === undefined) files.push(...await sized(homes, options));
    else {
      const hub = await hubFile(source, source.hub, options);
      if (hub.isHere || !home.isHere) {
        try { // one retry: there is another host
          const [own] = await sized([hub], { ...options, maxRetries: Math.min(1, options.maxRetries ?? 1) });
          files.push({ ...own!, fallback: home });
          continue;
        } catch (error) {
          notes.push(insteadOf(hub, home, error));
        }
      }
      files.push(...await sized(homes, options));
    }
  }
  return { files, notes };
}

/**
 * Downloads a file that is not here, or what takes its place.
 * @returns where the data is now, and a note if it is the fallback
 * @throws {GuardrailError} "wrong-checksum" if the last resort is not the pinned file
 */
export async function bring(
  file: WantedFile,
  options: Pick<DownloadOptions, keyof RetryPolicy | "onProgress">,
): Promise<{ readonly name: string; readonly target: string; readonly note?: string }> {
  const { name, url, target, sha256, git_blob_id: gitBlobId, bytes: size, headers, fallback } = file;
  if (file.isHere) return { name, target };
  try {
    await downloadFile(url, target, {
      ...options,
      ...(size !== undefined && { size }),
      ...(sha256 !== undefined && { sha256 }),
      ...(gitBlobId !== undefined && { gitBlobId }),
      ...(headers && { headers }),
    });
    return { name, target };
  } catch (error) {
    if (fallback === undefined) throw error;
    return { ...await bring(fallback, options), note: insteadOf(file, fallback, error) };
  }
}

function insteadOf({ name }: WantedFile, fallback: WantedFile, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `${fallback.name} instead of ${name}: ${reason}`;
}

async function homeFile(
  { repository, commit, into, strip = "" }: PinnedSource,
  file: PinnedFile,
  { folder, server }: SourceOptions,
): Promise<WantedFile> {
  const name = into + file.path.slice(strip.length);
  const target = join(folder, "data", name);
  const url = `${server ?? "https://raw.githubusercontent.com"}/${repository}/${commit}/${file.path}`;
  return { ...file, name, url, target, isHere: await isThere(target, file) };
}

async function hubFile(
  { into }: PinnedSource,
  { repository, commit, name: own, ...file }: HubFile,
  { folder, settings }: SourceOptions,
): Promise<WantedFile> {
  const { endpoint, token } = { ...hubSettings(), ...settings };
  const name = into + own;
  const target = join(folder, "data", name);
  return {
    ...{ ...file, name, target, isHere: await isThere(target, file) },
    url: `${endpoint}/datasets/${repository}/resolve/${commit}/${file.path}`,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  };
}

async function isThere(target: string, { sha256, git_blob_id }: PinnedFile): Promise<boolean> {
  if (!existsSync(target)) return false;
  return sha256 === undefined
    ? await gitBlobIdOfFile(target) === git_blob_id
    : await sha256File(target) === sha256;
}

/** With the sizes that their hosts say; a file that is here is not asked for. @throws if a host refuses */
async function sized(files: readonly WantedFile[], policy: RetryPolicy): Promise<WantedFile[]> {
  const found: WantedFile[] = [];
  for (const file of files) {
    const bytes = file.isHere ? undefined : await sizeAt(file, policy);
    found.push({ ...file, ...(bytes !== undefined && { bytes }) });
  }
  return found;
}

/** What a server says a file has, in bytes; undefined if it does not say. */
async function sizeAt({ url, headers: own }: WantedFile, policy: RetryPolicy): Promise<number | undefined> {
  const headers = { "accept-encoding": "identity", ...own };
  const response = await requestWithRetry(url, { method: "HEAD", headers }, policy);
  await response.body?.cancel();
  if (!response.ok) throw refusedRequest(response, url);
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  return Number.isSafeInteger(length) && length > 0 ? length : undefined;
}
