/** How far predictors that need no model get: difficulty must not be readable from an item's surface. */
import { matrixFromRows } from "../../math/matrix.ts";
import { auroc } from "../../stats/auroc.ts";
import { groupKFold } from "../../stats/grouped_folds.ts";
import { decisionFunction, fitLogistic } from "../../stats/l1_logistic.ts";
import { fitStandardScaler } from "../../stats/standard_scaler.ts";
import type { Numbers } from "./factors.ts";

/** Of the combination of all predictors. */
const COMBINED = { nSplits: 5, c: 1, l1Ratio: 0 } as const;

/**
 * AUROC of every trivial predictor for the labels, in whichever direction is better, and `together` that of a ridge
 * logistic regression on all of them, scored on groups that it was not fitted on.
 * @param labels 1 for hard, shape [n]
 * @param groups world or series of each item, shape [n]
 * @throws {GuardrailError} "single-class" if all labels are equal
 */
export function surfaceAurocs(
  labels: readonly number[],
  predictors: readonly Numbers[],
  groups: readonly number[],
): Numbers {
  const names = Object.keys(predictors[0] ?? {});
  const single = names.map((name): [string, number] => {
    const value = auroc(predictors.map((row) => row[name]!), labels);
    return [name, Math.max(value, 1 - value)];
  });
  const matrix = matrixFromRows(predictors.map((row) => names.map((name) => row[name]!)));
  const scores = new Float64Array(labels.length);
  for (const { train, test } of groupKFold(groups, { nSplits: COMBINED.nSplits, labels })) {
    const scaler = fitStandardScaler(matrix, train);
    const fit = fitLogistic(matrix, labels, { ...COMBINED, rows: train, scaler });
    const margins = decisionFunction(matrix, fit, { scaler, rows: test });
    test.forEach((row, i) => scores[row] = margins[i]!);
  }
  return { ...Object.fromEntries(single), together: auroc(scores, labels) };
}
