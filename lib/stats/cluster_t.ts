/**
 * Inference when items come in clusters (questions of one article, prompts of one context): the cluster, not the
 * item, is the independent unit.
 */
import { clusterSums, indexClusters } from "./clusters.ts";
import type { Influence } from "./influence.ts";
import { type Inference, tInterval } from "./interval.ts";

/**
 * Fewest effective clusters, (sum of sizes)^2 / sum of squared sizes, for a t interval that covers what it claims:
 * below, coverage falls short in simulation (lib/stats/simulate/).
 */
export const MIN_EFFECTIVE_CLUSTERS = 5;

/**
 * t interval of an estimate from its influence summed by cluster, with nClusters - 1 degrees of freedom.
 * @param estimate the value and its per-item influence, shape [n]
 * @param clusterLabels cluster of each item, shape [n]
 * @returns an interval, or "underpowered" with fewer than MIN_EFFECTIVE_CLUSTERS effective clusters
 * @throws {RangeError} if the lengths differ
 * @see Obuchowski 1997, doi:10.2307/2533958; Cameron & Miller 2015, doi:10.3368/jhr.50.2.317
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
  const effective = effectiveClusters(clusters.sizes);
  if (effective < MIN_EFFECTIVE_CLUSTERS) {
    const reason = `needs ${MIN_EFFECTIVE_CLUSTERS} effective clusters, got ${
      effective.toFixed(1)
    } (${nUnits} clusters)`;
    return { status: "underpowered", method, value, nUnits, reason };
  }
  const squares = sums.reduce((total, x) => total + x * x, 0);
  const standardError = Math.sqrt(squares * nUnits / (nUnits - 1));
  return tInterval({ method, value, standardError, df: nUnits - 1, nUnits, alpha });
}

/** Clusters of equal size that would carry as much: (sum of sizes)^2 / sum of squared sizes. */
export function effectiveClusters(sizes: ArrayLike<number>): number {
  let sum = 0;
  let squares = 0;
  for (let c = 0; c < sizes.length; c++) {
    sum += sizes[c]!;
    squares += sizes[c]! * sizes[c]!;
  }
  return sum * sum / squares;
}
