// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Column kernels of the logistic solvers (lib/stats/logistic/kernel.ts says what each does). Every sum has fixed
// lanes; kernel_typescript.ts adds in the same lanes and the same order, and gives the same bits.
// Memory is the design's, shared by all workers; a workspace is bound before each of its turns.
import { addDense, addWeightedDense, dotDense, sumsDense, sumX as denseX, sumXD as denseXD, sumXXD as denseXXD } from "./logistic/dense";
import { addPanel32, addWeightedColumn32, dotColumn32, dotPanel32, sumsPanel32, weighPanel32 } from "./logistic/dense32";
import {
  BIAS_DIRECTION, BIAS_PRODUCT, bind, center, coef, columnOf, curvature, dense, direction, get, gradients, inverseScale, L1, L2,
  nCols, nextRow, nListed, OPERATION, PANEL, panelEnd, products, put, residual, RESIDUAL_SUM, residual32, RESULT, runEnd, SHIFT,
  skipped, slope, SLOPE_SUM, slope32, start, stepOf, stride, weight, WEIGHT_SUM, weightedSum, wide,
} from "./logistic/memory";
import { addSparse, addWeightedSparse, dotSparse, sumsSparse, sumX, sumXD, sumXXD } from "./logistic/sparse";

export { setArrays, setDesign } from "./logistic/memory";

const GRADIENT: i32 = 0, COLUMN_SUMS: i32 = 1, CHANGE: i32 = 2, SWEEP: i32 = 3, PRODUCT: i32 = 4, SWEEP32: i32 = 5;
// Of panels; numbers from here on.
const GRADIENT32: i32 = 6, COLUMN_SUMS32: i32 = 7, CHANGE32: i32 = 8, PRODUCT32: i32 = 9;

// Columns whose part of a panel (4 KiB each) stays in the second-level cache until every problem has used it.
const TILE: i32 = 128;
// Whole columns that do.
const COLUMN_TILE: i32 = 32;

// Of a column's inner product with the slopes: the gradient along the standardised column.
// @ts-ignore: decorator
@inline function putGradient(o: usize, sum: f64): void {
  store<f64>(gradients + o, load<f64>(inverseScale + o) * (sum - load<f64>(center + o) * get(SLOPE_SUM)));
}

// Of the sums over a column's values and squares, times the weights: the curvature along the standardised column.
// @ts-ignore: decorator
@inline function putCurvature(o: usize, xd: f64, xxd: f64): void {
  const mu = load<f64>(center + o), s = load<f64>(inverseScale + o);
  store<f64>(weightedSum + o, xd);
  store<f64>(curvature + o, s * s * (xxd - mu * (2 * xd - mu * get(WEIGHT_SUM))));
}

function gradientColumn<T>(j: i32): void {
  putGradient(<usize>j << 3, dense ? dotDense<T>(j, slope) : dotSparse<T>(j, slope));
}

function sumsColumn<T>(j: i32): void {
  const o = <usize>j << 3;
  if (dense) sumsDense<T>(j, slope); else sumsSparse<T>(j, slope);
  putGradient(o, dense ? denseX : sumX);
  putCurvature(o, dense ? denseXD : sumXD, dense ? denseXXD : sumXXD);
}

function changeColumn<T>(j: i32): void {
  const o = <usize>j << 3;
  const step = (load<f64>(coef + o) - load<f64>(start + o)) * load<f64>(inverseScale + o);
  if (step == 0) return;
  if (dense) addDense<T>(j, step); else addSparse<T>(j, step);
  put(RESULT, get(RESULT) - step * load<f64>(center + o));
}

// T is the stored type; `coarse` does the inner products in float32.
function sweepColumn<T>(j: i32, coarse: bool): void {
  const o = <usize>j << 3;
  const l1 = get(L1), l2 = get(L2);
  const h = load<f64>(curvature + o) + l2;
  if (!(h > 0)) return;
  const shift = get(SHIFT), residualSum = get(RESIDUAL_SUM);
  const w = load<f64>(coef + o), mu = load<f64>(center + o), s = load<f64>(inverseScale + o), a = load<f64>(weightedSum + o);
  const product = coarse ? dotColumn32(j) : dense ? dotDense<T>(j, residual) : dotSparse<T>(j, residual);
  const inner = product + shift * a - mu * (residualSum + shift * get(WEIGHT_SUM));
  const g = load<f64>(gradients + o) + s * inner + l2 * w;
  const violation = w > 0 ? abs(g + l1) : w < 0 ? abs(g - l1) : max<f64>(abs(g) - l1, 0);
  if (violation > get(RESULT)) put(RESULT, violation);
  if (violation == 0) return;
  const target = w - g / h, cut = l1 / h;
  const next = target > cut ? target - cut : target < -cut ? target + cut : 0;
  if (next == w) return;
  store<f64>(coef + o, next);
  const step = (next - w) * s;
  if (coarse) addWeightedColumn32(j, step);
  else if (dense) addWeightedDense<T>(j, step);
  else addWeightedSparse<T>(j, step);
  put(SHIFT, shift - step * mu);
  put(RESIDUAL_SUM, residualSum + step * a);
}

// @ts-ignore: decorator
@inline function operationOf(): i32 { return <i32>get(OPERATION); }

// @ts-ignore: decorator
@inline function columnOperation<T>(operation: i32, j: i32): void {
  if (operation == GRADIENT) gradientColumn<T>(j);
  else if (operation == COLUMN_SUMS) sumsColumn<T>(j);
  else if (operation == CHANGE) changeColumn<T>(j);
  else sweepColumn<T>(j, operation == SWEEP32);
}

// Where the listed columns from this one on leave the tile.
function endOfTile(from: i32, tile: i32): i32 {
  const count = nListed();
  let until = from;
  while (until < count && columnOf(until) < tile) until++;
  return until;
}

// Column by column, tile by tile: every problem uses a tile while it is in cache, its own rows closer still.
function columnsTogether<T>(table: usize, n: usize): void {
  for (let k: usize = 0; k < n; k++) {
    bind(load<u32>(table + (k << 3)));
    store<u32>(table + (k << 3), 0, 4);
    put(RESULT, 0);
    if (operationOf() == CHANGE) memory.fill(residual, 0, <usize>stride << 3);
  }
  for (let tile = COLUMN_TILE; tile < nCols + COLUMN_TILE; tile += COLUMN_TILE) {
    for (let k: usize = 0; k < n; k++) {
      bind(load<u32>(table + (k << 3)));
      const operation = operationOf(), from = load<i32>(table + (k << 3), 4), until = endOfTile(from, tile);
      for (let at = from; at < until; at++) columnOperation<T>(operation, columnOf(at));
      store<i32>(table + (k << 3), until, 4);
    }
  }
}

// Clears the products; RESULT becomes the constant part of the margins' change.
function beginProduct(): void {
  const count = nListed();
  let m = -get(BIAS_DIRECTION);
  for (let at = 0; at < count; at++) {
    const j = columnOf(at), o = <usize>j << 3;
    m += stepOf(j) * load<f64>(center + o);
    store<f64>(products + o, 0);
  }
  put(RESULT, -m);
}

// Takes the centring off; `sum` is that of the weighted changes of the margins.
function endProduct(sum: f64): void {
  const count = nListed();
  for (let at = 0; at < count; at++) {
    const o = <usize>columnOf(at) << 3;
    store<f64>(products + o, load<f64>(inverseScale + o) * (load<f64>(products + o) - load<f64>(center + o) * sum));
  }
  put(SHIFT, 0);
  put(RESIDUAL_SUM, sum);
  put(BIAS_PRODUCT, sum);
}

// Float64: the change of the margins, times the weights, back through the columns.
function product<T>(): void {
  beginProduct();
  const count = nListed(), constant = get(RESULT);
  const end = <usize>stride << 3;
  for (let i: usize = 0; i < end; i += 8) store<f64>(residual + i, constant);
  for (let at = 0; at < count; at++) {
    const j = columnOf(at), step = stepOf(j);
    if (step == 0) continue;
    if (dense) addDense<T>(j, step); else addSparse<T>(j, step);
  }
  let sum: f64 = 0;
  for (let i: usize = 0; i < end; i += 8) {
    const u = load<f64>(residual + i) * load<f64>(weight + i);
    store<f64>(residual + i, u);
    sum += u;
  }
  for (let at = 0; at < count; at++) {
    const j = columnOf(at);
    store<f64>(products + (<usize>j << 3), dense ? dotDense<T>(j, residual) : dotSparse<T>(j, residual));
  }
  endProduct(sum);
}

function beginPanels(): void {
  const operation = operationOf(), count = nListed();
  if (operation == PRODUCT32) {
    beginProduct();
    put(BIAS_PRODUCT, 0);
  } else if (operation == CHANGE32) {
    put(RESULT, 0);
    for (let at = 0; at < count; at++) {
      const j = columnOf(at), o = <usize>j << 3;
      store<f64>(direction + o, load<f64>(coef + o) - load<f64>(start + o));
      put(RESULT, get(RESULT) - stepOf(j) * load<f64>(center + o));
    }
  } else {
    for (let at = 0; at < count; at++) {
      const o = <usize>columnOf(at) << 3;
      store<f64>(gradients + o, 0);
      if (operation == GRADIENT32) continue;
      store<f64>(weightedSum + o, 0);
      store<f64>(curvature + o, 0);
    }
    return;
  }
  const constant = operation == PRODUCT32 ? <f32>get(RESULT) : 0;
  for (let i = 0; i < stride; i++) store<f32>(residual32 + (<usize>i << 2), constant);
}

function endPanels(): void {
  const operation = operationOf(), count = nListed();
  if (operation == PRODUCT32) endProduct(get(BIAS_PRODUCT));
  if (operation == PRODUCT32 || operation == CHANGE32) return;
  for (let at = 0; at < count; at++) {
    const o = <usize>columnOf(at) << 3;
    putGradient(o, load<f64>(gradients + o));
    if (operation == COLUMN_SUMS32) putCurvature(o, load<f64>(weightedSum + o), load<f64>(curvature + o));
  }
}

// What an operation does with columns of a panel: first those that change rows, then those that sum over them.
// @ts-ignore: decorator
@inline function panelOperation(second: bool, row: i32, from: i32, until: i32): void {
  const operation = operationOf();
  if (!second) {
    const end = panelEnd(row);
    if (operation == CHANGE32) return addPanel32(row, end, from, until);
    for (let at = nextRow(row), next = 0; at < end; at = nextRow(next)) addPanel32(at, next = runEnd(at), from, until);
  } else if (operation == PRODUCT32) dotPanel32(row, from, until, residual32, products);
  else if (operation == GRADIENT32) dotPanel32(row, from, until, slope32, gradients);
  else sumsPanel32(row, from, until);
}

// @ts-ignore: decorator
@inline function hasPart(second: bool): bool {
  const operation = operationOf();
  return operation == PRODUCT32 || second != (operation == CHANGE32);
}

// One part of the operations over a panel of rows, tile by tile: every problem uses a tile while it is in cache.
function tiles32(second: bool, row: i32, table: usize, n: usize): void {
  for (let k: usize = 0; k < n; k++) store<u32>(table + (k << 3), 0, 4);
  for (let tile = TILE; tile < nCols + TILE; tile += TILE) {
    for (let k: usize = 0; k < n; k++) {
      bind(load<u32>(table + (k << 3)));
      if (!hasPart(second) || operationOf() != CHANGE32 && skipped(row)) continue;
      const from = load<i32>(table + (k << 3), 4);
      let until = endOfTile(from, tile);
      if (tile < nCols) until -= (until - from) & 7; // eights; what is left goes with the next tile
      if (until == from) continue;
      panelOperation(second, row, from, until);
      store<i32>(table + (k << 3), until, 4);
    }
  }
}

function panelsTogether(table: usize, n: usize): void {
  for (let k: usize = 0; k < n; k++) {
    bind(load<u32>(table + (k << 3)));
    beginPanels();
  }
  for (let row = 0; row < stride; row += PANEL) {
    tiles32(false, row, table, n);
    for (let k: usize = 0; k < n; k++) {
      bind(load<u32>(table + (k << 3)));
      if (operationOf() == PRODUCT32) put(BIAS_PRODUCT, get(BIAS_PRODUCT) + weighPanel32(row));
    }
    tiles32(true, row, table, n);
  }
  for (let k: usize = 0; k < n; k++) {
    bind(load<u32>(table + (k << 3)));
    endPanels();
  }
}

function runAs<T>(table: usize, n: usize): void {
  if (operationOf() != PRODUCT) return columnsTogether<T>(table, n);
  for (let k: usize = 0; k < n; k++) {
    bind(load<u32>(table + (k << 3)));
    product<T>();
  }
}

/**
 * Operations are numbered as in lib/stats/logistic/kernel.ts, and stand in the workspaces: those of one call are all of
 * panels, all products, or all others. The table holds pairs of workspace and cursor.
 */
export function run(table: usize, n: usize): void {
  bind(load<u32>(table));
  if (operationOf() >= GRADIENT32) return panelsTogether(table, n);
  if (wide) runAs<f64>(table, n); else runAs<f32>(table, n);
}
