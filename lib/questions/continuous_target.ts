/**
 * The ladder on the difficulty itself instead of its hard share: ridge regression, scored by Spearman's rank
 * correlation on the test items. A label throws away all but one cut of the difficulty; this does not.
 */
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import type { Fold } from "../stats/choose_c.ts";
import { joinBlocks, pickRows } from "../stats/feature_blocks.ts";
import type { Inference } from "../stats/interval.ts";
import { decisionFunction } from "../stats/l1_logistic.ts";
import { clusterJackknife } from "../stats/leave_out.ts";
import { chooseAlpha, fitRidge, spearman } from "../stats/ridge.ts";
import type { Split } from "./predictive.ts";

/** Penalties that the folds choose from; columns are standardised, so they count in items. */
export const ALPHAS: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5];

/** One rung's ridge probe. */
export interface ContinuousRung {
  readonly alpha: number;
  /** Mean rank correlation over the inner folds at it. */
  readonly cv_spearman: number;
  /** On the test items; its interval leaves out whole groups. */
  readonly spearman: Inference;
}

/** continuous_target.json. */
export interface ContinuousTarget {
  readonly n_train: number;
  readonly n_test: number;
  readonly rungs: Readonly<Record<string, ContinuousRung>>;
  /** Differences of rank correlation, paired. */
  readonly deltas: Readonly<Record<string, Inference>>;
}

/**
 * Fits every rung to the continuous difficulty.
 * @param rungs feature blocks of all items by rung, each of shape [nItems, p]
 * @param options `difficulty` shape [nItems]; `folds` index into `split.train`; `groups` of the test items; pairs
 * @throws {GuardrailError} non-finite if a difficulty is NaN or infinite
 * @throws {RangeError} if a delta names an unknown rung
 * @see Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634
 */
export function continuousTarget(
  rungs: Readonly<Record<string, readonly (Matrix | CsrMatrix)[]>>,
  { difficulty, split, folds, groups, deltas }: {
    readonly difficulty: ArrayLike<number>;
    readonly split: Split;
    readonly folds: readonly Fold[];
    readonly groups: readonly (string | number)[];
    readonly deltas: readonly (readonly [string, string])[];
  },
): ContinuousTarget {
  const at = (rows: ArrayLike<number>) => Float64Array.from(rows, (row) => difficulty[row]!);
  const trainTargets = at(split.train), testTargets = at(split.test);
  const correlation = (predicted: Float64Array) => (rows: Uint32Array) =>
    spearman(Float64Array.from(rows, (i) => predicted[i]!), Float64Array.from(rows, (i) => testTargets[i]!));
  const predictions: Record<string, Float64Array> = {};
  const fitted: Record<string, ContinuousRung> = {};
  for (const [name, blocks] of Object.entries(rungs)) {
    const matrix = joinBlocks(blocks);
    const train = pickRows(matrix, split.train);
    const choice = chooseAlpha(train, trainTargets, { folds, alphas: ALPHAS });
    const fit = fitRidge(train, trainTargets, { alpha: choice.alpha });
    const predicted = decisionFunction(pickRows(matrix, split.test), fit, { scaler: fit.scaler });
    predictions[name] = predicted;
    fitted[name] = {
      alpha: choice.alpha,
      cv_spearman: choice.meanScores[choice.alphas.indexOf(choice.alpha)]!,
      spearman: clusterJackknife(correlation(predicted), groups),
    };
  }
  const differences = deltas.map(([a, b]): [string, Inference] => {
    const [first, second] = [predictions[a], predictions[b]];
    if (first === undefined || second === undefined) {
      throw new RangeError(`Cannot compare ${a} and ${b}: known rungs are ${Object.keys(rungs).join(", ")}`);
    }
    const [ofFirst, ofSecond] = [correlation(first), correlation(second)];
    return [`${a}-${b}`, clusterJackknife((rows) => ofFirst(rows) - ofSecond(rows), groups)];
  });
  return {
    n_train: split.train.length,
    n_test: split.test.length,
    rungs: fitted,
    deltas: Object.fromEntries(differences),
  };
}
