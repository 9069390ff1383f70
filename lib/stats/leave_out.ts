/**
 * The jackknife over groups of rows: an estimate is computed anew with each group left out. Unlike influence values
 * it keeps what a first-order approximation loses when one group holds much of a class.
 */
import { GuardrailError } from "../guardrail.ts";
import { auroc } from "./auroc.ts";
import { indexClusters } from "./clusters.ts";
import { type Inference, tInterval } from "./interval.ts";

/** An estimate on some rows of a study. */
export type RowEstimator = (rows: Uint32Array) => number;

/**
 * t interval of an estimate from its leave-one-cluster-out values, with nClusters - 1 degrees of freedom.
 * @param estimate the estimate as a function of row indices
 * @param clusterLabels cluster of each row, shape [n]
 * @returns an interval, or "underpowered" below five clusters or when one holds all items of a class
 * @see MacKinnon, Nielsen & Webb 2023, doi:10.1016/j.jeconom.2022.04.001
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { clusterJackknife, meanOnRows } from "lib/stats/leave_out.ts";
 * const inference = clusterJackknife(meanOnRows([1, 3, 2, 4, 5, 3]), [0, 1, 2, 3, 4, 5]);
 * assert.ok(inference.status === "valid" && Math.abs(inference.standardError - Math.sqrt(2 / 6)) < 1e-12);
 * ```
 */
export function clusterJackknife(
  estimate: RowEstimator,
  clusterLabels: ArrayLike<string | number>,
  alpha = 0.05,
): Inference {
  const { index, nClusters } = indexClusters(clusterLabels);
  return leaveOutInterval(estimate, index, { method: "cluster jackknife", nGroups: nClusters, alpha });
}

/** Fewest groups for a t interval: below, its half-width is over three standard errors and rests on almost nothing. */
const MIN_GROUPS = 5;

/**
 * t interval from leave-one-group-out values.
 * @param groupOf group of each row, in [0, nGroups)
 * @param options name of the method, number of groups, factor on the variance (1), alpha
 */
export function leaveOutInterval(
  estimate: RowEstimator,
  groupOf: Uint32Array,
  { method, nGroups, varianceFactor = 1, alpha }: {
    readonly method: string;
    readonly nGroups: number;
    readonly varianceFactor?: number;
    readonly alpha: number;
  },
): Inference {
  const rows = Uint32Array.from({ length: groupOf.length }, (_, i) => i);
  const value = estimate(rows);
  if (nGroups < MIN_GROUPS) {
    const reason = `needs ${MIN_GROUPS} groups, got ${nGroups}`;
    return { status: "underpowered", method, value, nUnits: nGroups, reason };
  }
  const without = new Float64Array(nGroups);
  try {
    for (let g = 0; g < nGroups; g++) without[g] = estimate(rows.filter((row) => groupOf[row] !== g));
  } catch (error) {
    if (!(error instanceof GuardrailError) || error.guardrail !== "single-class") throw error;
    const reason = `needs both classes outside every group, got a group with all items of one`;
    return { status: "underpowered", method, value, nUnits: nGroups, reason };
  }
  const center = without.reduce((sum, x) => sum + x, 0) / nGroups;
  const squares = without.reduce((sum, x) => sum + (x - center) * (x - center), 0);
  const standardError = Math.sqrt(squares * varianceFactor * (nGroups - 1) / nGroups);
  return tInterval({ method, value, standardError, df: nGroups - 1, nUnits: nGroups, alpha });
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
  const pick = (values: ArrayLike<number>, rows: Uint32Array) => {
    const picked = new Float64Array(rows.length);
    for (let k = 0; k < rows.length; k++) picked[k] = values[rows[k]!]!;
    return picked;
  };
  return (rows) => {
    const picked = pick(labels, rows);
    return auroc(pick(scoresA, rows), picked) - auroc(pick(scoresB, rows), picked);
  };
}
