// Where the logistic kernels find their arrays: a design (../../logistic/design.ts), and the workspace in use
// (../../logistic/workspace.ts has the order of its arrays). Offsets are in bytes.

export let stride: i32 = 0, nCols: i32 = 0, dense: bool = true, wide: bool = false;
export let values: usize = 0, rows: usize = 0, starts: usize = 0, center: usize = 0, inverseScale: usize = 0;

export let scalars: usize = 0, coef: usize = 0, start: usize = 0, gradients: usize = 0, curvature: usize = 0;
export let weightedSum: usize = 0, direction: usize = 0, products: usize = 0, list: usize = 0;
export let slope: usize = 0, weight: usize = 0, residual: usize = 0;
export let slope32: usize = 0, weight32: usize = 0, residual32: usize = 0;
// Rows [skipFrom, skipTo) have no weight: sums over slope, weight or residual pass them by.
export let skipFrom: i32 = 0, skipTo: i32 = 0;

let columnBytes: usize = 0, listBytes: usize = 0, rowBytes: usize = 0, rowBytes32: usize = 0;

// Offsets of the scalars in use.
export const SLOPE_SUM: usize = 0, WEIGHT_SUM: usize = 8, SHIFT: usize = 16, RESIDUAL_SUM: usize = 24;
export const BIAS_DIRECTION: usize = 32, BIAS_PRODUCT: usize = 40, COUNT: usize = 48, L1: usize = 56, L2: usize = 64;
export const RESULT: usize = 72, SKIP_FROM: usize = 80, SKIP_TO: usize = 88, OPERATION: usize = 96;

// Rows of a panel, see ../../logistic/panels.ts.
export const PANEL: i32 = 1024;

function padded(bytes: usize): usize { return (bytes + 63) & ~63; }

export function setDesign(nStride: i32, columns: i32, isDense: bool, isFloat64: bool): void {
  stride = nStride; nCols = columns; dense = isDense; wide = isFloat64;
  columnBytes = padded(<usize>columns << 3); listBytes = padded(<usize>columns << 2);
  rowBytes = padded(<usize>nStride << 3); rowBytes32 = padded(<usize>nStride << 2);
}

export function setArrays(v: usize, r: usize, s: usize, c: usize, i: usize): void {
  values = v; rows = r; starts = s; center = c; inverseScale = i;
}

export function bind(at: usize): void {
  scalars = at; at += 128;
  coef = at; at += columnBytes;
  start = at; at += columnBytes;
  gradients = at; at += columnBytes;
  curvature = at; at += columnBytes;
  weightedSum = at; at += columnBytes;
  direction = at; at += columnBytes;
  products = at; at += columnBytes;
  list = at; at += listBytes;
  at += rowBytes; // margin
  slope = at; at += rowBytes;
  weight = at; at += rowBytes;
  residual = at; at += rowBytes;
  slope32 = at; at += rowBytes32;
  weight32 = at; at += rowBytes32;
  residual32 = at;
  skipFrom = <i32>load<f64>(scalars, SKIP_FROM);
  skipTo = <i32>load<f64>(scalars, SKIP_TO);
}

// @ts-ignore: decorator
@inline export function get(slot: usize): f64 { return load<f64>(scalars + slot); }

// @ts-ignore: decorator
@inline export function put(slot: usize, value: f64): void { store<f64>(scalars + slot, value); }

// @ts-ignore: decorator
@inline export function nListed(): i32 { return <i32>get(COUNT); }

// @ts-ignore: decorator
@inline export function columnOf(at: i32): i32 { return load<i32>(list + (<usize>at << 2)); }

// Change of the stored column's coefficient along the direction.
// @ts-ignore: decorator
@inline export function stepOf(j: i32): f64 {
  const o = <usize>j << 3;
  return load<f64>(direction + o) * load<f64>(inverseScale + o);
}

// @ts-ignore: decorator
@inline export function addTo(array: usize, j: i32, value: f64): void {
  const at = array + (<usize>j << 3);
  store<f64>(at, load<f64>(at) + value);
}

// @ts-ignore: decorator
@inline function panelOf(row: i32): i32 { return row & ~(PANEL - 1); }

// @ts-ignore: decorator
@inline export function panelEnd(row: i32): i32 { return min(panelOf(row) + PANEL, stride); }

// The first row from this one on that is not passed by.
// @ts-ignore: decorator
@inline export function nextRow(row: i32): i32 { return row >= skipFrom && row < skipTo ? skipTo : row; }

// Where the rows from this one on, none of them passed by, end in its panel.
// @ts-ignore: decorator
@inline export function runEnd(row: i32): i32 { return row < skipFrom ? min(panelEnd(row), skipFrom) : panelEnd(row); }

// Whether no row of the panel has a weight.
// @ts-ignore: decorator
@inline export function skipped(row: i32): bool { return nextRow(row) >= panelEnd(row); }

// Where dense column j has its value of a row; those of the panel's next rows follow.
// @ts-ignore: decorator
@inline export function valueAt<T>(row: i32, j: i32): usize {
  const panel = panelOf(row), height = panelEnd(row) - panel;
  return values + (<usize>panel * <usize>nCols + <usize>j * <usize>height + <usize>(row - panel)) * sizeof<T>();
}
