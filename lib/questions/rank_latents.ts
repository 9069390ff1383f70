/**
 * Which latents to test causally: those with the largest L1 coefficient in a probe that predicts difficulty from
 * pooled codes. The published runs pool in two ways: maximum over positions (one block of columns), or mean,
 * maximum and last position side by side (three blocks, a latent's importance being the sum over its three).
 */
import { GuardrailError } from "../guardrail.ts";
import { argsortIntrosort } from "../math/argsort.ts";

/** Latents in order of importance. */
export interface LatentRanking {
  /** shape [k], or shorter if zeros are dropped */
  readonly top: readonly number[];
  /** sum of |coefficient| over the blocks, shape [nLatents] */
  readonly importance: Float64Array;
  readonly nNonzero: number;
}

/** How to rank. */
export interface RankOptions {
  readonly k: number;
  /** Poolings side by side: 1 or more; columns are block-major, so latent l is column l of every block. */
  readonly nBlocks: number;
  /**
   * What a latent with importance 0 may do: `fill` the ranking after the others, in the order NumPy's sort leaves
   * them (published: such a latent was never chosen by the data), or `drop` out.
   */
  readonly zeros: "fill" | "drop";
}

/**
 * Ranks latents by |coefficient|.
 * @param coefficients of the standardised pooled codes, shape [nBlocks * nLatents]
 * @throws {RangeError} if the columns do not divide into the blocks, or k is not in [1, nLatents]
 * @throws {GuardrailError} "non-finite" on a NaN or infinite coefficient; "no-model" if all are zero and zeros drop
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { rankLatents } from "lib/questions/rank_latents.ts";
 * const { top } = rankLatents([0.1, -0.3, 0.25, 0], { k: 1, nBlocks: 2, zeros: "drop" });
 * assert.deepEqual(top, [0]); // |0.1| + |0.25| against |-0.3| + |0|
 * ```
 */
export function rankLatents(coefficients: ArrayLike<number>, options: RankOptions): LatentRanking {
  const { k, nBlocks, zeros } = options;
  const nLatents = coefficients.length / nBlocks;
  if (!Number.isInteger(nBlocks) || nBlocks < 1 || !Number.isInteger(nLatents)) {
    throw new RangeError(
      `Cannot rank latents: needs columns in ${nBlocks} equal blocks, got ${coefficients.length} columns`,
    );
  }
  if (!Number.isInteger(k) || k < 1 || k > nLatents) {
    throw new RangeError(`Cannot rank latents: needs k in [1, ${nLatents}], got ${k}`);
  }
  const importance = new Float64Array(nLatents);
  for (let column = 0; column < coefficients.length; column++) {
    const coefficient = coefficients[column]!;
    if (!Number.isFinite(coefficient)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot rank latents: needs finite coefficients, got ${coefficient} in column ${column}`,
      );
    }
    importance[column % nLatents]! += Math.abs(coefficient);
  }
  const nNonzero = importance.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
  if (zeros === "drop" && nNonzero === 0) {
    throw new GuardrailError("no-model", "Cannot rank latents: every coefficient of the probe is zero");
  }
  const order = argsortIntrosort(importance.map((value) => -value));
  const nTop = zeros === "drop" ? Math.min(k, nNonzero) : k;
  return { top: Array.from(order.subarray(0, nTop)), importance, nNonzero };
}
