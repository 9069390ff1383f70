/**
 * Influence values: how much each item moves an estimate, to first order. They turn any estimate into a sum over
 * items, so that items, clusters and blocks all get their standard error the same way. They sum to zero, and an
 * estimate's error is about their sum over a fresh sample.
 */
import { checkScores, countClasses } from "./auroc.ts";
import { pairedDifferences } from "./bootstrap_mean.ts";
import { midRanks } from "./ranks.ts";
import { mean } from "../math/sum.ts";

/** An estimate and its influence values. */
export interface Influence {
  readonly value: number;
  /** shape [n], in units of the estimate; sums to zero */
  readonly influence: Float64Array;
}

/**
 * AUROC by placements: a hard item's share of easy items it beats, an easy item's share of hard items that beat
 * it, both centred, each divided by its class size.
 * @param scores difficulty scores, shape [n]
 * @param labels 0 or 1, shape [n]
 * @throws {GuardrailError} "single-class" or "non-finite" as auroc()
 * @see DeLong, DeLong & Clarke-Pearson 1988, doi:10.2307/2531595; by ranks: Sun & Xu 2014, doi:10.1109/LSP.2014.2337313
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { aurocInfluence } from "lib/stats/influence.ts";
 * const { value, influence } = aurocInfluence([1, 3, 2, 4], [0, 0, 1, 1]);
 * assert.equal(value, 0.75);
 * assert.deepEqual([...influence], [0.125, -0.125, -0.125, 0.125]);
 * ```
 */
export function aurocInfluence(scores: ArrayLike<number>, labels: ArrayLike<number>): Influence {
  const { nPositive, nNegative } = countClasses(labels);
  checkScores(scores, labels.length);
  const ranks = midRanks(scores);
  const withinPositive = classRanks(scores, labels, 1);
  const withinNegative = classRanks(scores, labels, 0);
  let positiveRankSum = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === 1) positiveRankSum += ranks[i]!;
  const value = (positiveRankSum - nPositive * (nPositive + 1) / 2) / (nPositive * nNegative);
  const influence = ranks.map((rank, i) =>
    labels[i] === 1
      ? ((rank - withinPositive[i]!) / nNegative - value) / nPositive
      : (1 - (rank - withinNegative[i]!) / nPositive - value) / nNegative
  );
  return { value, influence };
}

/** Mid-rank of each item of one class among that class; 0 for the others. */
function classRanks(scores: ArrayLike<number>, labels: ArrayLike<number>, label: number): Float64Array {
  const members: number[] = [];
  for (let i = 0; i < labels.length; i++) if (labels[i] === label) members.push(i);
  const ranks = midRanks(members.map((i) => scores[i]!));
  const out = new Float64Array(labels.length);
  members.forEach((item, k) => out[item] = ranks[k]!);
  return out;
}

/**
 * AUROC(a) - AUROC(b) on the same items.
 * @throws {GuardrailError} "single-class" or "non-finite" as auroc()
 */
export function aurocDeltaInfluence(
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  labels: ArrayLike<number>,
): Influence {
  const a = aurocInfluence(scoresA, labels);
  const b = aurocInfluence(scoresB, labels);
  return { value: a.value - b.value, influence: a.influence.map((x, i) => x - b.influence[i]!) };
}

/**
 * mean(a - b) over the same items.
 * @throws {GuardrailError} "empty-split" or "non-finite" as bootstrapMeanDelta()
 */
export function meanDeltaInfluence(a: ArrayLike<number>, b: ArrayLike<number>): Influence {
  const differences = pairedDifferences(a, b);
  const value = mean(differences);
  return { value, influence: differences.map((x) => (x - value) / differences.length) };
}

/**
 * The contrast mean(hard items' effect) - mean(easy items' effect): does an ablation hurt hard items more?
 * @param effects per-item effect, shape [n]
 * @param labels 1 for hard, 0 for easy, shape [n]
 * @throws {GuardrailError} "single-class" or "non-finite" as auroc()
 */
export function hardMinusEasyInfluence(effects: ArrayLike<number>, labels: ArrayLike<number>): Influence {
  const { nPositive, nNegative } = countClasses(labels);
  checkScores(effects, labels.length);
  let hard = 0;
  let easy = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1) hard += effects[i]! / nPositive;
    else easy += effects[i]! / nNegative;
  }
  const influence = Float64Array.from(
    { length: labels.length },
    (_, i) => labels[i] === 1 ? (effects[i]! - hard) / nPositive : (easy - effects[i]!) / nNegative,
  );
  return { value: hard - easy, influence };
}

/**
 * The ratio mean(numerator) / mean(denominator), e.g. an ablation's effect over the loss of mean-ablating the same
 * hook: a unit that two modalities share.
 * @param numerator per-item values, shape [n]
 * @param denominator the same items' values, shape [n]
 * @throws {RangeError} if the lengths differ or the denominators' mean is zero
 * @see Cochran 1977, section 2.11
 */
export function ratioInfluence(numerator: ArrayLike<number>, denominator: ArrayLike<number>): Influence {
  const top = meanDeltaInfluence(numerator, new Float64Array(numerator.length));
  const bottom = meanDeltaInfluence(denominator, new Float64Array(numerator.length));
  if (bottom.value === 0) {
    throw new RangeError("Cannot take a ratio of means: needs a denominator, got mean 0");
  }
  const value = top.value / bottom.value;
  const influence = top.influence.map((x, i) => (x - value * bottom.influence[i]!) / bottom.value);
  return { value, influence };
}

/**
 * The standardised mean difference of paired values, mean(a - b) / sd(a - b) (Cohen's d_z).
 * @throws {RangeError} if the differences do not vary
 * @see Lakens 2013, doi:10.3389/fpsyg.2013.00863
 */
export function standardizedMeanInfluence(a: ArrayLike<number>, b: ArrayLike<number>): Influence {
  const differences = pairedDifferences(a, b);
  const n = differences.length;
  const center = mean(differences);
  const variance = differences.reduce((sum, x) => sum + (x - center) * (x - center), 0) / (n - 1);
  if (!(variance > 0)) {
    throw new RangeError("Cannot standardise an effect: needs differences that vary, got a constant");
  }
  const value = center / Math.sqrt(variance);
  const populationVariance = variance * (n - 1) / n;
  const influence = differences.map((x) => {
    const z = x - center;
    return (z / Math.sqrt(variance) - value * (z * z - populationVariance) / (2 * populationVariance)) / n;
  });
  return { value, influence };
}
