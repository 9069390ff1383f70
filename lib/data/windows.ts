/** Forecasting windows of one long series, split in time without overlap between train and test. */

/** How a series is cut; all lengths in samples. */
export interface WindowOptions {
  /** Values a forecast sees. */
  readonly context: number;
  /** Values it forecasts. */
  readonly horizon: number;
  /** Distance between the starts of neighbouring windows. */
  readonly stride: number;
  /** Share of the series before the split, in (0, 1); the split index is rounded down (default 0.7). */
  readonly trainShare?: number;
}

/** One window: context [start, start + context), then the horizon. */
export interface Window {
  /** Row among the windows, counted over all splits. */
  readonly id: number;
  /** First sample of the context. */
  readonly start: number;
  /** `purge`: between the splits, so that no sample is shared between a train and a test window. */
  readonly split: "train" | "test" | "purge";
}

/**
 * All windows that fit in a series. A window is train if it ends at or before the split index, test if it starts a
 * whole window's length behind it, and purged otherwise.
 * @param length samples of the series
 * @throws {RangeError} if a length is not a positive integer or trainShare is outside (0, 1)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cutWindows } from "lib/data/windows.ts";
 * const windows = cutWindows(17420, { context: 512, horizon: 96, stride: 24 });
 * const count = (split: string) => windows.filter((window) => window.split === split).length;
 * assert.deepEqual([count("train"), count("test"), count("purge")], [483, 167, 51]);
 * ```
 */
export function cutWindows(
  length: number,
  { context, horizon, stride, trainShare = 0.7 }: WindowOptions,
): Window[] {
  for (const [name, value] of Object.entries({ length, context, horizon, stride })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new RangeError(`Cannot cut windows: needs a positive whole ${name}, got ${value}`);
  }
  if (!(trainShare > 0 && trainShare < 1)) {
    throw new RangeError(`Cannot cut windows: needs a train share in (0, 1), got ${trainShare}`);
  }
  const size = context + horizon;
  const splitIndex = Math.floor(trainShare * length);
  const nWindows = Math.max(0, Math.floor((length - size) / stride) + 1);
  return Array.from({ length: nWindows }, (_, id) => {
    const start = id * stride;
    const split = start + size <= splitIndex ? "train" : start >= splitIndex + size ? "test" : "purge";
    return { id, start, split };
  });
}
