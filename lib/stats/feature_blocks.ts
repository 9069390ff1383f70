/** Feature blocks side by side as one design matrix: dense stays dense, and one sparse block makes all sparse. */
import type { CsrMatrix, Matrix } from "../math/matrix.ts";

/** A design matrix: one matrix, or blocks of columns side by side that nobody has joined. */
export type Features = Matrix | CsrMatrix | readonly (Matrix | CsrMatrix)[];

/** The blocks of a design matrix. */
export function blocksOf(features: Features): readonly (Matrix | CsrMatrix)[] {
  return "nRows" in features ? [features] : features;
}

/**
 * Rows and columns of all blocks together.
 * @throws {RangeError} if there is no block or the blocks differ in their number of rows
 */
export function shapeOf(features: Features): { readonly nRows: number; readonly nCols: number } {
  const blocks = blocksOf(features), [first] = blocks;
  if (first === undefined) throw new RangeError("Cannot join blocks: needs at least one, got none");
  for (const block of blocks) {
    if (block.nRows !== first.nRows) {
      throw new RangeError(
        `Cannot join blocks: the first has ${first.nRows} rows, another has ${block.nRows}`,
      );
    }
  }
  return { nRows: first.nRows, nCols: blocks.reduce((sum, block) => sum + block.nCols, 0) };
}

/**
 * Joins the columns of several blocks. All dense gives a dense matrix, otherwise a sparse one in which the dense
 * blocks are full columns. Values are float32 only if every block is.
 * @param blocks each of shape [n, p_k]
 * @throws {RangeError} if there is no block or the blocks differ in their number of rows
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * import { joinBlocks } from "lib/stats/feature_blocks.ts";
 * assert.equal(joinBlocks([matrixFromRows([[1], [2]]), matrixFromRows([[3, 4], [5, 6]])]).nCols, 3);
 * ```
 */
export function joinBlocks(blocks: readonly (Matrix | CsrMatrix)[]): Matrix | CsrMatrix {
  const { nRows, nCols } = shapeOf(blocks);
  if (blocks.length === 1) return blocks[0]!;
  const single = blocks.every((block) =>
    ("indptr" in block ? block.values : block.data) instanceof Float32Array
  );
  const allocate = (length: number) => single ? new Float32Array(length) : new Float64Array(length);
  if (blocks.some((block) => "indptr" in block)) return joinSparse(blocks, nRows, nCols, allocate);
  const data = allocate(nRows * nCols);
  let at = 0;
  for (const block of blocks as readonly Matrix[]) {
    for (let i = 0; i < nRows; i++) {
      data.set(block.data.subarray(i * block.nCols, (i + 1) * block.nCols), i * nCols + at);
    }
    at += block.nCols;
  }
  return { data, nRows: nRows, nCols };
}

function joinSparse(
  blocks: readonly (Matrix | CsrMatrix)[],
  nRows: number,
  nCols: number,
  allocate: (length: number) => Float32Array | Float64Array,
): CsrMatrix {
  const nStored = blocks.reduce(
    (sum, block) => sum + ("indptr" in block ? block.indptr[nRows]! : nRows * block.nCols),
    0,
  );
  const indptr = new Uint32Array(nRows + 1), indices = new Uint32Array(nStored), values = allocate(nStored);
  let to = 0;
  for (let i = 0; i < nRows; i++) {
    let offset = 0;
    for (const block of blocks) {
      const sparse = "indptr" in block;
      const from = sparse ? block.indptr[i]! : i * block.nCols;
      const end = sparse ? block.indptr[i + 1]! : from + block.nCols;
      for (let at = from; at < end; at++, to++) {
        indices[to] = offset + (sparse ? block.indices[at]! : at - from);
        values[to] = sparse ? block.values[at]! : block.data[at]!;
      }
      offset += block.nCols;
    }
    indptr[i + 1] = to;
  }
  return { indptr, indices, values, nRows, nCols };
}

/** Rows of a dense or sparse matrix picked by index, in that order, at its own precision. */
export function pickRows(matrix: Matrix | CsrMatrix, rows: ArrayLike<number>): Matrix | CsrMatrix {
  const { nCols } = matrix;
  const allocate = (like: Matrix["data"], length: number) =>
    like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  if (!("indptr" in matrix)) {
    const data = allocate(matrix.data, rows.length * nCols);
    for (let k = 0; k < rows.length; k++) {
      data.set(matrix.data.subarray(rows[k]! * nCols, (rows[k]! + 1) * nCols), k * nCols);
    }
    return { data, nRows: rows.length, nCols };
  }
  const indptr = new Uint32Array(rows.length + 1);
  for (let k = 0; k < rows.length; k++) {
    indptr[k + 1] = indptr[k]! + matrix.indptr[rows[k]! + 1]! - matrix.indptr[rows[k]!]!;
  }
  const indices = new Uint32Array(indptr[rows.length]!);
  const values = allocate(matrix.values, indices.length);
  for (let k = 0; k < rows.length; k++) {
    const from = matrix.indptr[rows[k]!]!, end = matrix.indptr[rows[k]! + 1]!;
    indices.set(matrix.indices.subarray(from, end), indptr[k]!);
    values.set(matrix.values.subarray(from, end), indptr[k]!);
  }
  return { indptr, indices, values, nRows: rows.length, nCols };
}

/** Columns [from, to) of a dense or sparse matrix, at its own precision. */
export function columnRange(matrix: Matrix | CsrMatrix, from: number, to: number): Matrix | CsrMatrix {
  const { nRows } = matrix, nCols = to - from;
  if (!("indptr" in matrix)) {
    const data = matrix.data instanceof Float32Array
      ? new Float32Array(nRows * nCols)
      : new Float64Array(nRows * nCols);
    for (let i = 0; i < nRows; i++) {
      data.set(matrix.data.subarray(i * matrix.nCols + from, i * matrix.nCols + to), i * nCols);
    }
    return { data, nRows, nCols };
  }
  const indptr = new Uint32Array(nRows + 1), indices: number[] = [], values: number[] = [];
  for (let i = 0; i < nRows; i++) {
    for (let at = matrix.indptr[i]!; at < matrix.indptr[i + 1]!; at++) {
      const j = matrix.indices[at]!;
      if (j < from || j >= to) continue;
      indices.push(j - from);
      values.push(matrix.values[at]!);
    }
    indptr[i + 1] = indices.length;
  }
  const stored = matrix.values instanceof Float32Array
    ? Float32Array.from(values)
    : Float64Array.from(values);
  return { indptr, indices: Uint32Array.from(indices), values: stored, nRows, nCols };
}
