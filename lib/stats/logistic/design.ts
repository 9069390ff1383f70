/**
 * The design matrix of the logistic solvers: one copy of the input, by panels of rows and in them by columns (dense) or
 * by compressed columns (sparse), at the input's own precision, in shared WebAssembly memory, so that kernels and worker threads
 * read the same bytes. Standardisation is implicit: column j stands for (x_j - center_j) * inverseScale_j, and
 * a sparse column is never filled in.
 */
import type { Matrix } from "../../math/matrix.ts";
import { blocksOf, type Features, shapeOf } from "../feature_blocks.ts";
import type { StandardScaler } from "../standard_scaler.ts";
import { markCopies } from "./copies.ts";
import { countStored, fillDense, fillSparse, requireFinite, valuesOf } from "./design_fill.ts";
import { PANEL_BYTES, panelsOf } from "./panels.ts";

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
  /** Dense: panel after panel, see panelsOf(). Sparse: the stored values, column after column. */
  readonly valuesAt: number;
  /** Sparse: the row of each stored value (uint32). */
  readonly rowsAt: number;
  /** Sparse: where each column starts among the stored values (uint32, nCols + 1 of them). */
  readonly startsAt: number;
  /** MAX_THREADS tables of uint32 [512] that the kernels keep their problems in, one a thread. */
  readonly tablesAt: number;
  /** uint8 [nCols]: 1 for a column that equals an earlier one, see copies.ts (sparse designs) */
  readonly copiesAt: number;
  /** float64 [nCols] */
  readonly centerAt: number;
  /** float64 [nCols] */
  readonly inverseScaleAt: number;
  /** Where the workspaces start. */
  readonly endAt: number;
}

const PAGE = 65536;
/** Rows are padded to this many, the widest unrolled vector step of the kernels. */
const ROW_BLOCK = 16;
const MAX_PAGES = 65536;
const MAX_BYTES = 0x80000000;
/** Threads that may work on a design at once. */
export const MAX_THREADS = 64;
/** Bytes of a thread's table. */
export const TABLE_BYTES = 2048;

/**
 * Copies a matrix, or blocks side by side, into the solver's layout; one sparse block makes all sparse.
 * @param features dense or sparse, shape [nRows, nCols]; their own arrays are not kept
 * @param options.scaler implicit standardisation (default: the columns as they are)
 * @param options.rows rows to keep, in this order (default: all)
 * @param options.memory memory to use again, and to grow if it is too small (default: new)
 * @throws {GuardrailError} non-finite if a value is NaN or infinite
 * @throws {RangeError} if the matrix needs more than 2 GiB
 */
export function createDesign(
  features: Features,
  { scaler, rows, memory: given }: {
    readonly scaler?: StandardScaler;
    readonly rows?: ArrayLike<number>;
    readonly memory?: WebAssembly.Memory;
  } = {},
): Design {
  const blocks = blocksOf(features), { nRows, nCols } = shapeOf(features);
  const sparse = blocks.some((block) => "indptr" in block);
  const single = blocks.every((block) => valuesOf(block) instanceof Float32Array);
  const valueBytes = single ? 4 : 8;
  const chosen = rows ?? Uint32Array.from({ length: nRows }, (_, i) => i);
  if (scaler !== undefined && scaler.mean.length !== nCols) {
    throw new RangeError(`Cannot build a design: the scaler has ${scaler.mean.length} columns, got ${nCols}`);
  }
  const stride = Math.ceil(Math.max(1, chosen.length) / ROW_BLOCK) * ROW_BLOCK;
  const nStored = sparse ? countStored(blocks, chosen) : stride * nCols;

  let end = 0;
  const place = (bytes: number, alignment = 64) => {
    const at = Math.ceil(end / alignment) * alignment;
    end = Math.ceil((at + bytes) / 64) * 64;
    return at;
  };
  const tablesAt = place(MAX_THREADS * TABLE_BYTES);
  const centerAt = place(nCols * 8);
  const inverseScaleAt = place(nCols * 8);
  const copiesAt = place(nCols);
  const startsAt = place(sparse ? (nCols + 1) * 4 : 0);
  const rowsAt = place(sparse ? nStored * 4 : 0);
  const valuesAt = place(nStored * valueBytes, PANEL_BYTES);
  const memory = memoryOf(end, `${chosen.length} x ${nCols}`, given);
  const { buffer } = memory;
  if (given !== undefined) new Uint8Array(buffer, 0, end).fill(0);
  const values = single
    ? new Float32Array(buffer, valuesAt, nStored)
    : new Float64Array(buffer, valuesAt, nStored);
  const starts = new Uint32Array(buffer, startsAt, sparse ? nCols + 1 : 0);
  const storedRows = new Uint32Array(buffer, rowsAt, sparse ? nStored : 0);
  if (sparse) fillSparse(blocks, chosen, { starts, rows: storedRows, values });
  else {
    fillDense(blocks as readonly Matrix[], chosen, {
      ...{ panels: panelsOf({ stride, nCols }), values, scaler: single ? undefined : scaler },
    });
  }
  requireFinite(values);
  const center = new Float64Array(buffer, centerAt, nCols);
  const inverseScale = new Float64Array(buffer, inverseScaleAt, nCols).fill(1);
  // Dense float64 columns are standardised while they are copied: centring them later could cancel.
  if (scaler !== undefined && (sparse || single)) {
    center.set(scaler.mean);
    for (let j = 0; j < nCols; j++) inverseScale[j] = 1 / scaler.scale[j]!;
  }
  if (sparse) {
    markCopies(
      { starts, rows: storedRows, values, center, inverseScale },
      new Uint8Array(buffer, copiesAt, nCols),
    );
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
    copiesAt,
    centerAt,
    inverseScaleAt,
    endAt: end,
  };
}

/** Shared memory of at least so many bytes; the solvers' workspaces make it grow further. */
function memoryOf(bytes: number, what: string, given: WebAssembly.Memory | undefined): WebAssembly.Memory {
  if (bytes > MAX_BYTES) {
    throw new RangeError(`Cannot build a design: needs at most 2 GiB, got ${what} in ${bytes} bytes`);
  }
  const pages = Math.ceil(bytes / PAGE);
  if (given === undefined) {
    return new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
  }
  const have = given.buffer.byteLength / PAGE;
  if (have < pages) given.grow(pages - have);
  return given;
}
