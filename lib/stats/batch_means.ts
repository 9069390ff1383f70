/**
 * Inference on time-ordered rows that overlap: batches of consecutive windows take the place of items. The
 * estimate is computed anew with each batch left out, which for a mean is the method of batch means and for an
 * AUROC keeps what a first-order approximation loses when few windows are hard.
 */
import { GuardrailError } from "../guardrail.ts";
import { auroc } from "./auroc.ts";
import { type Inference, tInterval } from "./interval.ts";
import { MIN_TIME_BLOCKS, planBatches } from "./time_blocks.ts";

/** An estimate on some rows of a study. */
export type RowEstimator = (rows: Uint32Array) => number;

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
 * import { batchMeans, meanOnRows } from "lib/stats/batch_means.ts";
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
  const nRows = typeof rows === "number" ? rows : rows.length;
  const value = estimate(Uint32Array.from({ length: nRows }, (_, i) => i));
  const nUnits = batches.length;
  if (nBlocks < MIN_TIME_BLOCKS) {
    const reason = `needs ${MIN_TIME_BLOCKS} blocks of ${overlap} windows, got ${nBlocks}`;
    return { status: "underpowered", method, value, nUnits, reason };
  }
  const without = new Float64Array(nUnits);
  try {
    batches.forEach(({ start, end }, b) => {
      without[b] = estimate(
        Uint32Array.from({ length: nRows - (end - start) }, (_, i) => i < start ? i : i + (end - start)),
      );
    });
  } catch (error) {
    if (!(error instanceof GuardrailError) || error.guardrail !== "single-class") throw error;
    const reason = `needs both classes outside every batch, got one class without one of ${nUnits} batches`;
    return { status: "underpowered", method, value, nUnits, reason };
  }
  const center = without.reduce((sum, x) => sum + x, 0) / nUnits;
  const squares = without.reduce((sum, x) => sum + (x - center) * (x - center), 0);
  const standardError = Math.sqrt(squares * varianceFactor * (nUnits - 1) / nUnits);
  return tInterval({ method, value, standardError, df: nUnits - 1, nUnits, alpha });
}

/** mean(values) as a function of rows. */
export function meanOnRows(values: ArrayLike<number>): RowEstimator {
  return (rows) => {
    let sum = 0;
    for (const row of rows) sum += values[row]!;
    return sum / rows.length;
  };
}

/** AUROC(a) - AUROC(b) as a function of rows. */
export function aurocDeltaOnRows(
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  labels: ArrayLike<number>,
): RowEstimator {
  const pick = (values: ArrayLike<number>, rows: Uint32Array) =>
    Float64Array.from(rows, (row) => values[row]!);
  return (rows) => {
    const picked = pick(labels, rows);
    return auroc(pick(scoresA, rows), picked) - auroc(pick(scoresB, rows), picked);
  };
}
