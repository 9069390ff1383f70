/** Cluster labels (articles, contexts, sources) as indices. */

/** Items grouped into clusters; `index[i]` in [0, nClusters) in order of first appearance. */
export interface Clusters {
  readonly index: Uint32Array;
  readonly nClusters: number;
  /** items in each cluster, shape [nClusters] */
  readonly sizes: Uint32Array;
}

/**
 * Indexes cluster labels in order of first appearance.
 * @param labels one per item: any values that compare equal within a cluster
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { indexClusters } from "lib/stats/clusters.ts";
 * assert.deepEqual([...indexClusters(["b", "a", "b"]).index], [0, 1, 0]);
 * ```
 */
export function indexClusters(labels: ArrayLike<string | number>): Clusters {
  const seen = new Map<string | number, number>();
  const index = Uint32Array.from({ length: labels.length }, (_, i) => {
    const label = labels[i]!;
    const known = seen.get(label);
    if (known !== undefined) return known;
    seen.set(label, seen.size);
    return seen.size - 1;
  });
  const sizes = new Uint32Array(seen.size);
  for (const cluster of index) sizes[cluster]!++;
  return { index, nClusters: seen.size, sizes };
}

/** Sums of per-item values by cluster, shape [nClusters]. */
export function clusterSums(values: ArrayLike<number>, { index, nClusters }: Clusters): Float64Array {
  if (values.length !== index.length) {
    throw new RangeError(`Cannot sum by cluster: needs ${index.length} values, got ${values.length}`);
  }
  const sums = new Float64Array(nClusters);
  for (let i = 0; i < index.length; i++) sums[index[i]!]! += values[i]!;
  return sums;
}
