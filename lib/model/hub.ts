/**
 * Models and data sets from the Hugging Face hub, through the cache that Python uses too (hub_cache.ts).
 * `@huggingface/hub` writes the same layout, but neither resumes nor verifies what it fetched, asks the network for
 * files it already holds at a branch, and knows no HF_TOKEN file and no offline mode; hence our own.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { readlink, rm } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { GuardrailError, UsageError } from "../guardrail.ts";
import { downloadFile, gitBlobIdOfFile } from "../io/download.ts";
import { sha256File } from "../io/hash.ts";
import { ConnectionError, plainUrl, refusedRequest, requestWithRetry, type RetryPolicy } from "../io/http.ts";
import {
  cachedCommit,
  checkedFileName,
  type HubSettings,
  hubSettings,
  isCommitId,
  isGlob,
  isWanted,
  linkBlob,
  rememberCommit,
  type Repo,
  repoFolder,
  type RepoType,
  snapshotFiles,
} from "./hub_cache.ts";

/** What a PyTorch-free reader of a model needs: configuration, tokenizer, safetensors. */
export const modelFiles: readonly string[] = ["*.json", "*.safetensors", "*.txt", "*.model"];

/** What to fetch, and how. */
export interface ResolveOptions extends RetryPolicy {
  /** Branch, tag or commit id; default "main". */
  readonly revision?: string;
  /** File names (must exist) and globs (`*` does not cross a slash); default modelFiles, or all of a data set. */
  readonly files?: readonly string[];
  readonly repoType?: RepoType;
  /** Overrides of what the environment says. */
  readonly settings?: Partial<HubSettings>;
  /** Bytes over all files that had to be fetched. */
  readonly onProgress?: (progress: HubProgress) => void;
  /** Check the hashes of blobs that are in the cache already; a wrong one is fetched again (offline: refused). */
  readonly verify?: boolean;
}

/** How far a download has come. */
export interface HubProgress {
  /** File in hand. */
  readonly file: string;
  /** Bytes so far and in all. */
  readonly received: number;
  readonly total: number;
}

/** A repository at one commit, on this disk. */
export interface Snapshot {
  /** Folder that holds the files (in a cache: links). */
  readonly directory: string;
  /** Commit id; undefined for a plain local folder. */
  readonly commit: string | undefined;
  /** Files asked for, sorted. */
  readonly files: readonly string[];
  /** Whether the hub was asked; false when the cache alone had to answer. */
  readonly isFresh: boolean;
}

/**
 * Finds a repository's files, fetching what the cache lacks.
 * A path that starts with `/`, `./` or `../` is taken as a local folder. A commit id whose files are all cached asks
 * nothing of the network; a branch is looked up, and when the hub cannot be reached the cache answers.
 * @param id `org/name`, or a path
 * @throws {UsageError} if the repository, revision or a named file does not exist, the token is refused (HF_TOKEN),
 *   or HF_HUB_OFFLINE is set and the cache lacks it
 * @throws {GuardrailError} "wrong-checksum" if a file's size or hash differs from the hub's
 * @throws {ConnectionError} if the hub cannot be reached and the cache lacks it
 */
export async function resolveModel(id: string, options: ResolveOptions = {}): Promise<Snapshot> {
  const repo: Repo = { type: options.repoType ?? "model", id };
  const wanted = options.files ?? (repo.type === "model" ? modelFiles : ["**"]);
  const revision = options.revision ?? "main";
  if (isAbsolute(id) || id.startsWith("./") || id.startsWith("../")) return localFolder(id, wanted);

  const settings = { ...hubSettings(), ...options.settings };
  const folder = repoFolder(settings.cacheDirectory, repo);
  if (settings.isOffline) return await fromCache(folder, repo, revision, wanted, options);
  const named = wanted.filter((pattern) => !isGlob(pattern));
  if (isCommitId(revision) && named.length === wanted.length && options.verify !== true) {
    const present = snapshotFiles(folder, revision);
    if (named.every((name) => present.includes(name))) return snapshot(folder, revision, named, false);
  }
  try {
    return await fromHub(settings, folder, repo, revision, wanted, options);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    try {
      return await fromCache(folder, repo, revision, wanted, options);
    } catch {
      throw error;
    }
  }
}

/** What resolveModel() would have to download. */
export interface Survey {
  readonly commit: string;
  /** Files of the repository that are wanted, sorted. */
  readonly files: readonly string[];
  /** Those that this disk lacks, with their sizes in bytes. */
  readonly missing: readonly { readonly name: string; readonly size: number }[];
}

/** Asks the hub what resolveModel() would download, and downloads nothing. @throws as resolveModel() */
export async function surveyModel(id: string, options: ResolveOptions = {}): Promise<Survey> {
  const repo: Repo = { type: options.repoType ?? "model", id };
  const settings = { ...hubSettings(), ...options.settings };
  const wanted = options.files ?? (repo.type === "model" ? modelFiles : ["**"]);
  const folder = repoFolder(settings.cacheDirectory, repo);
  const { commit, names, missing } = await surveyHub(
    settings,
    folder,
    repo,
    options.revision ?? "main",
    wanted,
    options,
  );
  return { commit, files: names, missing };
}

/** What the hub says about one file. */
interface RemoteFile {
  readonly name: string;
  readonly url: string;
  readonly etag: string;
  readonly size: number;
}

async function fromHub(
  settings: HubSettings,
  folder: string,
  repo: Repo,
  revision: string,
  wanted: readonly string[],
  options: ResolveOptions,
): Promise<Snapshot> {
  const { commit, names, missing } = await surveyHub(settings, folder, repo, revision, wanted, options);
  const total = missing.reduce((sum, remote) => sum + remote.size, 0);
  let before = 0;
  for (const remote of missing) {
    await downloadFile(remote.url, join(folder, "blobs", remote.etag), {
      ...options,
      ...expectedHash(remote.etag),
      size: remote.size,
      headers: authorization(settings),
      onProgress: (received) =>
        options.onProgress?.({ file: remote.name, received: before + received, total }),
    });
    await linkBlob(folder, commit, remote.name, remote.etag);
    before += remote.size;
  }
  await rememberCommit(folder, revision, commit);
  return snapshot(folder, commit, names, true);
}

/** What a repository has of the wanted files, and which of them this disk lacks; blobs that are here are entered. */
async function surveyHub(
  settings: HubSettings,
  folder: string,
  repo: Repo,
  revision: string,
  wanted: readonly string[],
  options: ResolveOptions,
) {
  const listing = await listRepo(settings, repo, revision, options);
  const { commit } = listing;
  const names = listing.files.filter((name) => isWanted(name, wanted)).sort();
  const absent = wanted.find((pattern) => !isGlob(pattern) && !names.includes(pattern));
  if (absent !== undefined || names.length === 0) {
    const asked = absent ?? wanted.join(", ");
    throw new UsageError(`Cannot fetch ${asked}: ${repo.id} at ${revision} has ${listing.files.join(", ")}`);
  }
  const present = new Set(options.verify ? [] : snapshotFiles(folder, commit));
  const missing: RemoteFile[] = [];
  for (const name of names) {
    if (present.has(name)) continue;
    const remote = await describeFile(settings, repo, commit, name, options);
    if (await isBlobGood(folder, remote, options)) await linkBlob(folder, commit, name, remote.etag);
    else missing.push(remote);
  }
  return { commit, names, missing };
}

/** Asks the hub for the commit and the file names at a revision. */
async function listRepo(
  settings: HubSettings,
  repo: Repo,
  revision: string,
  policy: RetryPolicy,
): Promise<{ readonly commit: string; readonly files: readonly string[] }> {
  const url = `${settings.endpoint}/api/${repo.type}s/${repo.id}/revision/${encodeURIComponent(revision)}`;
  const response = await requestWithRetry(url, { headers: authorization(settings) }, policy);
  if (!response.ok) {
    await response.body?.cancel();
    throw refusedRequest(response, url);
  }
  const answer: unknown = await response.json().catch(() => undefined);
  const { sha, siblings } = (answer ?? {}) as { sha?: unknown; siblings?: unknown };
  const names = Array.isArray(siblings) ? siblings.map((entry) => entry?.rfilename) : [];
  if (typeof sha !== "string" || !isCommitId(sha) || !names.every((name) => typeof name === "string")) {
    throw new Error(
      `Cannot read the answer of ${plainUrl(url)}: needs "sha" and "siblings" with "rfilename"`,
    );
  }
  return { commit: sha, files: names.map(checkedFileName) };
}

/**
 * Asks for a file's size and hash. Redirects within the hub (a renamed repository) are followed; the redirect to
 * the storage host is not, because it carries the answer: X-Linked-Etag is the SHA-256 of a large file.
 */
async function describeFile(
  settings: HubSettings,
  repo: Repo,
  commit: string,
  name: string,
  policy: RetryPolicy,
): Promise<RemoteFile> {
  const prefix = repo.type === "model" ? "" : `${repo.type}s/`;
  const path = name.split("/").map(encodeURIComponent).join("/");
  let url = `${settings.endpoint}/${prefix}${repo.id}/resolve/${commit}/${path}`;
  for (let nRedirects = 0; nRedirects < 6; nRedirects++) {
    const headers = { ...authorization(settings), "accept-encoding": "identity" };
    const response = await requestWithRetry(url, { method: "HEAD", redirect: "manual", headers }, policy);
    await response.body?.cancel();
    const location = response.headers.get("location");
    const isWithinHub = location !== null && new URL(location, url).origin === new URL(url).origin;
    if (isWithinHub && !response.headers.has("x-linked-etag")) {
      url = new URL(location, url).href;
      continue;
    }
    if (response.status >= 400) throw refusedRequest(response, url);
    const quoted = response.headers.get("x-linked-etag") ?? response.headers.get("etag") ?? "";
    const etag = quoted.replace(/^W\//, "").replaceAll('"', "");
    const size = Number(
      response.headers.get("x-linked-size") ??
        (location === null ? response.headers.get("content-length") : null) ?? Number.NaN,
    );
    if (!/^[\w.-]*[A-Za-z0-9][\w.-]*$/.test(etag) || !Number.isSafeInteger(size) || size < 0) {
      throw new Error(`Cannot use the answer of ${plainUrl(url)}: needs an ETag and a size`);
    }
    return { name, url, etag, size };
  }
  throw new Error(`Cannot download ${plainUrl(url)}: needs at most 5 redirects within the hub`);
}

/** The token goes to the hub alone; fetch() drops it when redirected to another host. */
function authorization(settings: HubSettings): Record<string, string> {
  return settings.token === undefined ? {} : { authorization: `Bearer ${settings.token}` };
}

/** What an ETag promises: a SHA-256 for large files, a git blob id for small ones, else nothing. */
function expectedHash(etag: string): { sha256?: string; gitBlobId?: string } {
  if (/^[0-9a-f]{64}$/.test(etag)) return { sha256: etag };
  return isCommitId(etag) ? { gitBlobId: etag } : {};
}

async function isBlobGood(folder: string, remote: RemoteFile, options: ResolveOptions): Promise<boolean> {
  const path = join(folder, "blobs", remote.etag);
  if (!existsSync(path)) return false;
  const isGood = statSync(path).size === remote.size &&
    (!options.verify || await hasItsHash(path, remote.etag));
  if (!isGood) await rm(path, { force: true });
  return isGood;
}

async function hasItsHash(path: string, etag: string): Promise<boolean> {
  const { sha256, gitBlobId } = expectedHash(etag);
  if (sha256 !== undefined) return await sha256File(path) === sha256;
  return gitBlobId === undefined || await gitBlobIdOfFile(path) === gitBlobId;
}

/** Answers from the cache alone. */
async function fromCache(
  folder: string,
  repo: Repo,
  revision: string,
  wanted: readonly string[],
  options: ResolveOptions,
): Promise<Snapshot> {
  const commit = cachedCommit(folder, revision);
  const present = commit === undefined ? [] : snapshotFiles(folder, commit);
  const names = present.filter((name) => isWanted(name, wanted));
  const absent = wanted.find((pattern) => !isGlob(pattern) && !names.includes(pattern));
  if (commit === undefined || absent !== undefined || names.length === 0) {
    throw new UsageError(
      `Cannot find ${absent ?? wanted.join(", ")} of ${repo.id} at ${revision} in the cache (${folder}): ` +
        `needs a download, but HF_HUB_OFFLINE is set or the hub is out of reach`,
    );
  }
  if (options.verify) await verifySnapshot(folder, commit, names);
  return snapshot(folder, commit, names, false);
}

async function verifySnapshot(folder: string, commit: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(folder, "snapshots", commit, name);
    const etag = basename(await readlink(path).catch(() => "")); // the blob itself may be a link to a shared store
    if (!await hasItsHash(path, etag)) {
      throw new GuardrailError(
        "wrong-checksum",
        `Cannot use ${path}: its contents do not have the hash ${etag}`,
      );
    }
  }
}

function snapshot(folder: string, commit: string, files: readonly string[], isFresh: boolean): Snapshot {
  return { directory: join(folder, "snapshots", commit), commit, files, isFresh };
}

function localFolder(path: string, wanted: readonly string[]): Snapshot {
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new UsageError(`Cannot open model folder ${path}: needs an existing folder`);
  }
  const files = readdirSync(path).filter((name) => statSync(join(path, name)).isFile());
  const names = files.filter((name) => isWanted(name, wanted)).sort();
  const absent = wanted.find((pattern) => !isGlob(pattern) && !existsSync(join(path, pattern)));
  if (absent !== undefined) throw new UsageError(`Cannot open model folder ${path}: needs ${absent}`);
  const nested = wanted.filter((pattern) => !isGlob(pattern) && !names.includes(pattern));
  return { directory: path, commit: undefined, files: [...names, ...nested].sort(), isFresh: false };
}
