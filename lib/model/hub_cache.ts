/**
 * The Hugging Face cache on disk: where it is, what it holds, how a file is entered. The layout is huggingface_hub's,
 * so a cache that Python filled is found here and the other way round:
 *
 *     <cache>/models--org--name/refs/main               commit id as text
 *     <cache>/models--org--name/snapshots/<commit>/f    -> ../../blobs/<etag>
 *     <cache>/models--org--name/blobs/<etag>            SHA-256 of a large file, git blob id of a small one
 *
 * @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile, mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join, matchesGlob, relative } from "node:path";
import process from "node:process";
import { UsageError } from "../guardrail.ts";
import { writeFileAtomic } from "../io/atomic.ts";

/** Where the hub and the cache are. */
export interface HubSettings {
  /** The cache's folder. */
  readonly cacheDirectory: string;
  /** The hub's address, without a slash at its end. */
  readonly endpoint: string;
  /** Access token, if there is one. */
  readonly token: string | undefined;
  /** Never ask the network. */
  readonly isOffline: boolean;
}

/** Environment variables. */
type Environment = Readonly<Record<string, string | undefined>>;

/** A kind of repository that the cache keeps. */
export type RepoType = "model" | "dataset";

/** A repository. */
export interface Repo {
  readonly type: RepoType;
  /** `org/name`, or `name` for a few old models. */
  readonly id: string;
}

/**
 * Settings from the environment: HF_HOME, HF_HUB_CACHE (HUGGINGFACE_HUB_CACHE), XDG_CACHE_HOME, HF_ENDPOINT,
 * HF_TOKEN (HUGGING_FACE_HUB_TOKEN), HF_TOKEN_PATH, HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_OFFLINE
 * (TRANSFORMERS_OFFLINE), with the meaning and precedence they have in huggingface_hub.
 */
export function hubSettings(
  environment: Environment = process.env,
): HubSettings {
  const home = environment.HF_HOME ||
    join(environment.XDG_CACHE_HOME || join(userHome(environment), ".cache"), "huggingface");
  const cache = environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE || join(home, "hub");
  const isImplicit = !isTrue(environment.HF_HUB_DISABLE_IMPLICIT_TOKEN);
  const named = environment.HF_TOKEN || environment.HUGGING_FACE_HUB_TOKEN;
  const tokenFile = environment.HF_TOKEN_PATH || join(home, "token");
  return {
    cacheDirectory: expandHome(cache, environment),
    endpoint: (environment.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    token: isImplicit ? cleanToken(named) ?? tokenFromFile(expandHome(tokenFile, environment)) : undefined,
    isOffline: isTrue(environment.HF_HUB_OFFLINE || environment.TRANSFORMERS_OFFLINE),
  };
}

/** The folder of one repository in the cache. */
export function repoFolder(cacheDirectory: string, repo: Repo): string {
  return join(cacheDirectory, [`${repo.type}s`, ...checkedRepoId(repo.id).split("/")].join("--"));
}

/** The commit that a branch, tag or commit id stands for according to the cache, or undefined. */
export function cachedCommit(folder: string, revision: string): string | undefined {
  if (isCommitId(revision)) return revision;
  const path = join(folder, "refs", checkedRevision(revision));
  const commit = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  return isCommitId(commit) ? commit : undefined;
}

/** Remembers what commit a branch or tag stands for; an unchanged note is not written again. */
export async function rememberCommit(folder: string, revision: string, commit: string): Promise<void> {
  if (revision === commit || cachedCommit(folder, revision) === commit) return;
  await writeFileAtomic(join(folder, "refs", checkedRevision(revision)), commit);
}

/** Files of a snapshot that are really there (a link whose blob is gone does not count), sorted. */
export function snapshotFiles(folder: string, commit: string): readonly string[] {
  const root = join(folder, "snapshots", commit);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => existsSync(join(root, name)) && statSync(join(root, name)).isFile())
    .sort();
}

/** Enters a blob into a snapshot: a relative link, or a copy where the disk has no links. */
export async function linkBlob(folder: string, commit: string, name: string, etag: string): Promise<void> {
  const link = join(folder, "snapshots", commit, checkedFileName(name));
  const blob = join(folder, "blobs", etag);
  await mkdir(dirname(link), { recursive: true });
  await rm(link, { force: true });
  try {
    await symlink(relative(dirname(link), blob), link);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return; // another process entered it in between
    if (code !== "EPERM" && code !== "ENOTSUP") throw error;
    await copyFile(blob, link);
  }
}

/** Whether a file name is asked for by one of the names or globs. */
export function isWanted(name: string, wanted: readonly string[]): boolean {
  return wanted.some((pattern) => pattern === name || matchesGlob(name, pattern));
}

/** Whether a wanted file is a pattern rather than the name of one file. */
export function isGlob(pattern: string): boolean {
  return /[*?[{]/.test(pattern);
}

/** Whether a revision is a full commit id, which never changes its meaning. */
export function isCommitId(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** @throws {UsageError} if `id` is not `org/name` or `name` */
export function checkedRepoId(id: string): string {
  if (!/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(id) || id.includes("..") || id.includes("--")) {
    throw new UsageError(`Cannot use repository "${id}": needs a name like org/name`);
  }
  return id;
}

/** A file name that stays inside the snapshot; the names come from the server. */
export function checkedFileName(name: string): string {
  const parts = name.split("/");
  if (name.includes("\\") || name.includes("\0") || parts.some((part) => ["", ".", ".."].includes(part))) {
    throw new UsageError(`Cannot enter file "${name}" into the cache: needs a relative path without ".."`);
  }
  return name;
}

function checkedRevision(revision: string): string {
  if (!/^[\w][\w./-]*$/.test(revision) || revision.includes("..")) {
    throw new UsageError(`Cannot use revision "${revision}": needs a branch, a tag or a commit id`);
  }
  return revision;
}

function isTrue(text: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes((text ?? "").toUpperCase());
}

function expandHome(path: string, environment: Environment): string {
  return path === "~" || path.startsWith("~/") ? join(userHome(environment), path.slice(1)) : path;
}

/** From the environment, as asking the system needs a permission of its own. */
function userHome(environment: Environment): string {
  return environment.HOME || environment.USERPROFILE || ".";
}

function tokenFromFile(path: string): string | undefined {
  return existsSync(path) ? cleanToken(readFileSync(path, "utf8")) : undefined;
}

function cleanToken(text: string | undefined): string | undefined {
  return text?.replaceAll(/[\r\n]/g, "").trim() || undefined;
}
