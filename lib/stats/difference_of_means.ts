/** The simplest linear probe: project on the difference of the two class means. Nothing is tuned. */
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import { countClasses } from "./auroc.ts";
import type { StandardScaler } from "./standard_scaler.ts";

/**
 * The direction mean(hard) - mean(easy) of standardised columns, as a probe for decisionFunction().
 * @param matrix training rows, shape [n, p]
 * @param labels 0 or 1, shape [n]
 * @returns coefficients of the standardised columns, shape [p]; the intercept is 0
 * @throws {GuardrailError} single-class if one class is absent
 * @see Marks & Tegmark 2023, https://arxiv.org/abs/2310.06824 (the mass-mean probe)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * import { fitDifferenceOfMeans } from "lib/stats/difference_of_means.ts";
 * import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
 * const x = matrixFromRows([[0], [2]]);
 * assert.equal(fitDifferenceOfMeans(x, [0, 1], fitStandardScaler(x)).coef[0], 2);
 * ```
 */
export function fitDifferenceOfMeans(
  matrix: Matrix | CsrMatrix,
  labels: ArrayLike<number>,
  scaler: StandardScaler,
): { readonly coef: Float64Array; readonly intercept: 0 } {
  const { nPositive, nNegative } = countClasses(labels);
  const coef = new Float64Array(matrix.nCols);
  // Centring cancels in the difference, so stored values are enough.
  for (let i = 0; i < matrix.nRows; i++) {
    const share = labels[i] === 1 ? 1 / nPositive : -1 / nNegative;
    if ("indptr" in matrix) {
      for (let at = matrix.indptr[i]!; at < matrix.indptr[i + 1]!; at++) {
        coef[matrix.indices[at]!]! += share * matrix.values[at]!;
      }
    } else {
      for (let j = 0; j < matrix.nCols; j++) coef[j]! += share * matrix.data[i * matrix.nCols + j]!;
    }
  }
  for (let j = 0; j < coef.length; j++) coef[j]! /= scaler.scale[j]!;
  return { coef, intercept: 0 };
}
