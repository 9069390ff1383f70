/** The project's choice of interval for an area: whole clusters drawn where they are many, cluster t where few. */
import { clusterT } from "./cluster_t.ts";
import { MIN_BOOTSTRAP_CLUSTERS } from "./cluster_bootstrap.ts";
import { indexClusters } from "./clusters.ts";
import { percentileEstimate } from "./estimate.ts";
import type { Influence } from "./influence.ts";

/** An estimate in the artifacts' keys; limits are null where the items are too few or too clustered for one. */
export interface AreaEstimate {
  readonly point: number;
  readonly ci_low: number | null;
  readonly ci_high: number | null;
  readonly method: string;
  /** why there is no interval; null if there is one */
  readonly underpowered: string | null;
}

/** Whether bootstrap draws are needed at all: not with fewer than 30 clusters. */
export function needsDraws(clusters: ArrayLike<string | number> | undefined): boolean {
  return clusters === undefined || indexClusters(clusters).nClusters >= MIN_BOOTSTRAP_CLUSTERS;
}

/**
 * Percentile interval of the draws (items, or at least 30 clusters), or t interval on cluster influence.
 * @param influence the estimate and its influence values, shape [n]
 * @param draws its bootstrap draws, in the same unit; not looked at below 30 clusters
 * @param clusters cluster of each item, shape [n]; undefined takes items as independent
 * @see clusterT(), bootstrapAreas()
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { areaInfluence } from "lib/stats/aurc_influence.ts";
 * import { estimateArea } from "lib/stats/infer_areas.ts";
 * const influence = areaInfluence([1, 2, 3, 4], [0, 1, 0, 1], "augrc");
 * const { method, underpowered } = estimateArea(influence, [], ["a", "a", "b", "b"]);
 * assert.equal(method, "cluster t");
 * assert.match(underpowered!, /50 % \(2 clusters\)/);
 * ```
 */
export function estimateArea(
  influence: Influence,
  draws: ArrayLike<number>,
  clusters: ArrayLike<string | number> | undefined,
): AreaEstimate {
  const { value: point } = influence;
  if (clusters === undefined || needsDraws(clusters)) {
    const { ciLow: ci_low, ciHigh: ci_high } = percentileEstimate(point, draws);
    const method = clusters === undefined ? "bootstrap" : "cluster bootstrap";
    return { point, ci_low, ci_high, method, underpowered: null };
  }
  const inference = clusterT(influence, clusters);
  const { method } = inference;
  return inference.status === "valid"
    ? { point, ci_low: inference.ciLow, ci_high: inference.ciHigh, method, underpowered: null }
    : { point, ci_low: null, ci_high: null, method, underpowered: inference.reason };
}
