/**
 * Sampling of one token from logits: suppression, temperature, top-k, top-p, then the inverse of the cumulative
 * distribution at a given uniform. Passing the same uniform under two conditions couples them (common random
 * numbers): the draws differ only where the distributions do.
 */

/** How logits become a distribution. */
export interface SamplingOptions {
  /** Divides the logits; > 0. */
  readonly temperature: number;
  /** Tokens kept; 0 keeps all. */
  readonly topK: number;
  /** Probability mass kept; 1 keeps all. */
  readonly topP: number;
  /** Ids that can never be drawn (EOS while generating); they neither count for top-k nor for top-p. */
  readonly suppress: readonly number[];
}

/** A distribution over few tokens of a vocabulary. */
export interface TokenDistribution {
  /** Tokens with a positive probability, ascending. */
  readonly tokens: Int32Array;
  /** Their probabilities, same order, summing to 1. */
  readonly probabilities: Float64Array;
}

/**
 * The distribution that transformers' `generate(do_sample=True)` samples from. In its order: suppressed logits
 * become -inf; logits are divided by the temperature (float32); top-k drops every logit below the k-th largest, so
 * ties with it stay; top-p sorts what is left ascending and drops tokens while the cumulative probability up to and
 * including them is <= 1 - p, though never the last; the rest is normalised. Of equal logits at that border the
 * lower ids go first (transformers leaves the choice to an unstable sort). Exponentials
 * and their sum are float64 here and float32 there, so a token whose cumulative probability is within about 1e-7 of
 * 1 - p, without being exactly there, may be kept by one and dropped by the other.
 * @param logits shape [vocabulary]
 * @throws {RangeError} on an option out of range, a NaN or +inf logit, or no token left
 * @see Fan et al. 2018, doi:10.18653/v1/P18-1082 (top-k); Holtzman et al. 2020, arXiv:1904.09751 (top-p)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleToken, tokenDistribution } from "lib/model/sampling.ts";
 * const options = { temperature: 1, topK: 2, topP: 1, suppress: [1] };
 * const kept = tokenDistribution(Float32Array.of(0, 9, Math.log(3), -1), options);
 * assert.deepEqual([...kept.tokens], [0, 2]);
 * assert.ok(Math.abs(kept.probabilities[1]! - 0.75) < 1e-7);
 * assert.deepEqual([sampleToken(kept, 0.2), sampleToken(kept, 0.3)], [0, 2]);
 * ```
 */
export function tokenDistribution(logits: Float32Array, options: SamplingOptions): TokenDistribution {
  checkOptions(options);
  const scores = warpedScores(logits, options);
  const threshold = options.topK > 0 ? kthLargest(scores, options.topK) : -Infinity;
  const kept: number[] = [];
  let largest = -Infinity;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (score < threshold || score === -Infinity) continue;
    kept.push(i);
    if (score > largest) largest = score;
  }
  if (kept.length === 0) {
    throw new RangeError("Cannot sample a token: needs one logit above -Infinity, got none");
  }
  const tokens = options.topP < 1 ? nucleus(kept, scores, { largest, topP: options.topP }) : kept;
  return normalized(tokens, scores, largest);
}

/**
 * The token at a uniform: the smallest id whose cumulative probability, summed in vocabulary order in float64,
 * exceeds `uniform` times the total.
 * @param uniform in [0, 1)
 * @throws {RangeError} if the uniform is outside [0, 1)
 */
export function sampleToken(distribution: TokenDistribution, uniform: number): number {
  if (!(uniform >= 0 && uniform < 1)) {
    throw new RangeError(`Cannot sample a token: needs a uniform in [0, 1), got ${uniform}`);
  }
  const { tokens, probabilities } = distribution;
  let total = 0;
  for (let i = 0; i < probabilities.length; i++) total += probabilities[i]!;
  const target = uniform * total;
  let cumulative = 0;
  for (let i = 0; i < tokens.length; i++) {
    cumulative += probabilities[i]!;
    if (cumulative > target) return tokens[i]!;
  }
  return tokens[tokens.length - 1]!; // rounding cannot lead here: target < total for every uniform < 1
}

function checkOptions({ temperature, topK, topP }: SamplingOptions): void {
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(`Cannot sample a token: needs a finite temperature above 0, got ${temperature}`);
  }
  if (!Number.isInteger(topK) || topK < 0) {
    throw new RangeError(`Cannot sample a token: needs topK of 0 or more, got ${topK}`);
  }
  if (!(topP >= 0 && topP <= 1)) {
    throw new RangeError(`Cannot sample a token: needs topP in [0, 1], got ${topP}`);
  }
}

function warpedScores(logits: Float32Array, { temperature, suppress }: SamplingOptions): Float32Array {
  const scores = new Float32Array(logits.length);
  const divisor = Math.fround(temperature);
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]!;
    if (!(logit < Infinity)) {
      throw new RangeError(`Cannot sample a token: needs finite logits, got ${logit} at token ${i}`);
    }
    scores[i] = divisor === 1 ? logit : logit / divisor;
  }
  for (const id of suppress) if (id < scores.length) scores[id] = -Infinity;
  return scores;
}

/** The k-th largest value (counting ties), by a min-heap of k; -Infinity where there are fewer. */
function kthLargest(scores: Float32Array, k: number): number {
  if (k >= scores.length) return -Infinity;
  const heap = scores.slice(0, k);
  for (let i = (k >>> 1) - 1; i >= 0; i--) siftDown(heap, i);
  for (let i = k; i < scores.length; i++) {
    if (scores[i]! > heap[0]!) {
      heap[0] = scores[i]!;
      siftDown(heap, 0);
    }
  }
  return heap[0]!;
}

function siftDown(heap: Float32Array, from: number): void {
  const value = heap[from]!;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = value;
}

/** The tokens that top-p keeps, ascending. */
function nucleus(
  kept: readonly number[],
  scores: Float32Array,
  { largest, topP }: { readonly largest: number; readonly topP: number },
): number[] {
  const ascending = kept.toSorted((a, b) => scores[a]! - scores[b]! || a - b);
  const weights = ascending.map((id) => Math.exp(scores[id]! - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Compared in float32, as there: among equal probabilities the border is often hit exactly.
  const border = Math.fround(1 - topP);
  let cumulative = 0;
  let first = 0;
  while (first < ascending.length - 1) {
    cumulative += Math.fround(weights[first]! / total);
    if (Math.fround(cumulative) > border) break;
    first++;
  }
  return ascending.slice(first).sort((a, b) => a - b);
}

function normalized(tokens: readonly number[], scores: Float32Array, largest: number): TokenDistribution {
  const probabilities = Float64Array.from(tokens, (id) => Math.exp(scores[id]! - largest));
  let total = 0;
  for (const weight of probabilities) total += weight;
  for (let i = 0; i < probabilities.length; i++) probabilities[i]! /= total;
  return { tokens: Int32Array.from(tokens), probabilities };
}
