/** A ranking with its ties: items in ascending score order, and where each group of equal scores ends. */
import { GuardrailError } from "../guardrail.ts";
import { argsort } from "../math/argsort.ts";

/** Group g holds items `order[ends[g - 1] ?? 0]` to `order[ends[g] - 1]`. */
export interface TieGroups {
  /** items from the lowest score to the highest, shape [n] */
  readonly order: Uint32Array;
  /** ascending, the last one is n; one entry a distinct score */
  readonly ends: Uint32Array;
}

/**
 * Ranks scores and marks ties.
 * @param scores shape [n]
 * @throws {GuardrailError} "non-finite" if a score is NaN or infinite
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tieGroups } from "lib/stats/tie_groups.ts";
 * const { order, ends } = tieGroups([2, 1, 2]);
 * assert.deepEqual([[...order], [...ends]], [[1, 0, 2], [1, 3]]);
 * ```
 */
export function tieGroups(scores: ArrayLike<number>): TieGroups {
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot rank items: needs finite scores, got ${scores[i]} in row ${i}`,
      );
    }
  }
  const order = argsort(scores);
  const ends: number[] = [];
  for (let k = 1; k <= order.length; k++) {
    if (k === order.length || scores[order[k]!] !== scores[order[k - 1]!]) ends.push(k);
  }
  return { order, ends: Uint32Array.from(ends) };
}
