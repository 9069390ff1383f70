/**
 * AUROC with the rounding of the published code (scikit-learn's roc_curve, then NumPy's trapezoid). auroc() is
 * exact up to one division; this one errs in the last digits, and the published permutation p depends on them:
 * there, a permuted delta that ties the observed one counts only if its rounding happens to fall that way.
 */
import { pairwiseSum } from "../math/sum.ts";

/**
 * Trapezoid area under the ROC curve, summed as `np.trapz` sums.
 * @param scores difficulty scores, shape [n]
 * @param labels 0 or 1, shape [n], both present
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trapezoidAuroc } from "lib/stats/trapezoid_auroc.ts";
 * assert.equal(trapezoidAuroc([0.1, 0.9, 0.5, 0.5], [0, 1, 0, 1]), 0.875);
 * ```
 */
export function trapezoidAuroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { falsePositives, truePositives } = rocVertices(scores, labels);
  const last = falsePositives.length - 1;
  const nNegative = falsePositives[last]!;
  const nPositive = truePositives[last]!;
  const areas = new Float64Array(last);
  for (let i = 0; i < last; i++) {
    const width = falsePositives[i + 1]! / nNegative - falsePositives[i]! / nNegative;
    areas[i] = width * (truePositives[i + 1]! / nPositive + truePositives[i]! / nPositive) / 2;
  }
  return pairwiseSum(areas);
}

interface RocVertices {
  readonly falsePositives: readonly number[];
  readonly truePositives: readonly number[];
}

/** Counts above each distinct score, descending, from (0, 0); vertices on a straight stretch are dropped. */
function rocVertices(scores: ArrayLike<number>, labels: ArrayLike<number>): RocVertices {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  order.sort((i, j) => scores[j]! - scores[i]!);
  const x: number[] = [];
  const y: number[] = [];
  let nFalse = 0;
  let nTrue = 0;
  order.forEach((item, place) => {
    if (labels[item] === 1) nTrue++;
    else nFalse++;
    const next = order[place + 1];
    if (next === undefined || scores[next] !== scores[item]) {
      x.push(nFalse);
      y.push(nTrue);
    }
  });
  const bends = (at: readonly number[], i: number) => at[i + 1]! - 2 * at[i]! + at[i - 1]! !== 0;
  const kept = x.map((_, i) => i).filter((i) => i === 0 || i === x.length - 1 || bends(x, i) || bends(y, i));
  return { falsePositives: [0, ...kept.map((i) => x[i]!)], truePositives: [0, ...kept.map((i) => y[i]!)] };
}
