/**
 * The design matrix of the logistic solvers: one column-major copy (dense) or one compressed-column copy (sparse)
 * of the input, at the input's own precision, in shared WebAssembly memory, so that kernels and worker threads
 * read the same bytes. Standardisation is implicit: column j stands for (x_j - center_j) * inverseScale_j, and
 * a sparse column is never filled in.
 */
import { GuardrailError } from "../../guardrail.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import type { StandardScaler } from "../standard_scaler.ts";

/** Where the columns lie in `memory`; plain data, so it can be posted to a worker. Offsets are in bytes. */
export interface Design {
  readonly memory: WebAssembly.Memory;
  readonly layout: "dense" | "sparse";
  /** Bytes of a stored value: 4 (float32) or 8 (float64). */
  readonly valueBytes: 4 | 8;
  readonly nRows: number;
  readonly nCols: number;
  /** Rows rounded up to whole vectors; the padding holds zeros. */
  readonly stride: number;
  /** Dense: value (i, j) is number j * stride + i. Sparse: the stored values, column after column. */
  readonly valuesAt: number;
  /** Sparse: the row of each stored value (uint32). */
  readonly rowsAt: number;
  /** Sparse: where each column starts among the stored values (uint32, nCols + 1 of them). */
  readonly startsAt: number;
  /** MAX_THREADS tables of uint32 [512] that the kernels keep their problems in, one a thread. */
  readonly tablesAt: number;
  /** float64 [nCols] */
  readonly centerAt: number;
  /** float64 [nCols] */
  readonly inverseScaleAt: number;
}

const PAGE = 65536;
/** Rows are padded to this many, the widest unrolled vector step of the kernels. */
const ROW_BLOCK = 16;
const MAX_PAGES = 65536;
/** Threads that may work on a design at once. */
export const MAX_THREADS = 64;
/** Bytes of a thread's table. */
export const TABLE_BYTES = 2048;

/**
 * Copies a matrix into the solver's layout.
 * @param matrix dense or sparse, shape [nRows, nCols]; its own arrays are not kept
 * @param options.scaler implicit standardisation (default: the columns as they are)
 * @param options.rows rows to keep, in this order (default: all)
 * @throws {GuardrailError} non-finite if a value is NaN or infinite
 * @throws {RangeError} if the matrix needs more than the 4 GiB that WebAssembly can address
 */
export function createDesign(
  matrix: Matrix | CsrMatrix,
  { scaler, rows }: { readonly scaler?: StandardScaler; readonly rows?: ArrayLike<number> } = {},
): Design {
  const sparse = "indptr" in matrix;
  const source = sparse ? matrix.values : matrix.data;
  const valueBytes = source instanceof Float32Array ? 4 : 8;
  const chosen = rows ?? Uint32Array.from({ length: matrix.nRows }, (_, i) => i);
  const { nCols } = matrix;
  if (scaler !== undefined && scaler.mean.length !== nCols) {
    throw new RangeError(`Cannot build a design: the scaler has ${scaler.mean.length} columns, got ${nCols}`);
  }
  const stride = Math.ceil(Math.max(1, chosen.length) / ROW_BLOCK) * ROW_BLOCK;
  const nStored = sparse ? countStored(matrix, chosen) : stride * nCols;

  let end = 0;
  const place = (bytes: number) => {
    const at = end;
    end = Math.ceil((end + bytes) / 64) * 64;
    return at;
  };
  const tablesAt = place(MAX_THREADS * TABLE_BYTES);
  const centerAt = place(nCols * 8);
  const inverseScaleAt = place(nCols * 8);
  const startsAt = place(sparse ? (nCols + 1) * 4 : 0);
  const rowsAt = place(sparse ? nStored * 4 : 0);
  const valuesAt = place(nStored * valueBytes);
  const pages = Math.ceil(end / PAGE);
  if (pages > MAX_PAGES / 2) {
    throw new RangeError(
      `Cannot build a design: needs at most 2 GiB, got ${chosen.length} x ${nCols} in ${end} bytes`,
    );
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
  const { buffer } = memory;
  const values = valueBytes === 4
    ? new Float32Array(buffer, valuesAt, nStored)
    : new Float64Array(buffer, valuesAt, nStored);
  if (sparse) {
    transposeSparse(
      matrix,
      chosen,
      new Uint32Array(buffer, startsAt, nCols + 1),
      new Uint32Array(buffer, rowsAt, nStored),
      values,
    );
  } else {
    transposeDense(matrix, chosen, stride, values, valueBytes === 8 ? scaler : undefined);
  }
  for (let k = 0; k < values.length; k++) {
    if (!Number.isFinite(values[k]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot build a design: a feature is ${values[k]}, needs finite`,
      );
    }
  }
  const center = new Float64Array(buffer, centerAt, nCols);
  const inverseScale = new Float64Array(buffer, inverseScaleAt, nCols).fill(1);
  // Dense float64 columns are standardised while they are copied: centring them later could cancel.
  if (scaler !== undefined && (sparse || valueBytes === 4)) {
    center.set(scaler.mean);
    for (let j = 0; j < nCols; j++) inverseScale[j] = 1 / scaler.scale[j]!;
  }
  return {
    memory,
    layout: sparse ? "sparse" : "dense",
    valueBytes,
    nRows: chosen.length,
    nCols,
    stride,
    valuesAt,
    rowsAt,
    startsAt,
    tablesAt,
    centerAt,
    inverseScaleAt,
  };
}

function countStored(matrix: CsrMatrix, rows: ArrayLike<number>): number {
  let n = 0;
  for (let k = 0; k < rows.length; k++) n += matrix.indptr[rows[k]! + 1]! - matrix.indptr[rows[k]!]!;
  return n;
}

/** Blocks of rows and columns keep both sides of the transpose in cache. */
function transposeDense(
  matrix: Matrix,
  rows: ArrayLike<number>,
  stride: number,
  out: Matrix["data"],
  scaler: StandardScaler | undefined,
): void {
  const { data, nCols } = matrix;
  const block = 32;
  for (let i0 = 0; i0 < rows.length; i0 += block) {
    const i1 = Math.min(rows.length, i0 + block);
    for (let j0 = 0; j0 < nCols; j0 += block) {
      const j1 = Math.min(nCols, j0 + block);
      for (let i = i0; i < i1; i++) {
        const from = rows[i]! * nCols;
        for (let j = j0; j < j1; j++) out[j * stride + i] = data[from + j]!;
      }
    }
  }
  if (scaler === undefined) return;
  for (let j = 0; j < nCols; j++) {
    for (let at = j * stride; at < j * stride + rows.length; at++) {
      out[at] = (out[at]! - scaler.mean[j]!) / scaler.scale[j]!;
    }
  }
}

function transposeSparse(
  matrix: CsrMatrix,
  rows: ArrayLike<number>,
  starts: Uint32Array,
  outRows: Uint32Array,
  outValues: Matrix["data"],
): void {
  const { indptr, indices, values, nCols } = matrix;
  for (let k = 0; k < rows.length; k++) {
    for (let at = indptr[rows[k]!]!; at < indptr[rows[k]! + 1]!; at++) starts[indices[at]! + 1]!++;
  }
  for (let j = 0; j < nCols; j++) starts[j + 1]! += starts[j]!;
  const next = starts.slice(0, nCols);
  for (let k = 0; k < rows.length; k++) {
    for (let at = indptr[rows[k]!]!; at < indptr[rows[k]! + 1]!; at++) {
      const to = next[indices[at]!]!++;
      outRows[to] = k;
      outValues[to] = values[at]!;
    }
  }
}
