/**
 * Inference on time-ordered rows that overlap: batches of consecutive windows take the place of items. The
 * estimate is computed anew with each batch left out, which for a mean is the method of batch means.
 */
import type { Inference } from "./interval.ts";
import { leaveOutInterval, type RowEstimator } from "./leave_out.ts";
import { MIN_TIME_BLOCKS, planBatches } from "./time_blocks.ts";

/**
 * t interval from an estimate's leave-one-batch-out values.
 * @param estimate the estimate as a function of row indices
 * @param rows number of rows of one series in time order, or the series of each row when several are pooled
 * @param options overlap in rows, see overlapLength()
 * @returns an interval, or "underpowered" below ten stretches of the overlap or when a batch holds a whole class
 * @throws {RangeError} if the overlap is not a whole number >= 1 or a series is split
 * @see Alexopoulos & Seila 1996, doi:10.1145/256562.256595; Shao & Wu 1989 (leave d out), doi:10.1214/aos/1176347263
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { batchMeans } from "lib/stats/batch_means.ts";
 * import { meanOnRows } from "lib/stats/leave_out.ts";
 * const effects = Float64Array.from({ length: 200 }, (_, i) => Math.sin(i));
 * assert.equal(batchMeans(meanOnRows(effects), 200, { overlap: 8 }).status, "valid");
 * assert.equal(batchMeans(meanOnRows(effects), 200, { overlap: 26 }).status, "underpowered");
 * ```
 */
export function batchMeans(
  estimate: RowEstimator,
  rows: number | ArrayLike<string | number>,
  { overlap, alpha = 0.05 }: { readonly overlap: number; readonly alpha?: number },
): Inference {
  const method = "batch means";
  const { nBlocks, batches, varianceFactor } = planBatches(rows, overlap);
  const batchOf = new Uint32Array(typeof rows === "number" ? rows : rows.length);
  batches.forEach(({ start, end }, b) => batchOf.fill(b, start, end));
  if (nBlocks < MIN_TIME_BLOCKS) {
    const value = estimate(batchOf.map((_, i) => i));
    const reason = `needs ${MIN_TIME_BLOCKS} blocks of ${overlap} windows, got ${nBlocks}`;
    return { status: "underpowered", method, value, nUnits: batches.length, reason };
  }
  return leaveOutInterval(estimate, batchOf, { method, nGroups: batches.length, varianceFactor, alpha });
}
