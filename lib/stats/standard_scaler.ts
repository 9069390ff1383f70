/**
 * Column means and standard deviations as scikit-learn's StandardScaler takes them. Fitting reads sparse rows
 * without filling them in; centring a sparse matrix is left to the solver, which does it implicitly.
 */
import { GuardrailError } from "../guardrail.ts";
import type { CsrMatrix, Matrix } from "../math/matrix.ts";

/** What turns a column into (x - mean) / scale; each array has shape [nCols]. */
export interface StandardScaler {
  readonly mean: Float64Array;
  /** Population variance (divisor n); 0 where the column is constant. */
  readonly variance: Float64Array;
  /** Standard deviation; 1 where the column is constant up to rounding. */
  readonly scale: Float64Array;
}

/**
 * Fits means and population standard deviations of the columns.
 *
 * A column whose variance is at most n eps var + (n mean eps)^2 carries only rounding error: it is treated as
 * constant, and its scale is 1.
 *
 * @param matrix dense or sparse, shape [nRows, nCols]
 * @param rows rows to fit on (default: all of them)
 * @throws {GuardrailError} empty-split if there is no row; non-finite if a value is NaN or infinite
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.StandardScaler.html
 * @see Chan, Golub & LeVeque 1983, doi:10.1080/00031305.1983.10483115 (the two-pass variance with correction)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
 * const scaler = fitStandardScaler(matrixFromRows([[1, 7], [3, 7]]));
 * assert.deepEqual([...scaler.mean, ...scaler.scale], [2, 7, 1, 1]);
 * ```
 */
export function fitStandardScaler(matrix: Matrix | CsrMatrix, rows?: ArrayLike<number>): StandardScaler {
  return fitBlockScaler([matrix], rows);
}

/**
 * fitStandardScaler() of blocks side by side.
 * @param rows rows to fit on (default: all of them)
 * @throws {GuardrailError} as fitStandardScaler(), columns counted within their block
 */
export function fitBlockScaler(
  blocks: readonly (Matrix | CsrMatrix)[],
  rows?: ArrayLike<number>,
): StandardScaler {
  const width = blocks.reduce((sum, { nCols }) => sum + nCols, 0);
  const whole = {
    mean: new Float64Array(width),
    variance: new Float64Array(width),
    scale: new Float64Array(width),
  };
  let first = 0;
  for (const block of blocks) {
    const own = (values: Float64Array) => values.subarray(first, first + block.nCols);
    fitInto({ mean: own(whole.mean), variance: own(whole.variance), scale: own(whole.scale) }, block, rows);
    first += block.nCols;
  }
  return whole;
}

/** Fills the arrays, all zero at first. */
function fitInto(
  { mean, variance, scale }: StandardScaler,
  matrix: Matrix | CsrMatrix,
  rows: ArrayLike<number> | undefined,
): void {
  const chosen = rows ?? Uint32Array.from({ length: matrix.nRows }, (_, i) => i);
  const n = chosen.length;
  if (n === 0) {
    throw new GuardrailError("empty-split", "Cannot fit a scaler: needs at least one row, got none");
  }
  const { nCols } = matrix;
  forEachRow(matrix, chosen, (values, columns, from, count) => {
    for (let k = 0; k < count; k++) {
      mean[columns === undefined ? k : columns[from + k]!]! += values[from + k]!;
    }
  });
  if (!mean.every(Number.isFinite)) requireFinite(matrix, chosen);
  for (let j = 0; j < nCols; j++) mean[j]! /= n;

  const squares = variance;
  const residue = new Float64Array(nCols); // sum of deviations: what rounding left in the mean
  const stored = new Uint32Array(nCols);
  forEachRow(matrix, chosen, (values, columns, from, count) => {
    for (let k = 0; k < count; k++) {
      const j = columns === undefined ? k : columns[from + k]!;
      const deviation = values[from + k]! - mean[j]!;
      squares[j]! += deviation * deviation;
      residue[j]! += deviation;
      stored[j]!++;
    }
  });
  for (let j = 0; j < nCols; j++) {
    const implicitZeros = n - stored[j]!;
    const sumOfSquares = squares[j]! + implicitZeros * mean[j]! * mean[j]!;
    const leftover = residue[j]! - implicitZeros * mean[j]!;
    variance[j] = Math.max(0, (sumOfSquares - leftover * leftover / n) / n);
    const noise = n * mean[j]! * Number.EPSILON;
    const constant = variance[j]! <= n * Number.EPSILON * variance[j]! + noise * noise;
    if (constant) variance[j] = 0;
    scale[j] = constant ? 1 : Math.sqrt(variance[j]!);
  }
}

/**
 * Standardised copy of a dense matrix: (x - mean) / scale, float64.
 * @throws {RangeError} if the number of columns differs from the scaler's
 */
export function standardize(matrix: Matrix, scaler: StandardScaler): Matrix {
  const { nRows, nCols } = matrix;
  if (nCols !== scaler.mean.length) {
    throw new RangeError(`Cannot standardise: the scaler has ${scaler.mean.length} columns, got ${nCols}`);
  }
  const data = new Float64Array(nRows * nCols);
  for (let i = 0; i < nRows; i++) {
    for (let j = 0; j < nCols; j++) {
      data[i * nCols + j] = (matrix.data[i * nCols + j]! - scaler.mean[j]!) / scaler.scale[j]!;
    }
  }
  return { data, nRows, nCols };
}

/** Visits what is stored of each row: values [from, from + count), and their columns if sparse. */
function forEachRow(
  matrix: Matrix | CsrMatrix,
  rows: ArrayLike<number>,
  visit: (values: Matrix["data"], columns: Uint32Array | undefined, from: number, count: number) => void,
): void {
  for (let k = 0; k < rows.length; k++) {
    const i = rows[k]!;
    if ("indptr" in matrix) {
      const from = matrix.indptr[i]!;
      visit(matrix.values, matrix.indices, from, matrix.indptr[i + 1]! - from);
    } else visit(matrix.data, undefined, i * matrix.nCols, matrix.nCols);
  }
}

function requireFinite(matrix: Matrix | CsrMatrix, rows: ArrayLike<number>): void {
  forEachRow(matrix, rows, (values, columns, from, count) => {
    for (let k = 0; k < count; k++) {
      const x = values[from + k]!;
      if (Number.isFinite(x)) continue;
      throw new GuardrailError(
        "non-finite",
        `Cannot fit a scaler: column ${
          columns === undefined ? k : columns[from + k]
        } holds ${x}, needs finite values`,
      );
    }
  });
}
