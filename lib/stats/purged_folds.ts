/**
 * Folds for windows cut from time series: each fold tests on one stretch of time and trains on what lies at least
 * an overlap away on both sides, so that no window shares data across the border (flaws F15 and F23).
 */
import { GuardrailError } from "../guardrail.ts";
import type { Fold } from "./folds.ts";
import { seriesSpans } from "./time_blocks.ts";

/**
 * Purged folds: fold k tests on the k-th stretch of every series. The test rows partition all rows, so every row gets
 * an out-of-fold score; a forward-only split (timeSeriesSplit()) leaves the first stretch without one.
 * @param rows number of rows of one series in time order, or the series of each row (series by series)
 * @param options nSplits; purge = rows on either side of a test stretch to leave out of training, see overlapLength()
 * @throws {RangeError} if nSplits is not an integer >= 2, purge not an integer >= 0, a series has fewer rows than
 * folds or is split
 * @throws {GuardrailError} "empty-split" if a fold would train on nothing
 * @see Lopez de Prado 2018, "Advances in Financial Machine Learning", chapter 7 (purged k-fold)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { purgedKFold } from "lib/stats/purged_folds.ts";
 * const folds = purgedKFold(6, { nSplits: 3, purge: 1 });
 * assert.deepEqual(folds.map(({ train, test }) => [[...test], [...train]]), [
 *   [[0, 1], [3, 4, 5]],
 *   [[2, 3], [0, 5]],
 *   [[4, 5], [0, 1, 2]],
 * ]);
 * ```
 */
export function purgedKFold(
  rows: number | ArrayLike<string | number>,
  { nSplits, purge }: { readonly nSplits: number; readonly purge: number },
): Fold[] {
  if (!Number.isInteger(nSplits) || nSplits < 2) {
    throw new RangeError(`Cannot split in time: needs at least 2 splits, got ${nSplits}`);
  }
  if (!Number.isInteger(purge) || purge < 0) {
    throw new RangeError(`Cannot split in time: needs a purge of 0 or more rows, got ${purge}`);
  }
  const spans = seriesSpans(rows);
  const short = spans.find(({ start, end }) => end - start < nSplits);
  if (short) {
    throw new RangeError(
      `Cannot split in time: needs ${nSplits} rows a series, got one of ${short.end - short.start}`,
    );
  }
  return Array.from({ length: nSplits }, (_, fold) => {
    const train: number[] = [];
    const test: number[] = [];
    for (const { start, end } of spans) {
      const first = start + Math.floor(fold * (end - start) / nSplits);
      const last = start + Math.floor((fold + 1) * (end - start) / nSplits);
      for (let row = start; row < end; row++) {
        if (row >= first && row < last) test.push(row);
        else if (row < first - purge || row >= last + purge) train.push(row);
      }
    }
    if (train.length === 0) {
      throw new GuardrailError(
        "empty-split",
        `Cannot split in time: fold ${fold + 1} has no row ${purge} rows away to train on`,
      );
    }
    return { train: Uint32Array.from(train), test: Uint32Array.from(test) };
  });
}
