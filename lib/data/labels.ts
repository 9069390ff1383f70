/** Difficulty labels from a per-item error: the hardest share of the items, after a z-score fitted on train. */
import { GuardrailError } from "../guardrail.ts";
import { quantile } from "../math/quantile.ts";
import { mean, variance } from "../math/sum.ts";

/** What turns an error into a z-score and a label; an expensive model reuses the cheap model's. */
export interface DifficultyScale {
  /** Train mean of the error. */
  readonly mean: number;
  /** Train standard deviation of the error, divisor n - 1. */
  readonly std: number;
  /** z-score from which on an item is hard. */
  readonly threshold: number;
}

/** Labelled items, each array of shape [nItems]. */
export interface DifficultyLabels {
  /** z-scores of the error. */
  readonly normalized: Float64Array;
  /** 1 = hard. */
  readonly labels: Uint8Array;
}

/** Which items set the threshold. */
export interface ThresholdOptions {
  /** An item is hard from this quantile of the errors on, e.g. 0.75 for the hardest quarter. */
  readonly quantile: number;
  /** Rows whose quantile it is (default: all items). */
  readonly rows?: ArrayLike<number>;
}

/**
 * Mean, standard deviation and hard threshold of an error over the train items.
 * @param errors e.g. perplexities or CRPS, shape [nItems]
 * @param train rows of the train items
 * @param options.quantile an item is hard from this train quantile on
 * @throws {GuardrailError} empty-split with fewer than two train items; non-finite if an error is
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fitDifficulty, labelDifficulty } from "lib/data/labels.ts";
 * const scale = fitDifficulty([1, 2, 3, 4, 9], [0, 1, 2, 3], { quantile: 0.75 });
 * assert.deepEqual([...labelDifficulty([1, 2, 3, 4, 9], scale).labels], [0, 0, 0, 1, 1]);
 * ```
 */
export function fitDifficulty(
  errors: ArrayLike<number>,
  train: ArrayLike<number>,
  options: { readonly quantile: number },
): DifficultyScale {
  if (train.length < 2) {
    throw new GuardrailError(
      "empty-split",
      `Cannot fit difficulty labels: needs at least 2 train items, got ${train.length}`,
    );
  }
  const chosen = take(errors, train);
  const center = mean(chosen), std = Math.sqrt(variance(chosen, 1));
  const { normalized } = labelDifficulty(chosen, { mean: center, std, threshold: 0 });
  return { mean: center, std, threshold: quantile(normalized, options.quantile) };
}

/**
 * z-scores and labels of errors on a fitted scale.
 * @param errors shape [nItems]
 * @throws {GuardrailError} non-finite if an error is
 */
export function labelDifficulty(errors: ArrayLike<number>, scale: DifficultyScale): DifficultyLabels {
  requireFinite(errors);
  // the published guard against equal errors
  const normalized = Float64Array.from(errors, (error) => (error - scale.mean) / (scale.std + 1e-8));
  return { normalized, labels: Uint8Array.from(normalized, (z) => z >= scale.threshold ? 1 : 0) };
}

/**
 * Labels the errors from a quantile on as hard. The published forecasting study takes it over all windows, test
 * ones included (flaw F19); the corrected protocol names the train rows.
 * @param errors shape [nItems]
 * @returns labels (1 = hard), shape [nItems], and the threshold in the errors' unit
 * @throws {GuardrailError} empty-split if no row is chosen; non-finite if an error is
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { labelAboveQuantile } from "lib/data/labels.ts";
 * const { labels, threshold } = labelAboveQuantile([0, 1, 2, 3], { quantile: 0.75, rows: [0, 1, 2] });
 * assert.deepEqual([threshold, ...labels], [1.5, 0, 0, 1, 1]);
 * ```
 */
export function labelAboveQuantile(
  errors: ArrayLike<number>,
  options: ThresholdOptions,
): { readonly labels: Uint8Array; readonly threshold: number } {
  requireFinite(errors);
  const chosen = options.rows === undefined ? errors : take(errors, options.rows);
  if (chosen.length === 0) {
    throw new GuardrailError("empty-split", "Cannot label difficulty: needs at least one item, got none");
  }
  const threshold = quantile(chosen, options.quantile);
  return { labels: Uint8Array.from(errors, (error) => error >= threshold ? 1 : 0), threshold };
}

function take(values: ArrayLike<number>, rows: ArrayLike<number>): Float64Array {
  return Float64Array.from(rows, (row) => values[row] ?? NaN);
}

function requireFinite(errors: ArrayLike<number>): void {
  for (let i = 0; i < errors.length; i++) {
    if (Number.isFinite(errors[i])) continue;
    throw new GuardrailError(
      "non-finite",
      `Cannot label difficulty: needs finite errors, got ${errors[i]} at row ${i}`,
    );
  }
}
