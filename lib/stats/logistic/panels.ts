/** A dense design's layout: panels of rows one after the other, in each of them column after column. */

/**
 * Rows of a panel, as the WebAssembly kernels know them (PANEL in ../assembly/logistic/memory.ts): in float32 a column's
 * part is one page of memory. Measured: parts of 128 rows, of which every other one is wanted, come from memory at half
 * the speed; whole columns do not stay in cache between the two halves of a product.
 */
const PANEL_ROWS = 1024;
/** Where dense values start: at a multiple of so many bytes. */
export const PANEL_BYTES = 4 * PANEL_ROWS;

/** Rows [row, end) of a dense design. */
export interface Panel {
  readonly row: number;
  readonly end: number;
  /** The number of the value of column j in the first of these rows; those of the next rows follow. */
  readonly columnAt: (j: number) => number;
}

/** The panels of a dense design. */
export function panelsOf({ stride, nCols }: { readonly stride: number; readonly nCols: number }): Panel[] {
  return Array.from({ length: Math.ceil(stride / PANEL_ROWS) }, (_, p) => {
    const row = p * PANEL_ROWS, end = Math.min(row + PANEL_ROWS, stride);
    return { row, end, columnAt: (j) => row * nCols + j * (end - row) };
  });
}
