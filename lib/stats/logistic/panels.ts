/** A dense design's layout: panels of rows one after the other, in each of them column after column. */

/**
 * Rows of a panel, as the WebAssembly kernels know them (PANEL in ../assembly/logistic/memory.ts). Measured: at 3080
 * columns a panel stays in a second-level cache of 2 MB, and columns side by side are fetched ahead.
 */
const PANEL_ROWS = 128;

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
