/**
 * A progress bar: one line that rewrites itself on a terminal, a sparse line now and then elsewhere (a log, a
 * notebook), nothing when quiet.
 */
import process from "node:process";

/** Where progress is shown. */
export interface ProgressSink {
  /** Whether a carriage return goes back to the start of the line. */
  readonly isTerminal: boolean;
  /** Width in characters; read anew at each drawing. */
  readonly nColumns: number;
  readonly write: (text: string) => void;
}

/** What is counted, and where it is shown. */
export interface ProgressOptions {
  readonly label: string;
  /** Amount in all; without it there is no bar and no time left. */
  readonly total?: number;
  /** Name of what is counted ("items", "tokens"); "B" shows bytes as kB, MB, GB. Default: none. */
  readonly unit?: string;
  /** Where to show it; default standard error. */
  readonly sink?: ProgressSink;
  /** Show nothing at all. */
  readonly isQuiet?: boolean;
  /** Milliseconds since any fixed moment; default performance.now(). */
  readonly now?: () => number;
}

/** A running progress bar. */
export interface Progress {
  /**
   * @param count amount so far; what the first call reports counts as done before the start (a resumed run)
   * @param note figures to show beside it, such as "fvu 0.12"
   */
  readonly update: (count: number, note?: string) => void;
  /** Draws the last state and ends the line; later calls do nothing. */
  readonly done: (note?: string) => void;
}

/** Shortest time between two drawings, in milliseconds. */
const terminalIntervalMs = 100;
const logIntervalMs = 30_000;

/**
 * Starts a progress bar; nothing is drawn before the first update.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createProgress } from "lib/io/progress.ts";
 * let shown = "";
 * const sink = { isTerminal: false, nColumns: 80, write: (text: string) => void (shown += text) };
 * const progress = createProgress({ label: "encode", total: 10, unit: "items", sink, now: () => 0 });
 * progress.update(10);
 * progress.done();
 * assert.equal(shown, "encode 100% 10/10 items\n");
 * ```
 */
export function createProgress(options: ProgressOptions): Progress {
  if (options.isQuiet) return { update: () => {}, done: () => {} };
  const sink = options.sink ?? standardError;
  const now = options.now ?? (() => performance.now());
  let start: { readonly ms: number; readonly count: number } | undefined;
  let state = { count: 0, note: "" };
  let lastDrawnMs = -Infinity;
  let isDone = false;

  const draw = (isLast: boolean) => {
    const ms = now();
    const line = progressLine(options, state, start ?? { ms, count: state.count }, ms);
    if (sink.isTerminal) {
      const width = Math.max(sink.nColumns - 1, 1);
      sink.write(`\r${line.slice(0, width).padEnd(width)}${isLast ? "\n" : ""}`);
    } else sink.write(`${line}\n`);
    lastDrawnMs = ms;
  };
  return {
    update(count, note = "") {
      if (isDone) return;
      state = { count, note };
      const isFirst = start === undefined;
      start ??= { ms: now(), count };
      // A log gets no line at the very start: short runs then print their last line only.
      if (isFirst && !sink.isTerminal) lastDrawnMs = start.ms;
      const intervalMs = sink.isTerminal ? terminalIntervalMs : logIntervalMs;
      if (now() - lastDrawnMs >= intervalMs) draw(false);
    },
    done(note) {
      if (isDone) return;
      isDone = true;
      if (start === undefined) return;
      state = { count: state.count, note: note ?? state.note };
      draw(true);
    },
  };
}

/** The line: label, share, bar, amounts, throughput, time left, note. */
function progressLine(
  options: ProgressOptions,
  state: { readonly count: number; readonly note: string },
  start: { readonly ms: number; readonly count: number },
  ms: number,
): string {
  const { total, unit = "" } = options;
  const seconds = (ms - start.ms) / 1000;
  const rate = seconds > 0 ? (state.count - start.count) / seconds : 0;
  const parts = [options.label];
  if (total !== undefined && total > 0) {
    const share = Math.min(state.count / total, 1);
    parts.push(`${Math.floor(share * 100)}%`);
    if (options.sink?.isTerminal ?? standardError.isTerminal) parts.push(bar(share));
  }
  const amounts = total === undefined ? [state.count] : [state.count, total];
  parts.push(`${amounts.map((amount) => formatAmount(amount, unit)).join("/")}${unitSuffix(unit)}`);
  if (rate > 0) {
    parts.push(`${formatAmount(rate, unit)}${unitSuffix(unit)}/s`);
    if (total === undefined) parts.push(formatSeconds(seconds));
    else if (state.count < total) parts.push(`${formatSeconds((total - state.count) / rate)} left`);
    else parts.push(`in ${formatSeconds(seconds)}`);
  }
  if (state.note) parts.push(state.note);
  return parts.join(" ");
}

function bar(share: number): string {
  const width = 20;
  const full = Math.floor(share * width);
  return `[${"#".repeat(full)}${"-".repeat(width - full)}]`;
}

/** Three significant digits with SI prefixes for bytes and large numbers, whole numbers up to 9999. */
export function formatAmount(amount: number, unit = ""): string {
  const isBytes = unit === "B";
  if (!isBytes && amount < 10_000) return Number.isInteger(amount) ? `${amount}` : amount.toPrecision(3);
  const prefixes = ["", "k", "M", "G", "T"];
  let value = amount;
  let i = 0;
  while (value >= 999.5 && i < prefixes.length - 1) [value, i] = [value / 1000, i + 1];
  const digits = value >= 99.95 || i === 0 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)}${isBytes ? " " : ""}${prefixes[i]}${isBytes ? "B" : ""}`;
}

/** Seconds as `m:ss` or `h:mm:ss`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => `${n}`.padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function unitSuffix(unit: string): string {
  return unit === "" || unit === "B" ? "" : ` ${unit}`;
}

const standardError: ProgressSink = {
  get isTerminal() {
    return process.stderr.isTTY === true;
  },
  get nColumns() {
    return process.stderr.columns || 80;
  },
  write: (text) => void process.stderr.write(text),
};
