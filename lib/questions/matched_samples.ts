/** Equally many hard and easy items that look alike: what a contrast says when the samples do not differ besides. */
import type { Matrix } from "../math/matrix.ts";

/**
 * Each hard item with the nearest easy one that is still free, in standardised covariates; the rarer class is the one
 * that is served, in order.
 * @param isHard 0 or 1, shape [n]
 * @param covariates one row an item
 * @returns indices of the items kept, ascending
 * @throws {RangeError} if rows and labels differ in number
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matchSamples } from "lib/questions/matched_samples.ts";
 * const covariates = { data: Float64Array.of(1, 9, 1.1, 5), nRows: 4, nCols: 1 };
 * assert.deepEqual(matchSamples([1, 0, 0, 0], covariates), [0, 2]);
 * ```
 */
export function matchSamples(isHard: ArrayLike<number>, { data, nRows, nCols }: Matrix): number[] {
  if (isHard.length !== nRows) {
    throw new RangeError(`Cannot match samples: needs ${nRows} labels, got ${isHard.length}`);
  }
  const scale = Array.from({ length: nCols }, (_, j) => deviation(data, { nRows, nCols, j }));
  const members = (label: number) =>
    Array.from({ length: nRows }, (_, i) => i).filter((i) => isHard[i] === label);
  const [hard, easy] = [members(1), members(0)];
  const [few, many] = hard.length <= easy.length ? [hard, easy] : [easy, hard];
  const free = new Set(many);
  const kept: number[] = [];
  for (const item of few) {
    let [best, nearest] = [-1, Infinity];
    for (const other of free) {
      let distance = 0;
      for (let j = 0; j < nCols; j++) {
        const apart = (data[item * nCols + j]! - data[other * nCols + j]!) / scale[j]!;
        distance += apart * apart;
      }
      if (distance < nearest) [best, nearest] = [other, distance];
    }
    free.delete(best);
    kept.push(item, best);
  }
  return kept.sort((a, b) => a - b);
}

/** Standard deviation of a column, 1 if it does not vary. */
function deviation(
  data: ArrayLike<number>,
  { nRows, nCols, j }: { readonly nRows: number; readonly nCols: number; readonly j: number },
): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < nRows; i++) sum += data[i * nCols + j]!;
  for (let i = 0; i < nRows; i++) {
    const off = data[i * nCols + j]! - sum / nRows;
    squares += off * off;
  }
  return Math.sqrt(squares / nRows) || 1;
}
