/** Copies rows of matrices into columns: the two transposes behind a design. */
import { GuardrailError } from "../../guardrail.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import type { StandardScaler } from "../standard_scaler.ts";

type Values = Matrix["data"];

/** What a matrix stores. */
export function valuesOf(matrix: Matrix | CsrMatrix): Values {
  return "indptr" in matrix ? matrix.values : matrix.data;
}

/** Values that some rows of the blocks store; dense blocks are full columns. */
export function countStored(blocks: readonly (Matrix | CsrMatrix)[], rows: ArrayLike<number>): number {
  let n = 0;
  for (const block of blocks) {
    if (!("indptr" in block)) n += rows.length * block.nCols;
    else {
      for (let k = 0; k < rows.length; k++) n += block.indptr[rows[k]! + 1]! - block.indptr[rows[k]!]!;
    }
  }
  return n;
}

/**
 * Dense columns side by side. Few columns and many rows at a time: what is written stays in cache until a line is
 * full.
 * @param to.stride from one column to the next
 * @param to.scaler standardises the copy (default: values as they are)
 */
export function fillDense(
  blocks: readonly Matrix[],
  rows: ArrayLike<number>,
  { stride, values, scaler }: {
    readonly stride: number;
    readonly values: Values;
    readonly scaler: StandardScaler | undefined;
  },
): void {
  const high = 128, wide = 16;
  let first = 0;
  for (const { data, nCols } of blocks) {
    for (let i0 = 0; i0 < rows.length; i0 += high) {
      const i1 = Math.min(rows.length, i0 + high);
      for (let j0 = 0; j0 < nCols; j0 += wide) {
        const j1 = Math.min(nCols, j0 + wide);
        for (let i = i0; i < i1; i++) {
          const from = rows[i]! * nCols, to = first * stride + i;
          for (let j = j0; j < j1; j++) values[j * stride + to] = data[from + j]!;
        }
      }
    }
    first += nCols;
  }
  if (scaler === undefined) return;
  for (let j = 0; j < first; j++) {
    for (let at = j * stride; at < j * stride + rows.length; at++) {
      values[at] = (values[at]! - scaler.mean[j]!) / scaler.scale[j]!;
    }
  }
}

/** Compressed columns side by side. */
export function fillSparse(
  blocks: readonly (Matrix | CsrMatrix)[],
  rows: ArrayLike<number>,
  out: { readonly starts: Uint32Array; readonly rows: Uint32Array; readonly values: Values },
): void {
  const { starts } = out, nCols = starts.length - 1;
  forEachStored(blocks, rows, (_, j) => starts[j + 1]!++);
  for (let j = 0; j < nCols; j++) starts[j + 1]! += starts[j]!;
  const next = starts.slice(0, nCols);
  forEachStored(blocks, rows, (k, j, value) => {
    const to = next[j]!++;
    out.rows[to] = k;
    out.values[to] = value;
  });
}

/** Visits stored values: place of the row among those chosen, column over all blocks, value. */
function forEachStored(
  blocks: readonly (Matrix | CsrMatrix)[],
  rows: ArrayLike<number>,
  visit: (k: number, j: number, value: number) => void,
): void {
  let first = 0;
  for (const block of blocks) {
    for (let k = 0; k < rows.length; k++) {
      const i = rows[k]!;
      if ("indptr" in block) {
        for (let at = block.indptr[i]!; at < block.indptr[i + 1]!; at++) {
          visit(k, first + block.indices[at]!, block.values[at]!);
        }
      } else {
        for (let j = 0; j < block.nCols; j++) visit(k, first + j, block.data[i * block.nCols + j]!);
      }
    }
    first += block.nCols;
  }
}

/** @throws {GuardrailError} non-finite, with the first value that is */
export function requireFinite(values: Values): void {
  let zero = 0; // stays zero unless a value is NaN or infinite
  for (let k = 0; k < values.length; k++) zero += values[k]! - values[k]!;
  if (zero === 0) return;
  const bad = values.find((value) => !Number.isFinite(value));
  throw new GuardrailError("non-finite", `Cannot build a design: a feature is ${bad}, needs finite`);
}
