/**
 * Windows cut from one series overlap: a window shares data with all that start within (context + horizon) steps.
 * Blocks of time at least that long are the units that can be taken as nearly independent.
 */

/**
 * Fewest windows a block must span so that windows one block apart share no data.
 * @param options context, horizon and stride in time steps
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { overlapLength } from "lib/stats/time_blocks.ts";
 * assert.equal(overlapLength({ context: 512, horizon: 96, stride: 24 }), 26); // ETTh1
 * ```
 */
export function overlapLength(
  { context, horizon, stride }: {
    readonly context: number;
    readonly horizon: number;
    readonly stride: number;
  },
): number {
  return Math.ceil((context + horizon) / stride);
}

/** Rows of one series in time order: [start, end). */
export interface SeriesSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The runs of equal series labels. Rows must lie series by series, each in time order.
 * @param series series of each row, shape [n]; a single number n means one series of n rows
 * @throws {RangeError} if a series' rows are not contiguous
 */
export function seriesSpans(series: ArrayLike<string | number> | number): SeriesSpan[] {
  if (typeof series === "number") return [{ start: 0, end: series }];
  const spans: SeriesSpan[] = [];
  const seen = new Set<string | number>();
  for (let start = 0; start < series.length;) {
    const label = series[start]!;
    if (seen.has(label)) {
      throw new RangeError(`Cannot form time blocks: needs each series' rows together, got ${label} twice`);
    }
    seen.add(label);
    let end = start + 1;
    while (end < series.length && series[end] === label) end++;
    spans.push({ start, end });
    start = end;
  }
  return spans;
}

/** Below this many stretches of the overlap's length no interval is printed: pool series instead. */
export const MIN_TIME_BLOCKS = 10;

/** How a study's rows are cut into batches, or why they cannot be. */
export interface BatchPlan {
  /** Rows that share no data with each other's neighbours: sum over series of floor(rows / overlap), at least 1 each. */
  readonly nBlocks: number;
  /** Target rows in a batch, at least the overlap. */
  readonly batchLength: number;
  /** Batches in time order: none crosses from one series into the next. */
  readonly batches: readonly SeriesSpan[];
  /**
   * Factor on the variance. Neighbouring batches of length L still share data across their border, which hides up
   * to overlap / (3 L) of the variance (when correlation falls in a straight line, as overlap makes it) and nothing
   * of independent rows: three quarters of the most are added back.
   */
  readonly varianceFactor: number;
}

/**
 * Cuts time-ordered rows into batches for a t interval: about sqrt(2.5 * nBlocks) of them, so that five at the
 * minimum of ten blocks are two overlaps long, and both their number and their length grow with the study.
 * @param rows number of rows of one series, or the series of each row
 * @param overlap rows after which windows share no data, see overlapLength()
 * @throws {RangeError} if the overlap is not a whole number >= 1 or a series is split
 */
export function planBatches(rows: number | ArrayLike<string | number>, overlap: number): BatchPlan {
  if (!Number.isInteger(overlap) || overlap < 1) {
    throw new RangeError(`Cannot form time blocks: needs a whole overlap >= 1, got ${overlap}`);
  }
  const spans = seriesSpans(rows);
  const nRows = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const nBlocks = spans.reduce(
    (sum, { start, end }) => sum + Math.max(1, Math.floor((end - start) / overlap)),
    0,
  );
  const batchLength = Math.max(overlap, Math.floor(nRows / Math.sqrt(2.5 * nBlocks)));
  const batches = spans.flatMap((span) => splitSpan(span, batchLength));
  return { nBlocks, batchLength, batches, varianceFactor: 1 / (1 - overlap / (4 * batchLength)) };
}

function splitSpan({ start, end }: SeriesSpan, batchLength: number): SeriesSpan[] {
  const nBatches = Math.max(1, Math.round((end - start) / batchLength));
  return Array.from({ length: nBatches }, (_, k) => ({
    start: start + Math.floor(k * (end - start) / nBatches),
    end: start + Math.floor((k + 1) * (end - start) / nBatches),
  }));
}
