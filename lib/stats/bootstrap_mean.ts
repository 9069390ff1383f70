/** The published paired bootstrap of a mean difference: an ablation's effect on a per-item metric. */
import type { RandomStream } from "../math/random.ts";
import { type Estimate, percentileEstimate } from "./estimate.ts";
import { GuardrailError } from "../guardrail.ts";

/** A mean difference, its percentile interval, and the draws behind it. */
export interface MeanBootstrap {
  readonly estimate: Estimate;
  /** Mean difference of every resample, shape [nResamples]. */
  readonly draws: Float64Array;
}

/**
 * Percentile bootstrap of mean(a - b) over items taken as independent.
 * @param a per-item metric under one condition, shape [n]
 * @param b the same items' metric under the other, shape [n]
 * @param options number of resamples; the stream, which draws as `default_rng(seed).choice(n, n)` does
 * @throws {GuardrailError} "empty-split" without items, "non-finite" if a value is NaN or infinite
 * @throws {RangeError} if the lengths differ
 * @see Efron & Tibshirani 1993, chapter 13
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bootstrapMeanDelta } from "lib/stats/bootstrap_mean.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const { estimate } = bootstrapMeanDelta([2, 3, 4], [1, 2, 3], { nResamples: 50, rng: randomStream(1, "x") });
 * assert.deepEqual(estimate, { value: 1, ciLow: 1, ciHigh: 1, nResamples: 50 });
 * ```
 */
export function bootstrapMeanDelta(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { nResamples, rng }: { readonly nResamples: number; readonly rng: RandomStream },
): MeanBootstrap {
  const differences = pairedDifferences(a, b);
  const n = differences.length;
  const rows = new Uint32Array(n);
  const draws = new Float64Array(nResamples);
  for (let r = 0; r < nResamples; r++) {
    rng.fillIntegersInPlace(rows, n);
    let sum = 0;
    for (let i = 0; i < n; i++) sum += differences[rows[i]!]!;
    draws[r] = sum / n;
  }
  const value = differences.reduce((sum, x) => sum + x, 0) / n;
  return { estimate: percentileEstimate(value, draws), draws };
}

/**
 * a - b item by item.
 * @throws {GuardrailError} "empty-split" without items, "non-finite" if a value is NaN or infinite
 * @throws {RangeError} if the lengths differ
 */
export function pairedDifferences(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  if (a.length !== b.length) {
    throw new RangeError(`Cannot pair conditions: needs equal lengths, got ${a.length} and ${b.length}`);
  }
  if (a.length === 0) {
    throw new GuardrailError("empty-split", "Cannot pair conditions: needs at least one item, got none");
  }
  return Float64Array.from({ length: a.length }, (_, i) => {
    const difference = a[i]! - b[i]!;
    if (!Number.isFinite(difference)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot pair conditions: needs finite values, got ${a[i]} and ${b[i]} in row ${i}`,
      );
    }
    return difference;
  });
}
