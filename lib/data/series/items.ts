/**
 * Items of the generated series: windows of a context and what follows it, with the factors that make them hard. A
 * stream of items is a pure function of its seed; the windows of a series form a group and lie in one split.
 */
import { randomStream } from "../../math/random.ts";
import { drawSeries, drawSeriesPlan, type PlannedSeries, type SeriesPlan } from "./draw_series.ts";

export interface SeriesItem {
  /** Position in the stream, from 0. */
  readonly id: number;
  /** The series' number: the group of grouped splits and clusters. */
  readonly seriesId: number;
  readonly split: "train" | "test";
  /** First step of the window in its series. */
  readonly start: number;
  readonly context: Float64Array;
  readonly future: Float64Array;
  /** The factors of the whole series. */
  readonly plan: SeriesPlan;
  readonly window: WindowFactors;
}

/** Factors of one window. */
export interface WindowFactors {
  /** Regime changes inside the context. */
  readonly nChangesInContext: number;
  /** Whether the level changes after the context, where nobody can know it. */
  readonly changesInFuture: boolean;
  /** Steps between the last change and the end of the context; the context's length if there is none. */
  readonly stepsSinceChange: number;
  /** Standard deviation of the noise, root mean square over the future and over the context. */
  readonly futureNoise: number;
  readonly contextNoise: number;
}

export interface SeriesItemOptions {
  readonly seed: number;
  readonly nItems: number;
  /** Steps of a context and of what follows; 96 and 24 by default. */
  readonly contextLength?: number;
  readonly horizon?: number;
}

/** Windows of one series; each begins a horizon after its predecessor, so that futures do not overlap. */
export const WINDOWS_PER_SERIES = 4;

export const CONTEXT_LENGTH = 96;
export const HORIZON = 24;

/** Of ten consecutive series, how many train. */
const TRAIN_SERIES_OF_TEN = 7;

/**
 * Windows of series.
 * @throws {RangeError} if a number is out of range
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { seriesItems } from "lib/data/series/items.ts";
 * const [first, second] = seriesItems({ seed: 1, nItems: 2 });
 * assert.equal(first!.future.length, 24);
 * assert.deepEqual(second!.context.slice(-24), first!.future);
 * ```
 */
export function* seriesItems(options: SeriesItemOptions): Generator<SeriesItem, void, undefined> {
  const { seed, nItems, contextLength = CONTEXT_LENGTH, horizon = HORIZON } = options;
  if (!Number.isSafeInteger(nItems) || nItems < 0) {
    throw new RangeError(`Cannot generate items: needs a number of items, got ${nItems}`);
  }
  const length = contextLength + WINDOWS_PER_SERIES * horizon;
  for (let id = 0, seriesId = 0; id < nItems; seriesId++) {
    const rng = randomStream(seed, `series/items/${seriesId}`);
    const series = drawSeries(rng, drawSeriesPlan(rng), length);
    for (let i = 0; i < WINDOWS_PER_SERIES && id < nItems; i++, id++) {
      const start = i * horizon;
      const end = start + contextLength;
      yield {
        id,
        seriesId,
        split: splitOfSeries(seriesId),
        start,
        context: series.values.slice(start, end),
        future: series.values.slice(end, end + horizon),
        plan: series.plan,
        window: windowFactors(series, [start, end, end + horizon]),
      };
    }
  }
}

/** The split of a series. */
export function splitOfSeries(seriesId: number): "train" | "test" {
  return seriesId % 10 < TRAIN_SERIES_OF_TEN ? "train" : "test";
}

/**
 * Window `index` of what the organisms are trained on: a context and its future, a pure function of seed and index.
 */
export function pretrainingWindow(
  index: number,
  { seed, contextLength, horizon }: {
    readonly seed: number;
    readonly contextLength: number;
    readonly horizon: number;
  },
): { readonly context: Float64Array; readonly future: Float64Array } {
  const rng = randomStream(seed, `series/pretraining/${index}`);
  // Of a series as long as an item's, any window: noise grows and levels change anywhere.
  const length = contextLength + WINDOWS_PER_SERIES * horizon;
  const { values } = drawSeries(rng, drawSeriesPlan(rng), length);
  const start = rng.integers(length - contextLength - horizon + 1);
  const end = start + contextLength;
  return { context: values.slice(start, end), future: values.slice(end, end + horizon) };
}

function windowFactors(
  { changes, noiseScale }: PlannedSeries,
  [start, end, last]: readonly [number, number, number],
): WindowFactors {
  const inContext = changes.filter((t) => t > start && t < end);
  return {
    nChangesInContext: inContext.length,
    changesInFuture: changes.some((t) => t >= end && t < last),
    stepsSinceChange: end - Math.max(start, ...inContext),
    futureNoise: rootMeanSquare(noiseScale.subarray(end, last)),
    contextNoise: rootMeanSquare(noiseScale.subarray(start, end)),
  };
}

function rootMeanSquare(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
