/** Copies rows of matrices into columns: the two transposes behind a design. */
import { GuardrailError } from "../../guardrail.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import type { StandardScaler } from "../standard_scaler.ts";
import type { Panel } from "./panels.ts";

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
 * Dense columns side by side, panel by panel. Few columns at a time: what is written stays in cache until a line is full.
 * @param to.scaler standardises the copy (default: values as they are)
 */
export function fillDense(
  blocks: readonly Matrix[],
  rows: ArrayLike<number>,
  { panels, values, scaler }: {
    readonly panels: readonly Panel[];
    readonly values: Values;
    readonly scaler: StandardScaler | undefined;
  },
): void {
  const wide = 16;
  for (const { row, end, columnAt } of panels) {
    const height = end - row, filled = Math.min(end, rows.length);
    let first = 0;
    for (const { data, nCols } of blocks) {
      for (let j0 = 0; j0 < nCols; j0 += wide) {
        const j1 = Math.min(nCols, j0 + wide), to = columnAt(first);
        for (let i = row; i < filled; i++) {
          const from = rows[i]! * nCols;
          for (let j = j0; j < j1; j++) values[to + j * height + i - row] = data[from + j]!;
        }
      }
      first += nCols;
    }
    for (let j = 0; scaler !== undefined && j < first; j++) {
      const to = columnAt(j), mean = scaler.mean[j]!, scale = scaler.scale[j]!;
      for (let at = to; at < to + filled - row; at++) values[at] = (values[at]! - mean) / scale;
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
  forEachStored(blocks, rows, (k, j, values, at) => {
    const to = next[j]!++;
    out.rows[to] = k;
    out.values[to] = values[at]!;
  });
}

/**
 * Visits stored values: place of the row among those chosen, column over all blocks, and where the value is: a number
 * handed over would be a small object of its own each time.
 */
function forEachStored(
  blocks: readonly (Matrix | CsrMatrix)[],
  rows: ArrayLike<number>,
  visit: (k: number, j: number, values: Values, at: number) => void,
): void {
  let first = 0;
  for (const block of blocks) {
    for (let k = 0; k < rows.length; k++) {
      const i = rows[k]!;
      if ("indptr" in block) {
        for (let at = block.indptr[i]!; at < block.indptr[i + 1]!; at++) {
          visit(k, first + block.indices[at]!, block.values, at);
        }
      } else {
        for (let j = 0; j < block.nCols; j++) visit(k, first + j, block.data, i * block.nCols + j);
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
