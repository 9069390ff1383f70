/**
 * Inference when items come in clusters (questions of one article, prompts of one context): the cluster, not the
 * item, is the independent unit.
 */
import { clusterSums, indexClusters } from "./clusters.ts";
import type { Influence } from "./influence.ts";
import { type Inference, tInterval } from "./interval.ts";

/**
 * Largest share of the items that one cluster may hold: beyond, the t interval covers less than it claims in
 * simulation (0.92 to 0.93 at a quarter and more). It implies at least five clusters.
 */
export const MAX_CLUSTER_SHARE = 0.2;

/**
 * t interval of an estimate from its influence summed by cluster, with nClusters - 1 degrees of freedom. Large
 * clusters pull the estimate towards themselves, which their sums are corrected for (clusters of equal size get
 * the usual factor nClusters / (nClusters - 1)).
 * @param estimate the value and its per-item influence, shape [n]
 * @param clusterLabels cluster of each item, shape [n]
 * @returns an interval, or "underpowered" when a cluster holds more than MAX_CLUSTER_SHARE of the items
 * @throws {RangeError} if the lengths differ
 * @see Obuchowski 1997, doi:10.2307/2533958; MacKinnon, Nielsen & Webb 2023, doi:10.1016/j.jeconom.2022.04.001
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { clusterT } from "lib/stats/cluster_t.ts";
 * import { meanDeltaInfluence } from "lib/stats/influence.ts";
 * const effect = meanDeltaInfluence([1, 3, 2, 4, 5, 3], [0, 0, 0, 0, 0, 0]);
 * assert.equal(clusterT(effect, [1, 2, 3, 4, 5, 6]).status, "valid"); // each item alone: the one-sample t test
 * assert.equal(clusterT(effect, ["a", "a", "a", "b", "b", "b"]).status, "underpowered");
 * ```
 */
export function clusterT(
  { value, influence }: Influence,
  clusterLabels: ArrayLike<string | number>,
  alpha = 0.05,
): Inference {
  const clusters = indexClusters(clusterLabels);
  const sums = clusterSums(influence, clusters);
  const method = "cluster t";
  const nUnits = clusters.nClusters;
  const nItems = clusters.index.length;
  const share = clusters.sizes.reduce((largest, size) => Math.max(largest, size), 0) / nItems;
  if (!(share <= MAX_CLUSTER_SHARE + 1e-9)) {
    const reason = `needs clusters of at most ${100 * MAX_CLUSTER_SHARE} % of the items, got one of ${
      (100 * share).toFixed(0)
    } % (${nUnits} clusters)`;
    return { status: "underpowered", method, value, nUnits, reason };
  }
  // Leaving cluster c out moves a mean by its sum over (1 - share of c): the jackknife's squares.
  const squares = sums.reduce((total, x, c) => {
    const left = x / (1 - clusters.sizes[c]! / nItems);
    return total + left * left;
  }, 0);
  const standardError = Math.sqrt(squares * (nUnits - 1) / nUnits);
  return tInterval({ method, value, standardError, df: nUnits - 1, nUnits, alpha });
}
