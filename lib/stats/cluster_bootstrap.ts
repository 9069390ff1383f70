/** Bootstraps that draw whole clusters of items, for many clusters; with few, cluster_t.ts is the honest one. */
import type { RandomStream } from "../math/random.ts";
import { countClasses } from "./auroc.ts";
import { type AurocBootstrap, aurocBootstrap } from "./bootstrap_auroc.ts";
import { type MeanBootstrap, pairedDifferences } from "./bootstrap_mean.ts";
import { clusterSums, indexClusters } from "./clusters.ts";
import { drawClusters } from "./draw_weights.ts";
import { percentileEstimate } from "./estimate.ts";

/** Below this many clusters the percentile interval under-covers (0.89 on the nine SQuAD articles). */
export const MIN_BOOTSTRAP_CLUSTERS = 30;

/** Number of resamples, the stream, and the cluster of each item. */
export interface ClusterBootstrapOptions {
  readonly nResamples: number;
  readonly rng: RandomStream;
  readonly clusters: ArrayLike<string | number>;
}

/**
 * Paired percentile bootstrap of AUROCs over clusters: each resample draws nClusters clusters with replacement and
 * takes all their items, once for all rungs. It answers at any number of clusters; inferClustered() decides.
 * @param scores rung name to difficulty scores, each of shape [n]
 * @param labels 0 or 1, shape [n]
 * @throws {GuardrailError} "single-class" or "non-finite" as auroc()
 * @throws {RangeError} if lengths differ or a label is neither 0 nor 1
 * @see Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { clusterBootstrapAuroc } from "lib/stats/cluster_bootstrap.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const result = clusterBootstrapAuroc({ a: [1, 2, 3, 4] }, [0, 1, 0, 1], {
 *   nResamples: 100,
 *   rng: randomStream(1, "example"),
 *   clusters: ["x", "x", "y", "y"],
 * });
 * assert.equal(result.estimates["a"]!.value, 0.75);
 * ```
 */
export function clusterBootstrapAuroc(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  labels: ArrayLike<number>,
  { nResamples, rng, clusters }: ClusterBootstrapOptions,
): AurocBootstrap {
  countClasses(labels);
  if (clusters.length !== labels.length) {
    throw new RangeError(
      `Cannot draw clusters: needs ${labels.length} cluster labels, got ${clusters.length}`,
    );
  }
  return aurocBootstrap(scores, labels, { nResamples, drawWeights: drawClusters(clusters, rng) });
}

/**
 * Percentile bootstrap of mean(a - b) over clusters; the mean is over the drawn items, however many they are.
 * @param a per-item metric under one condition, shape [n]
 * @param b the same items' metric under the other, shape [n]
 * @throws {GuardrailError} "empty-split" or "non-finite" as bootstrapMeanDelta()
 * @throws {RangeError} if lengths differ
 */
export function clusterBootstrapMeanDelta(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { nResamples, rng, clusters: labels }: ClusterBootstrapOptions,
): MeanBootstrap {
  const clusters = indexClusters(labels);
  const sums = clusterSums(pairedDifferences(a, b), clusters);
  const { nClusters, sizes } = clusters;
  const drawn = new Uint32Array(nClusters);
  const draws = new Float64Array(nResamples);
  for (let r = 0; r < nResamples; r++) {
    rng.fillIntegersInPlace(drawn, nClusters);
    let sum = 0;
    let nItems = 0;
    for (let k = 0; k < nClusters; k++) {
      sum += sums[drawn[k]!]!;
      nItems += sizes[drawn[k]!]!;
    }
    draws[r] = sum / nItems;
  }
  const value = sums.reduce((total, x) => total + x, 0) / a.length;
  return { estimate: percentileEstimate(value, draws), draws };
}
