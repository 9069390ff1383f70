/** What a bootstrap resample is made of: items one by one, or whole clusters of items. */
import type { RandomStream } from "../math/random.ts";
import { indexClusters } from "./clusters.ts";
import { type DrawWeights, LANES } from "./resampled_auroc.ts";

/**
 * n items with replacement, as `default_rng(seed).choice(n, n)` draws them.
 * @param n number of items
 */
export function drawItems(n: number, rng: RandomStream): DrawWeights {
  const rows = new Uint32Array(n);
  return (weights, lane) => {
    rng.fillIntegersInPlace(rows, n);
    for (let i = 0; i < n; i++) weights[LANES * rows[i]! + lane]!++;
  };
}

/**
 * As many clusters with replacement as there are, each with all its items: the number of items varies.
 * @param labels cluster of each item, shape [n]
 * @see Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x
 */
export function drawClusters(labels: ArrayLike<string | number>, rng: RandomStream): DrawWeights {
  const { index, nClusters } = indexClusters(labels);
  const drawn = new Uint32Array(nClusters);
  const multiplicity = new Uint32Array(nClusters);
  return (weights, lane) => {
    rng.fillIntegersInPlace(drawn, nClusters);
    multiplicity.fill(0);
    for (let k = 0; k < nClusters; k++) multiplicity[drawn[k]!]!++;
    for (let i = 0; i < index.length; i++) weights[LANES * i + lane] = multiplicity[index[i]!]!;
  };
}

/** Items, or clusters when their labels are given; checks that there is one label an item. */
export function drawUnits(
  n: number,
  { rng, clusters }: {
    readonly rng: RandomStream;
    readonly clusters?: ArrayLike<string | number> | undefined;
  },
): DrawWeights {
  if (clusters === undefined) return drawItems(n, rng);
  if (clusters.length !== n) {
    throw new RangeError(`Cannot draw clusters: needs ${n} cluster labels, got ${clusters.length}`);
  }
  return drawClusters(clusters, rng);
}
