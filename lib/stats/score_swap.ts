/**
 * Permutation test of "both scores rank the items equally well": under it, which rung gave which rank is a coin
 * toss, made once for a whole cluster of items that depend on each other.
 */
import type { RandomStream } from "../math/random.ts";
import { checkScores, countClasses } from "./auroc.ts";
import { type Clusters, indexClusters } from "./clusters.ts";
import { midRanks } from "./ranks.ts";
import { type DrawWeights, LANES, resampledAurocs } from "./resampled_auroc.ts";

/** Result of a score-swap test. */
export interface ScoreSwapResult {
  /** AUROC(a) - AUROC(b) */
  readonly delta: number;
  /** Two-sided, (b + 1) / (B + 1); never 0. */
  readonly p: number;
  /** Swaps drawn, or the number of swap patterns but the identity when all are enumerated. */
  readonly nPermutations: number;
  /** Whether every swap pattern was evaluated once. */
  readonly exact: boolean;
  readonly nClusters: number;
}

/**
 * Two-sided score-swap permutation test. Each score is replaced by its mid-rank, so that the rungs share a scale;
 * a swap exchanges the two ranks of every item of a cluster, and both AUROCs are computed anew. With few clusters
 * (2^nClusters <= nPermutations + 1) every pattern is enumerated and the p value is exact.
 * @param scoresA difficulty scores, shape [n]
 * @param scoresB the same items' scores from another rung, shape [n]
 * @param labels 0 or 1, shape [n]
 * @param options number of random swaps; the stream; cluster of each item (each its own unless given)
 * @throws {GuardrailError} "single-class" or "non-finite" as auroc()
 * @throws {RangeError} if lengths differ or a label is neither 0 nor 1
 * @see Bandos, Rockette & Gur 2005, doi:10.1002/sim.2149; Phipson & Smyth 2010, doi:10.2202/1544-6115.1585
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "lib/math/random.ts";
 * import { scoreSwapTest } from "lib/stats/score_swap.ts";
 * const options = { nPermutations: 999, rng: randomStream(1, "example") };
 * assert.equal(scoreSwapTest([1, 2, 3, 4], [10, 20, 30, 40], [0, 1, 0, 1], options).p, 1);
 * ```
 */
export function scoreSwapTest(
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  labels: ArrayLike<number>,
  { nPermutations, rng, clusters: clusterLabels }: {
    readonly nPermutations: number;
    readonly rng: RandomStream;
    readonly clusters?: ArrayLike<string | number>;
  },
): ScoreSwapResult {
  const { nPositive, nNegative } = countClasses(labels);
  checkScores(scoresA, labels.length);
  checkScores(scoresB, labels.length);
  const n = labels.length;
  const clusters = indexClusters(clusterLabels ?? Uint32Array.from({ length: n }, (_, i) => i));
  if (clusters.index.length !== n) {
    throw new RangeError(`Cannot swap scores: needs ${n} cluster labels, got ${clusters.index.length}`);
  }

  // 2n pseudo-items, the a-ranks then the b-ranks: a resample of weights 0 and 1 picks who plays rung a.
  const pooledRanks = new Float64Array(2 * n);
  pooledRanks.set(midRanks(scoresA));
  pooledRanks.set(midRanks(scoresB), n);
  const pooledLabels = Uint8Array.from({ length: 2 * n }, (_, i) => labels[i % n]!);

  const exact = clusters.nClusters <= Math.log2(nPermutations + 1);
  const nPatterns = exact ? (2 << (clusters.nClusters - 1)) - 1 : nPermutations;
  const [aurocs] = resampledAurocs([pooledRanks], pooledLabels, {
    nResamples: 2 * (nPatterns + 1), // rung a, rung b of every pattern, the observed one first
    drawWeights: drawRoles(clusters, exact ? undefined : rng),
  });
  const halfPair = 0.25 / (nPositive * nNegative); // deltas are multiples of half a pair: equal up to rounding
  const observed = aurocs![0]! - aurocs![1]!;
  let nExtreme = 0;
  for (let r = 0; r <= nPatterns; r++) {
    if (Math.abs(aurocs![2 * r]! - aurocs![2 * r + 1]!) >= Math.abs(observed) - halfPair) nExtreme++; // r = 0 is the +1
  }
  return {
    delta: observed,
    p: nExtreme / (nPatterns + 1),
    nPermutations: nPatterns,
    exact,
    nClusters: clusters.nClusters,
  };
}

/**
 * Weights 0 and 1 that pick, by turns, the pseudo-items which play rung a under the next pattern and those which
 * play rung b under the same. Patterns are drawn, or counted through in binary when there is no stream.
 */
function drawRoles({ index, nClusters }: Clusters, rng: RandomStream | undefined): DrawWeights {
  const n = index.length;
  const coins = new Uint32Array(Math.ceil(nClusters / 32)); // 32 coin tosses a word
  const swapped = new Uint32Array(nClusters);
  let turn = 0;
  return (weights, lane) => {
    const pattern = turn >> 1;
    if (turn++ % 2 === 1) return; // the lane of rung b was filled with that of rung a: LANES is even
    if (pattern > 0) {
      if (rng) { for (let w = 0; w < coins.length; w++) coins[w] = rng.uint32(); }
      else coins[0] = pattern;
      for (let c = 0; c < nClusters; c++) swapped[c] = (coins[c >> 5]! >>> (c & 31)) & 1;
    }
    const ranksOfB = LANES * n;
    for (let i = 0, at = lane; i < n; i++, at += LANES) {
      const swap = swapped[index[i]!]!;
      weights[at] = weights[at + ranksOfB + 1] = 1 - swap;
      weights[at + 1] = weights[at + ranksOfB] = swap;
    }
  };
}
