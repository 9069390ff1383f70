/**
 * HTTP requests that survive a busy or flaky server: retried with growing pauses where trying again can help,
 * and turned into one-line errors that say what to do where it cannot.
 */
import { UsageError } from "../guardrail.ts";

/** How long and how often to try. */
export interface RetryPolicy {
  /** Attempts after the first one that may fail in a row; default 5. */
  readonly maxRetries?: number;
  /** Pause before the first retry, in milliseconds; doubles each time up to 30 s; default 1000. */
  readonly retryDelayMs?: number;
  /** A connection that is silent this long counts as dropped, in milliseconds; default 60 000. */
  readonly stallMs?: number;
  /** Aborts everything, pauses included. */
  readonly signal?: AbortSignal;
}

/** The longest pause between two attempts; a server's Retry-After may ask for up to ten times as much. */
const longestPauseMs = 30_000;
const connectionErrors = [
  Deno.errors.ConnectionAborted,
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
  Deno.errors.BrokenPipe,
  Deno.errors.Http,
  Deno.errors.TimedOut,
  Deno.errors.UnexpectedEof,
];
const retryableStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/**
 * fetch() that tries again on 408, 429 (after Retry-After), 500, 502, 503, 504 and dropped connections.
 * Any other answer is returned as it is; the caller consumes or cancels its body.
 * @throws {Error} if the last retry failed too
 * @see RFC 9110 section 10.2.3 (Retry-After)
 */
export async function requestWithRetry(
  url: string,
  init: RequestInit,
  policy: RetryPolicy = {},
): Promise<Response> {
  const maxRetries = policy.maxRetries ?? 5;
  const named = plainUrl(url); // also refuses a malformed URL, which fetch() would report like a lost connection
  for (let retry = 0;; retry++) {
    policy.signal?.throwIfAborted();
    let failure: string;
    let retryAfterMs: number | undefined;
    try {
      const response = await fetchOnce(url, init, policy);
      if (!retryableStatuses.has(response.status)) return response;
      retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), Date.now());
      failure = `the server answered ${response.status}`;
      await response.body?.cancel();
    } catch (error) {
      policy.signal?.throwIfAborted();
      if (!isConnectionFailure(error)) throw error;
      failure = describeFailure(error);
    }
    if (retry >= maxRetries) {
      throw new ConnectionError(`Cannot reach ${named}: ${failure}, ${retry + 1} times in a row`);
    }
    await pause(retryAfterMs ?? backoffMs(retry, policy.retryDelayMs), policy.signal);
  }
}

/** The server could not be reached, or kept failing, after all retries. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/**
 * The error for an answer that trying again will not change.
 * @param response an answer that is not ok; its body is not read
 * @param url what was asked for; its query, which may hold a signature, is left out of the message
 */
export function refusedRequest(response: Response, url: string): Error {
  const { status } = response;
  const said = oneLine(response.headers.get("x-error-message"));
  const what = `Cannot download ${plainUrl(url)}: the server answered ${status}`;
  const detail = said ? ` (${said})` : "";
  if (status === 401 || status === 403) {
    return new UsageError(
      `${what}${detail}; needs HF_TOKEN set to a token that may read it, or the name is wrong`,
    );
  }
  if (status === 404) return new UsageError(`${what}${detail}; needs an existing name, revision and file`);
  return new Error(`${what}${detail}`);
}

/** A URL without its query and credentials, fit for a message or a log. */
export function plainUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** Milliseconds that a Retry-After header asks for (seconds or an HTTP date), capped at five minutes. */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 10 * longestPauseMs);
}

/** Pause before retry number `retry` (from 0), in milliseconds. */
export function backoffMs(retry: number, firstMs = 1000): number {
  let ms = firstMs;
  for (let i = 0; i < retry && ms < longestPauseMs; i++) ms *= 2;
  return Math.min(ms, longestPauseMs);
}

/** Whether an error is a dropped or refused connection (fetch reports those as TypeError), or a stall. */
export function isConnectionFailure(error: unknown): boolean {
  return error instanceof TypeError || error instanceof StallError ||
    connectionErrors.some((kind) => error instanceof kind);
}

/** One line on why a connection failed. */
export function describeFailure(error: unknown): string {
  const { message, cause } = error as Error;
  return oneLine(cause instanceof Error ? `${message}: ${cause.message}` : message) ?? "no answer";
}

/** The server accepted the connection and then sent nothing. */
export class StallError extends Error {
  override readonly name = "StallError";
}

/** Waits, unless aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** One attempt, given up if no answer begins within `stallMs`. */
async function fetchOnce(url: string, init: RequestInit, policy: RetryPolicy): Promise<Response> {
  const stallMs = policy.stallMs ?? 60_000;
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new StallError(`no answer within ${stallMs} ms`)), stallMs);
  const signals = [stalled.signal, ...policy.signal ? [policy.signal] : []];
  try {
    return await fetch(url, { ...init, signal: AbortSignal.any(signals) });
  } finally {
    clearTimeout(timer);
  }
}

function oneLine(text: string | null): string | undefined {
  return text?.replaceAll(/\s+/g, " ").trim().slice(0, 300) || undefined;
}
