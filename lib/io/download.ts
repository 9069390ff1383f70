/**
 * One file over HTTP, whole and checked or not at all: streamed to `<path>.part`, resumed after an interruption
 * (of the connection or of this process), verified, then renamed into place.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { GuardrailError } from "../guardrail.ts";
import {
  backoffMs,
  ConnectionError,
  describeFailure,
  isConnectionFailure,
  pause,
  plainUrl,
  refusedRequest,
  requestWithRetry,
  type RetryPolicy,
  StallError,
} from "./http.ts";

/** What the file must be, and how to fetch it. */
export interface DownloadOptions extends RetryPolicy {
  /** SHA-256 the file must have, lower-case hexadecimal. */
  readonly sha256?: string;
  /** Git blob id the file must have: SHA-1 of `blob <size>\0` and the contents. */
  readonly gitBlobId?: string;
  /** Size the file must have, in bytes. */
  readonly size?: number;
  /** Called as bytes arrive; `received` counts what an earlier attempt left. Bytes; total is unknown in rare cases. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  /** Request headers; an Authorization header is not passed on to another host when redirected. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What downloadFile() did. */
export interface Downloaded {
  /** Bytes on disk. */
  readonly size: number;
  /** Bytes that this call fetched; less than `size` after resuming, 0 if another process fetched the file meanwhile. */
  readonly nBytesFetched: number;
}

/**
 * Downloads a file, replacing what is at `path` only when the new file is complete and verified.
 * A partial file is kept at `<path>.part` when the connection fails for good, so that the next call resumes it:
 * with If-Range where the server gave a strong ETag, and freely where a checksum will prove the result.
 * Two processes asking for the same file take turns on a lock, so neither spoils the other's partial file.
 * @param url where the file is; redirects are followed
 * @param path where it shall be
 * @throws {GuardrailError} "wrong-checksum" if the size or checksum differs; the bad file is not kept
 * @throws {UsageError} on 401, 403 (names HF_TOKEN) and 404
 * @throws {ConnectionError} if the retries are used up without a byte of progress; a truncated body counts as that
 * @see RFC 9110 sections 13.1.5 (If-Range) and 14 (range requests)
 */
export async function downloadFile(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  await mkdir(dirname(path), { recursive: true });
  const before = await modifiedAt(path);
  using part = await openLocked(`${path}.part`);
  if (await modifiedAt(path) !== before) { // another process finished it while this one waited for the lock
    await rm(part.path, { force: true });
    await verify(path, url, options);
    return { size: (await stat(path)).size, nBytesFetched: 0 };
  }
  let nBytesFetched: number;
  try {
    nBytesFetched = await fillPart(url, part, options);
    await part.file.sync();
    await verify(part.path, url, options);
  } catch (error) {
    const isWrong = error instanceof GuardrailError;
    if (isWrong || (await part.file.stat()).size === 0) await discard(part.path);
    throw error;
  }
  await rename(part.path, path);
  await rm(validatorPath(part.path), { force: true });
  return { size: (await stat(path)).size, nBytesFetched };
}

/** The partial file, open and locked. */
interface Part extends Disposable {
  readonly path: string;
  readonly file: Deno.FsFile;
}

/** Opens the partial file under an exclusive lock; waits for whoever holds it. */
async function openLocked(path: string): Promise<Part> {
  for (;;) {
    const file = await Deno.open(path, { read: true, write: true, create: true });
    await file.lock(true);
    // The holder before us may have renamed or removed the file while we waited: then the lock is on a stranger.
    const [mine, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
    if (there !== undefined && (mine.ino === null || mine.ino === there.ino)) {
      return { path, file, [Symbol.dispose]: () => file.close() };
    }
    file.close();
  }
}

/** Fetches until the partial file is complete. Returns the number of bytes fetched. */
async function fillPart(url: string, part: Part, options: DownloadOptions): Promise<number> {
  const maxRetries = options.maxRetries ?? 5;
  const hasChecksum = options.sha256 !== undefined || options.gitBlobId !== undefined;
  let etag = await readFile(validatorPath(part.path), "utf8").catch(() => undefined);
  let at = hasChecksum || etag !== undefined ? (await part.file.stat()).size : 0;
  if (options.size !== undefined && at > options.size) at = 0;
  let furthest = at;
  let nBytesFetched = 0;
  for (let retry = 0;; retry++) {
    if (options.size !== undefined && at === options.size) return nBytesFetched;
    options.signal?.throwIfAborted();
    const response = await requestWithRetry(url, { headers: requestHeaders(options, at, etag) }, options);
    let failure: string;
    try {
      const start = await startOfBody(response, at, url);
      if (start === "restart") {
        [at, etag] = [0, undefined];
        failure = "the server cannot resume it";
      } else {
        if (start !== at) at = start; // the server sent the whole file: it cannot resume, or the file changed
        etag = await keepValidator(part.path, response);
        const total = totalSize(response, at);
        checkOffer(total, url, options);
        await part.file.truncate(at);
        await part.file.seek(at, Deno.SeekMode.Start);
        for await (const piece of stallGuarded(response, options)) {
          await writeAll(part.file, piece);
          at += piece.length;
          nBytesFetched += piece.length;
          options.onProgress?.(at, total ?? options.size);
        }
        const expected = options.size ?? total;
        if (expected === undefined || at >= expected) return nBytesFetched;
        failure = `the body ended after ${at} of ${expected} bytes`;
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isConnectionFailure(error)) throw error;
      failure = `the connection dropped after ${at} bytes (${describeFailure(error)})`;
    }
    if (at > furthest) [furthest, retry] = [at, 0];
    if (retry >= maxRetries) {
      throw new ConnectionError(`Cannot download ${plainUrl(url)}: ${failure}, ${retry + 1} times in a row`);
    }
    await pause(backoffMs(retry, options.retryDelayMs), options.signal);
  }
}

function requestHeaders(options: DownloadOptions, at: number, etag: string | undefined): Headers {
  const headers = new Headers(options.headers);
  headers.set("accept-encoding", "identity"); // sizes and ranges must count the file's own bytes
  if (at > 0) {
    headers.set("range", `bytes=${at}-`);
    if (etag !== undefined) headers.set("if-range", etag);
  }
  return headers;
}

/** The offset in the file at which the response's body starts; refuses answers that are not the file. */
async function startOfBody(
  response: Response,
  at: number,
  url: string,
): Promise<number | "restart"> {
  if (response.status === 200) return 0;
  if (response.status === 206) {
    const start = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
    if (Number(start) === at) return at;
  }
  await response.body?.cancel();
  // 416: nothing lies beyond what we hold. Complete if that is the file's size, else foreign bytes: start again.
  if (at > 0 && (response.status === 416 || response.status === 206)) return "restart";
  throw refusedRequest(response, url);
}

function totalSize(response: Response, start: number): number | undefined {
  const whole = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (whole !== undefined) return Number(whole);
  if (response.headers.has("content-encoding")) return undefined;
  const rest = response.headers.get("content-length");
  return rest === null ? undefined : start + Number(rest);
}

/** A server that offers more than the expected size has another file; fewer bytes may be a truncated answer. */
function checkOffer(total: number | undefined, url: string, options: DownloadOptions): void {
  if (total !== undefined && options.size !== undefined && total > options.size) {
    throw new GuardrailError(
      "wrong-checksum",
      `Cannot download ${plainUrl(url)}: needs ${options.size} bytes, the server offers ${total}`,
    );
  }
}

/** Remembers a strong ETag beside the partial file; weak ones do not promise the same bytes. */
async function keepValidator(partPath: string, response: Response): Promise<string | undefined> {
  const etag = response.headers.get("etag");
  if (etag === null || etag.startsWith("W/")) {
    await rm(validatorPath(partPath), { force: true });
    return undefined;
  }
  await writeFile(validatorPath(partPath), etag);
  return etag;
}

function validatorPath(partPath: string): string {
  return `${partPath}.etag`;
}

/** The body's pieces; a silence longer than `stallMs` throws. */
async function* stallGuarded(response: Response, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const stallMs = options.stallMs ?? 60_000;
  const reader = response.body.getReader();
  try {
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stalled = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new StallError(`nothing came for ${stallMs} ms`)), stallMs);
      });
      let piece: ReadableStreamReadResult<Uint8Array>;
      try {
        piece = await Promise.race([reader.read(), stalled]);
      } finally {
        clearTimeout(timer);
      }
      if (piece.done) return;
      options.signal?.throwIfAborted();
      yield piece.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** Refuses a file whose size or checksum is not the expected one. */
async function verify(path: string, url: string, options: DownloadOptions): Promise<void> {
  const { size } = await stat(path);
  const refuse = (needs: string, got: string) => {
    throw new GuardrailError("wrong-checksum", `Cannot accept ${plainUrl(url)}: needs ${needs}, got ${got}`);
  };
  if (options.size !== undefined && size !== options.size) refuse(`${options.size} bytes`, `${size}`);
  if (options.sha256 !== undefined) {
    const got = await fileDigest(path, "sha256", "");
    if (got !== options.sha256.toLowerCase()) refuse(`SHA-256 ${options.sha256}`, got);
  }
  if (options.gitBlobId !== undefined) {
    const got = await gitBlobIdOfFile(path);
    if (got !== options.gitBlobId.toLowerCase()) refuse(`git blob ${options.gitBlobId}`, got);
  }
}

/** Git's name for a file's contents: SHA-1 of `blob <size>\0` and the bytes. */
export async function gitBlobIdOfFile(path: string): Promise<string> {
  return fileDigest(path, "sha1", `blob ${(await stat(path)).size}\0`);
}

async function fileDigest(path: string, algorithm: "sha1" | "sha256", prefix: string): Promise<string> {
  const hash = createHash(algorithm).update(prefix);
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}

async function modifiedAt(path: string): Promise<number> {
  return existsSync(path) ? (await stat(path)).mtimeMs : -1;
}

async function discard(partPath: string): Promise<void> {
  await rm(partPath, { force: true });
  await rm(validatorPath(partPath), { force: true });
}
