/**
 * Difficulty as a number instead of a class: ridge regression on the quantity that the label cuts, scored by Spearman's
 * correlation with it on test. A label thrown away at its threshold cannot make a block look better or worse than it is.
 */
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import { chooseAlpha, fitRidge, spearman } from "../stats/ridge.ts";
import { joinBlocks, pickRows } from "../stats/feature_blocks.ts";
import type { Fold } from "../stats/folds.ts";
import { decisionFunction } from "../stats/l1_logistic.ts";
import type { Inference } from "../stats/interval.ts";
import { clusterJackknife } from "../stats/leave_out.ts";

/** One set of blocks. */
export interface ContinuousRung {
  readonly n_columns: number;
  /** Weight of the penalty, chosen on train. */
  readonly alpha: number;
  /** Mean correlation over the folds at that alpha. */
  readonly cv_spearman: number;
  /** Spearman's correlation with the difficulty on test. */
  readonly spearman: number;
  readonly inference: Inference;
}

/** continuous_target.json, but for what the target is. */
export interface ContinuousTarget {
  readonly n_train: number;
  readonly n_test: number;
  readonly alphas: readonly number[];
  readonly rungs: Readonly<Record<string, ContinuousRung>>;
  /** Differences of correlations on the same test items, keyed `a-b`. */
  readonly deltas: Readonly<Record<string, Inference>>;
}

/** What is fitted on what. */
export interface ContinuousOptions {
  /** Difficulty of every item, higher is harder. */
  readonly targets: ArrayLike<number>;
  readonly split: { readonly train: ArrayLike<number>; readonly test: ArrayLike<number> };
  /** Folds of the train rows, as positions in `split.train`. */
  readonly folds: readonly Fold[];
  readonly alphas: readonly number[];
  /** Cluster of each test item, in the order of `split.test`. */
  readonly testGroups: readonly (string | number)[];
  readonly deltas: readonly (readonly [a: string, b: string])[];
}

/**
 * Fits every rung; nothing of the test items is used but to score.
 * @param rungs blocks by name; rows of every block are the study's items
 * @throws {GuardrailError} "non-finite" if a target is
 * @see fitRidge(), chooseAlpha(); clusterJackknife() (intervals: ranks have no simple influence values)
 */
export function continuousTarget(
  rungs: Readonly<Record<string, readonly (Matrix | CsrMatrix)[]>>,
  { targets, split: { train, test }, folds, alphas, testGroups, deltas }: ContinuousOptions,
): ContinuousTarget {
  const trainTargets = Float64Array.from(train, (row) => targets[row]!);
  const testTargets = Float64Array.from(test, (row) => targets[row]!);
  const predicted: Record<string, Float64Array> = {};
  const correlationOn = (rung: string) => (rows: Uint32Array) =>
    spearman(
      Float64Array.from(rows, (i) => predicted[rung]![i]!),
      Float64Array.from(rows, (i) => testTargets[i]!),
    );
  const fitted = Object.entries(rungs).map(([name, blocks]): [string, ContinuousRung] => {
    const all = joinBlocks(blocks);
    const own = pickRows(all, train);
    const { alpha, alphas: tried, meanScores } = chooseAlpha(own, trainTargets, { folds, alphas });
    const fit = fitRidge(own, trainTargets, { alpha });
    predicted[name] = decisionFunction(pickRows(all, test), fit, { scaler: fit.scaler });
    return [name, {
      n_columns: all.nCols,
      alpha,
      cv_spearman: meanScores[tried.indexOf(alpha)]!,
      spearman: spearman(predicted[name], testTargets),
      inference: clusterJackknife(correlationOn(name), testGroups),
    }];
  });
  return {
    n_train: train.length,
    n_test: test.length,
    alphas,
    rungs: Object.fromEntries(fitted),
    deltas: Object.fromEntries(deltas.map(([a, b]) => {
      const delta = (rows: Uint32Array) => correlationOn(a)(rows) - correlationOn(b)(rows);
      return [`${a}-${b}`, clusterJackknife(delta, testGroups)];
    })),
  };
}
