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
 * Dense columns side by side, panel by panel; few at a time, so that what is written stays in cache until a line is
 * full: columns lie a page apart in a panel, and lines a page apart contend for the same places there.
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
  const wide = 4;
  for (const { row, end, columnAt } of panels) {
    const height = end - row, filled = Math.min(end, rows.length);
    let first = 0;
    for (const block of blocks) {
      for (let j = 0; j < block.nCols; j += wide) {
        const tile = { from: j, to: Math.min(block.nCols, j + wide), row, nFilled: filled - row };
        copyTile(block, rows, tile, { values, at: columnAt(first + j), height });
      }
      first += block.nCols;
    }
    for (let j = 0; scaler !== undefined && j < first; j++) {
      const to = columnAt(j), mean = scaler.mean[j]!, scale = scaler.scale[j]!;
      for (let at = to; at < to + filled - row; at++) values[at] = (values[at]! - mean) / scale;
    }
  }
}

/** Some columns of a panel, [nFilled, to - from], one after the other. Called often, so that it is soon compiled. */
function copyTile(
  { data, nCols }: Matrix,
  rows: ArrayLike<number>,
  { from, to, row, nFilled }: {
    readonly from: number;
    readonly to: number;
    readonly row: number;
    readonly nFilled: number;
  },
  out: { readonly values: Values; readonly at: number; readonly height: number },
): void {
  const { values, height } = out;
  for (let i = 0; i < nFilled; i++) {
    const start = rows[row + i]! * nCols;
    for (let j = from, at = out.at + i; j < to; j++, at += height) values[at] = data[start + j]!;
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
