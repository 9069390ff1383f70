/**
 * The published permutation test of AUROC(a) - AUROC(b), kept to re-derive the published p. Its null is "both
 * scores are useless", not "both are equally good" (study flaw F11): score_swap.ts tests the latter.
 */
import type { RandomStream } from "../math/random.ts";
import { quantileSorted } from "../math/quantile.ts";
import { checkScores, countClasses } from "./auroc.ts";
import { midRanks } from "./ranks.ts";
import { trapezoidAuroc } from "./trapezoid_auroc.ts";

/** Keys as the published artifacts name them. */
export interface LabelPermutationResult {
  readonly auroc_a: number;
  readonly auroc_b: number;
  readonly observed_delta: number;
  readonly n_perm: number;
  /** Share of permuted deltas at least as extreme on the observed delta's side; can be 0. */
  readonly p_one_sided: number;
  readonly p_two_sided: number;
  readonly null_mean: number;
  /** Standard deviation with ddof 1. */
  readonly null_std: number;
  readonly null_2p5_pct: number;
  readonly null_97p5_pct: number;
}

/**
 * One- and two-sided label permutation test. Ranks are fixed under relabelling, so a permuted delta is one dot
 * product of the labels with rank differences, in halves of integers and hence exact. A permuted delta that ties
 * the observed one is decided by the published code's rounding, so that p agrees in every digit.
 * @param scoresA difficulty scores, shape [n]
 * @param scoresB the same items' scores from another rung, shape [n]
 * @param labels 0 or 1, shape [n]
 * @param options number of permutations; the stream, which draws as `default_rng(seed).permutation(labels)` does
 * @throws {GuardrailError} "single-class" or "non-finite" as auroc()
 * @throws {RangeError} if the lengths differ or a label is neither 0 nor 1
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { labelPermutationTest } from "lib/stats/label_permutation.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const options = { nPermutations: 200, rng: randomStream(1, "example") };
 * assert.equal(labelPermutationTest([1, 2, 3], [3, 2, 1], [0, 0, 1], options).observed_delta, 1);
 * ```
 */
export function labelPermutationTest(
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  labels: ArrayLike<number>,
  { nPermutations, rng }: { readonly nPermutations: number; readonly rng: RandomStream },
): LabelPermutationResult {
  const { nPositive, nNegative } = countClasses(labels);
  checkScores(scoresA, labels.length);
  checkScores(scoresB, labels.length);
  const aurocA = trapezoidAuroc(scoresA, labels);
  const aurocB = trapezoidAuroc(scoresB, labels);
  const observedDelta = aurocA - aurocB;

  const ranksB = midRanks(scoresB);
  const rankDifferences = midRanks(scoresA).map((rank, i) => rank - ranksB[i]!);
  const original = Uint32Array.from({ length: labels.length }, (_, i) => labels[i]!);
  const observedSum = rankSum(original, rankDifferences);
  const permuted = new Uint32Array(labels.length);
  const deltas = new Float64Array(nPermutations);
  let nOneSided = 0;
  let nTwoSided = 0;
  for (let p = 0; p < nPermutations; p++) {
    permuted.set(original);
    rng.shuffleInPlace(permuted);
    const sum = rankSum(permuted, rankDifferences);
    const ties = Math.abs(sum) === Math.abs(observedSum);
    const delta = ties
      ? trapezoidAuroc(scoresA, permuted) - trapezoidAuroc(scoresB, permuted)
      : sum / (nPositive * nNegative);
    if (observedDelta < 0 ? delta <= observedDelta : delta >= observedDelta) nOneSided++;
    if (Math.abs(delta) >= Math.abs(observedDelta)) nTwoSided++;
    deltas[p] = delta;
  }
  const mean = deltas.reduce((sum, x) => sum + x, 0) / nPermutations;
  const squares = deltas.reduce((sum, x) => sum + (x - mean) * (x - mean), 0);
  deltas.sort();
  return {
    auroc_a: aurocA,
    auroc_b: aurocB,
    observed_delta: observedDelta,
    n_perm: nPermutations,
    p_one_sided: nOneSided / nPermutations,
    p_two_sided: nTwoSided / nPermutations,
    null_mean: mean,
    null_std: Math.sqrt(squares / (nPermutations - 1)),
    null_2p5_pct: quantileSorted(deltas, 0.025),
    null_97p5_pct: quantileSorted(deltas, 0.975),
  };
}

function rankSum(labels: Uint32Array, rankDifferences: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += labels[i]! * rankDifferences[i]!;
  return sum;
}
