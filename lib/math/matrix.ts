/** Dense and sparse matrices with explicit shapes: plain records, no methods. */

/** Row-major matrix; element (i, j) is `data[i * nCols + j]`. */
export interface Matrix {
  readonly data: Float32Array | Float64Array;
  readonly nRows: number;
  readonly nCols: number;
}

/** Compressed sparse rows; row i holds columns `indices[indptr[i]..indptr[i + 1]]` with `values` beside them. */
export interface CsrMatrix {
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array | Float64Array;
  readonly nRows: number;
  readonly nCols: number;
}

/**
 * A float64 matrix from rows of equal length.
 * @param rows shape [nRows][nCols]
 * @throws {RangeError} if the rows differ in length
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * assert.deepEqual(matrixFromRows([[1, 2], [3, 4]]).data, new Float64Array([1, 2, 3, 4]));
 * ```
 */
export function matrixFromRows(rows: readonly ArrayLike<number>[]): Matrix {
  const nRows = rows.length;
  const nCols = rows[0]?.length ?? 0;
  const data = new Float64Array(nRows * nCols);
  rows.forEach((row, i) => {
    if (row.length !== nCols) {
      throw new RangeError(`Cannot build a matrix: row 0 has ${nCols} values, row ${i} has ${row.length}`);
    }
    data.set(row, i * nCols);
  });
  return { data, nRows, nCols };
}

/** Rows of `matrix` picked by index, in that order, as a new float64 matrix. */
export function selectRows(matrix: Matrix, rows: ArrayLike<number>): Matrix {
  const { nCols } = matrix;
  const data = new Float64Array(rows.length * nCols);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * nCols;
    data.set(matrix.data.subarray(from, from + nCols), i * nCols);
  }
  return { data, nRows: rows.length, nCols };
}

/** Columns of several matrices side by side, as a new float64 matrix. */
export function concatColumns(blocks: readonly Matrix[]): Matrix {
  const nRows = blocks[0]?.nRows ?? 0;
  const nCols = blocks.reduce((sum, block) => sum + block.nCols, 0);
  const data = new Float64Array(nRows * nCols);
  let offset = 0;
  for (const block of blocks) {
    if (block.nRows !== nRows) {
      throw new RangeError(`Cannot join blocks: the first has ${nRows} rows, another has ${block.nRows}`);
    }
    for (let i = 0; i < nRows; i++) {
      data.set(block.data.subarray(i * block.nCols, (i + 1) * block.nCols), i * nCols + offset);
    }
    offset += block.nCols;
  }
  return { data, nRows, nCols };
}
