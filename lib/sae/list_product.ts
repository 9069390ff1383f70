/** The product of sparse lists with a dense matrix, as the kernels take it: by blocks of columns, shared by threads. */
import type { Kernels } from "./kernels.ts";

/** Addresses and shape; all dense rows are `stride` floats. */
export interface ListProduct {
  readonly out: number;
  /** Where list i's result goes: row rows[i]; default row i. */
  readonly rows?: number;
  /** Lists first..last. */
  readonly range: readonly [number, number];
  readonly starts: number;
  readonly ends: number;
  /** Dense rows of the entries, ascending in each list. */
  readonly indices: number;
  readonly values: number;
  readonly dense: number;
  readonly nDense: number;
  readonly stride: number;
  readonly accumulates: boolean;
}

/** Columns that a kernel sums in registers. */
const BLOCK = 32;

/** out[row i, :] (+)= sum over list i of value * dense[index, :] */
export function multiplyLists(kernels: Kernels, product: ListProduct): void {
  const { out, rows = 0, range, starts, ends, indices, values, dense, nDense, stride } = product;
  const bytes = 4 * stride;
  kernels.run("listTimesDense", Math.ceil(stride / BLOCK), [
    ...[out, bytes, rows, ...range],
    ...[starts, ends, indices, values],
    ...[dense, bytes, nDense, stride, Number(product.accumulates)],
  ]);
}
