// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Column kernels of the logistic solvers (lib/stats/logistic/kernel.ts says what each does). Four vector
// accumulators a sum; kernel_typescript.ts adds in the same lanes and the same order, and gives the same bits.
// Memory is the design's, shared by all workers; a workspace's offsets are set once per instance.

let stride: i32 = 0, nCols: i32 = 0, dense: bool = true, wide: bool = false;
let values: usize = 0, rows: usize = 0, starts: usize = 0, center: usize = 0, inverseScale: usize = 0;

// Arrays of the workspace in use (lib/stats/logistic/workspace.ts has their order).
let scalars: usize = 0, coef: usize = 0, start: usize = 0, gradients: usize = 0, curvature: usize = 0;
let weightedSum: usize = 0, direction: usize = 0, products: usize = 0, list: usize = 0;
let margin: usize = 0, slope: usize = 0, weight: usize = 0, residual: usize = 0, weight32: usize = 0, residual32: usize = 0;
// Rows [skipFrom, skipTo) have no weight: sums over slope, weight or residual pass them by.
let skipFrom: i32 = 0, skipTo: i32 = 0;
let columnBytes: usize = 0, listBytes: usize = 0, rowBytes: usize = 0, rowBytes32: usize = 0;

// Offsets of the scalars in use.
const SLOPE_SUM: usize = 0, WEIGHT_SUM: usize = 8, SHIFT: usize = 16, RESIDUAL_SUM: usize = 24;
const BIAS_DIRECTION: usize = 32, BIAS_PRODUCT: usize = 40, COUNT: usize = 48, L1: usize = 56, L2: usize = 64, RESULT: usize = 72;
const SKIP_FROM: usize = 80, SKIP_TO: usize = 88;

function padded(bytes: usize): usize { return (bytes + 63) & ~63; }

export function setDesign(nStride: i32, columns: i32, isDense: bool, isFloat64: bool): void {
  stride = nStride; nCols = columns; dense = isDense; wide = isFloat64;
  columnBytes = padded(<usize>columns << 3); listBytes = padded(<usize>columns << 2);
  rowBytes = padded(<usize>nStride << 3); rowBytes32 = padded(<usize>nStride << 2);
}

export function setArrays(v: usize, r: usize, s: usize, c: usize, i: usize): void {
  values = v; rows = r; starts = s; center = c; inverseScale = i;
}

function bind(at: usize): void {
  scalars = at; at += 128;
  coef = at; at += columnBytes;
  start = at; at += columnBytes;
  gradients = at; at += columnBytes;
  curvature = at; at += columnBytes;
  weightedSum = at; at += columnBytes;
  direction = at; at += columnBytes;
  products = at; at += columnBytes;
  list = at; at += listBytes;
  margin = at; at += rowBytes;
  slope = at; at += rowBytes;
  weight = at; at += rowBytes;
  residual = at; at += rowBytes;
  weight32 = at; at += rowBytes32;
  residual32 = at;
  skipFrom = <i32>load<f64>(scalars, SKIP_FROM);
  skipTo = <i32>load<f64>(scalars, SKIP_TO);
}

// @ts-ignore: decorator
@inline function nListed(): i32 { return <i32>load<f64>(scalars, COUNT); }

// Two stored values as float64.
// @ts-ignore: decorator
@inline function pair<T>(at: usize, offset: usize): v128 {
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(at + (offset << 2)));
  return v128.load(at + (offset << 3));
}

// @ts-ignore: decorator
@inline function total(s0: v128, s1: v128, s2: v128, s3: v128): f64 {
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

// @ts-ignore: decorator
@inline function columnAt<T>(j: i32): usize { return values + <usize>j * <usize>stride * sizeof<T>(); }

function dotDense<T>(j: i32, v: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let part = 0; part < 2; part++) {
    const from = part == 0 ? 0 : skipTo, to = part == 0 ? skipFrom : stride;
    let x = columnAt<T>(j) + <usize>from * sizeof<T>(), at = v + (<usize>from << 3);
    const end = v + (<usize>to << 3);
    for (; at < end; at += 64, x += 8 * sizeof<T>()) {
      s0 = f64x2.add(s0, f64x2.mul(pair<T>(x, 0), v128.load(at)));
      s1 = f64x2.add(s1, f64x2.mul(pair<T>(x, 2), v128.load(at, 16)));
      s2 = f64x2.add(s2, f64x2.mul(pair<T>(x, 4), v128.load(at, 32)));
      s3 = f64x2.add(s3, f64x2.mul(pair<T>(x, 6), v128.load(at, 48)));
    }
  }
  return total(s0, s1, s2, s3);
}

function dotSparse<T>(j: i32, v: usize): f64 {
  let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
  let k: usize = load<u32>(starts + (<usize>j << 2));
  const end: usize = load<u32>(starts + (<usize>j << 2), 4);
  let x = values + k * sizeof<T>(), r = rows + (k << 2);
  for (; k + 4 <= end; k += 4, x += 4 * sizeof<T>(), r += 16) {
    s0 += <f64>load<T>(x) * load<f64>(v + (<usize>load<u32>(r) << 3));
    s1 += <f64>load<T>(x, sizeof<T>()) * load<f64>(v + (<usize>load<u32>(r, 4) << 3));
    s2 += <f64>load<T>(x, 2 * sizeof<T>()) * load<f64>(v + (<usize>load<u32>(r, 8) << 3));
    s3 += <f64>load<T>(x, 3 * sizeof<T>()) * load<f64>(v + (<usize>load<u32>(r, 12) << 3));
  }
  for (; k < end; k++, x += sizeof<T>(), r += 4) s0 += <f64>load<T>(x) * load<f64>(v + (<usize>load<u32>(r) << 3));
  return (s0 + s2) + (s1 + s3);
}

function gradientColumn<T>(j: i32): void {
  const o = <usize>j << 3;
  const sum = dense ? dotDense<T>(j, slope) : dotSparse<T>(j, slope);
  store<f64>(gradients + o, load<f64>(inverseScale + o) * (sum - load<f64>(center + o) * load<f64>(scalars, SLOPE_SUM)));
}

let sumX: f64 = 0, sumXD: f64 = 0, sumXXD: f64 = 0;

function sumsDense<T>(j: i32): void {
  let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0;
  for (let part = 0; part < 2; part++) {
    const from = part == 0 ? 0 : skipTo, to = part == 0 ? skipFrom : stride;
    let x = columnAt<T>(j) + <usize>from * sizeof<T>(), g = slope + (<usize>from << 3), w = weight + (<usize>from << 3);
    const end = slope + (<usize>to << 3);
    for (; g < end; g += 32, w += 32, x += 4 * sizeof<T>()) {
      const x0 = pair<T>(x, 0), x1 = pair<T>(x, 2);
      const d0 = f64x2.mul(x0, v128.load(w)), d1 = f64x2.mul(x1, v128.load(w, 16));
      a0 = f64x2.add(a0, f64x2.mul(x0, v128.load(g)));
      a1 = f64x2.add(a1, f64x2.mul(x1, v128.load(g, 16)));
      b0 = f64x2.add(b0, d0);
      b1 = f64x2.add(b1, d1);
      c0 = f64x2.add(c0, f64x2.mul(d0, x0));
      c1 = f64x2.add(c1, f64x2.mul(d1, x1));
    }
  }
  a0 = f64x2.add(a0, a1);
  b0 = f64x2.add(b0, b1);
  c0 = f64x2.add(c0, c1);
  sumX = f64x2.extract_lane(a0, 0) + f64x2.extract_lane(a0, 1);
  sumXD = f64x2.extract_lane(b0, 0) + f64x2.extract_lane(b0, 1);
  sumXXD = f64x2.extract_lane(c0, 0) + f64x2.extract_lane(c0, 1);
}

function sumsSparse<T>(j: i32): void {
  let a: f64 = 0, b: f64 = 0, c: f64 = 0;
  const end: usize = load<u32>(starts + (<usize>j << 2), 4);
  for (let k: usize = load<u32>(starts + (<usize>j << 2)); k < end; k++) {
    const i = <usize>load<u32>(rows + (k << 2)) << 3;
    const x = <f64>load<T>(values + k * sizeof<T>());
    const d = x * load<f64>(weight + i);
    a += x * load<f64>(slope + i);
    b += d;
    c += d * x;
  }
  sumX = a; sumXD = b; sumXXD = c;
}

function sumsColumn<T>(j: i32): void {
  const o = <usize>j << 3;
  const mu = load<f64>(center + o), s = load<f64>(inverseScale + o);
  if (dense) sumsDense<T>(j); else sumsSparse<T>(j);
  store<f64>(gradients + o, s * (sumX - mu * load<f64>(scalars, SLOPE_SUM)));
  store<f64>(weightedSum + o, sumXD);
  store<f64>(curvature + o, s * s * (sumXXD - mu * (2 * sumXD - mu * load<f64>(scalars, WEIGHT_SUM))));
}

function addDense<T>(j: i32, step: f64): void {
  const t = f64x2.splat(step);
  let x = columnAt<T>(j), r = residual;
  const end = r + (<usize>stride << 3);
  for (; r < end; r += 32, x += 4 * sizeof<T>()) {
    v128.store(r, f64x2.add(v128.load(r), f64x2.mul(t, pair<T>(x, 0))));
    v128.store(r, f64x2.add(v128.load(r, 16), f64x2.mul(t, pair<T>(x, 2))), 16);
  }
}

function addSparse<T>(j: i32, step: f64): void {
  const end: usize = load<u32>(starts + (<usize>j << 2), 4);
  for (let k: usize = load<u32>(starts + (<usize>j << 2)); k < end; k++) {
    const r = residual + (<usize>load<u32>(rows + (k << 2)) << 3);
    store<f64>(r, load<f64>(r) + step * <f64>load<T>(values + k * sizeof<T>()));
  }
}

function changeColumn<T>(j: i32): void {
  const o = <usize>j << 3;
  const step = (load<f64>(coef + o) - load<f64>(start + o)) * load<f64>(inverseScale + o);
  if (step == 0) return;
  if (dense) addDense<T>(j, step); else addSparse<T>(j, step);
  store<f64>(scalars, load<f64>(scalars, RESULT) - step * load<f64>(center + o), RESULT);
}

function addWeightedDense<T>(j: i32, step: f64): void {
  const t = f64x2.splat(step);
  for (let part = 0; part < 2; part++) {
    const from = part == 0 ? 0 : skipTo, to = part == 0 ? skipFrom : stride;
    let x = columnAt<T>(j) + <usize>from * sizeof<T>(), r = residual + (<usize>from << 3), w = weight + (<usize>from << 3);
    const end = residual + (<usize>to << 3);
    for (; r < end; r += 32, w += 32, x += 4 * sizeof<T>()) {
      v128.store(r, f64x2.add(v128.load(r), f64x2.mul(t, f64x2.mul(v128.load(w), pair<T>(x, 0)))));
      v128.store(r, f64x2.add(v128.load(r, 16), f64x2.mul(t, f64x2.mul(v128.load(w, 16), pair<T>(x, 2)))), 16);
    }
  }
}

function addWeightedSparse<T>(j: i32, step: f64): void {
  const end: usize = load<u32>(starts + (<usize>j << 2), 4);
  for (let k: usize = load<u32>(starts + (<usize>j << 2)); k < end; k++) {
    const i = <usize>load<u32>(rows + (k << 2)) << 3;
    store<f64>(residual + i, load<f64>(residual + i) + step * (load<f64>(weight + i) * <f64>load<T>(values + k * sizeof<T>())));
  }
}

function dot32(j: i32): f64 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let part = 0; part < 2; part++) {
    const from = part == 0 ? 0 : skipTo, to = part == 0 ? skipFrom : stride;
    let x = columnAt<f32>(j) + (<usize>from << 2), r = residual32 + (<usize>from << 2);
    const end = residual32 + (<usize>to << 2);
    for (; r < end; r += 64, x += 64) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(x), v128.load(r)));
      s1 = f32x4.add(s1, f32x4.mul(v128.load(x, 16), v128.load(r, 16)));
      s2 = f32x4.add(s2, f32x4.mul(v128.load(x, 32), v128.load(r, 32)));
      s3 = f32x4.add(s3, f32x4.mul(v128.load(x, 48), v128.load(r, 48)));
    }
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  return (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
}

function addWeighted32(j: i32, step: f64): void {
  const t = f32x4.splat(<f32>step);
  for (let part = 0; part < 2; part++) {
    const from = part == 0 ? 0 : skipTo, to = part == 0 ? skipFrom : stride;
    let x = columnAt<f32>(j) + (<usize>from << 2), r = residual32 + (<usize>from << 2), w = weight32 + (<usize>from << 2);
    const end = residual32 + (<usize>to << 2);
    for (; r < end; r += 64, w += 64, x += 64) {
      v128.store(r, f32x4.add(v128.load(r), f32x4.mul(t, f32x4.mul(v128.load(w), v128.load(x)))));
      v128.store(r, f32x4.add(v128.load(r, 16), f32x4.mul(t, f32x4.mul(v128.load(w, 16), v128.load(x, 16)))), 16);
      v128.store(r, f32x4.add(v128.load(r, 32), f32x4.mul(t, f32x4.mul(v128.load(w, 32), v128.load(x, 32)))), 32);
      v128.store(r, f32x4.add(v128.load(r, 48), f32x4.mul(t, f32x4.mul(v128.load(w, 48), v128.load(x, 48)))), 48);
    }
  }
}

// T is the stored type; `coarse` does the inner products in float32.
function sweepColumn<T>(j: i32, coarse: bool): void {
  const o = <usize>j << 3;
  const l1 = load<f64>(scalars, L1), l2 = load<f64>(scalars, L2);
  const h = load<f64>(curvature + o) + l2;
  if (!(h > 0)) return;
  const shift = load<f64>(scalars, SHIFT), residualSum = load<f64>(scalars, RESIDUAL_SUM);
  const w = load<f64>(coef + o), mu = load<f64>(center + o), s = load<f64>(inverseScale + o), a = load<f64>(weightedSum + o);
  const product = coarse ? dot32(j) : dense ? dotDense<T>(j, residual) : dotSparse<T>(j, residual);
  const inner = product + shift * a - mu * (residualSum + shift * load<f64>(scalars, WEIGHT_SUM));
  const g = load<f64>(gradients + o) + s * inner + l2 * w;
  const violation = w > 0 ? abs(g + l1) : w < 0 ? abs(g - l1) : max<f64>(abs(g) - l1, 0);
  if (violation > load<f64>(scalars, RESULT)) store<f64>(scalars, violation, RESULT);
  if (violation == 0) return;
  const target = w - g / h, cut = l1 / h;
  const next = target > cut ? target - cut : target < -cut ? target + cut : 0;
  if (next == w) return;
  store<f64>(coef + o, next);
  const step = (next - w) * s;
  if (coarse) addWeighted32(j, step);
  else if (dense) addWeightedDense<T>(j, step);
  else addWeightedSparse<T>(j, step);
  store<f64>(scalars, shift - step * mu, SHIFT);
  store<f64>(scalars, residualSum + step * a, RESIDUAL_SUM);
}

// Rows of a block: its part of all listed columns stays in cache between the two passes of a product.
const BLOCK: i32 = 128;

// @ts-ignore: decorator
@inline function columnOf(at: i32): i32 { return load<i32>(list + (<usize>at << 2)); }

// @ts-ignore: decorator
@inline function stepOf(o: usize): f64 { return load<f64>(direction + o) * load<f64>(inverseScale + o); }

function centering(count: i32): f64 {
  let m = -load<f64>(scalars, BIAS_DIRECTION);
  for (let at = 0; at < count; at++) {
    const o = <usize>columnOf(at) << 3;
    m += stepOf(o) * load<f64>(center + o);
    store<f64>(products + o, 0);
  }
  return m;
}

function finish(count: i32, sum: f64): void {
  for (let at = 0; at < count; at++) {
    const o = <usize>columnOf(at) << 3;
    store<f64>(products + o, load<f64>(inverseScale + o) * (load<f64>(products + o) - load<f64>(center + o) * sum));
  }
  store<f64>(scalars, 0, SHIFT);
  store<f64>(scalars, sum, RESIDUAL_SUM);
  store<f64>(scalars, sum, BIAS_PRODUCT);
}

// @ts-ignore: decorator
@inline function sum32(s: v128): f32 {
  return (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
}

// @ts-ignore: decorator
@inline function accumulate(o: usize, value: f64): void { store<f64>(products + o, load<f64>(products + o) + value); }

// One block of rows, float32. RESULT holds the constant part of the margins' change, BIAS_PRODUCT the sum so far.
function productBlock32(row: i32): void {
  const count = nListed();
  const bytes = <usize>min(BLOCK, stride - row) << 2;
  const base = values + (<usize>row << 2);
  const r = residual32 + (<usize>row << 2), w = weight32 + (<usize>row << 2);
  let any = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) any = v128.or(any, v128.load(w + i));
  if (!v128.any_true(any)) { // no row of the block takes part
    memory.fill(r, 0, bytes);
    return;
  }
  const constant = f32x4.splat(<f32>load<f64>(scalars, RESULT));
  for (let i: usize = 0; i < bytes; i += 16) v128.store(r + i, constant);
  let at = 0;
  for (; at + 8 <= count; at += 8) {
    const j0 = columnOf(at + 0);
    const j1 = columnOf(at + 1);
    const j2 = columnOf(at + 2);
    const j3 = columnOf(at + 3);
    const j4 = columnOf(at + 4);
    const j5 = columnOf(at + 5);
    const j6 = columnOf(at + 6);
    const j7 = columnOf(at + 7);
    const x0 = base + <usize>j0 * <usize>stride * 4, t0 = f32x4.splat(<f32>stepOf(<usize>j0 << 3));
    const x1 = base + <usize>j1 * <usize>stride * 4, t1 = f32x4.splat(<f32>stepOf(<usize>j1 << 3));
    const x2 = base + <usize>j2 * <usize>stride * 4, t2 = f32x4.splat(<f32>stepOf(<usize>j2 << 3));
    const x3 = base + <usize>j3 * <usize>stride * 4, t3 = f32x4.splat(<f32>stepOf(<usize>j3 << 3));
    const x4 = base + <usize>j4 * <usize>stride * 4, t4 = f32x4.splat(<f32>stepOf(<usize>j4 << 3));
    const x5 = base + <usize>j5 * <usize>stride * 4, t5 = f32x4.splat(<f32>stepOf(<usize>j5 << 3));
    const x6 = base + <usize>j6 * <usize>stride * 4, t6 = f32x4.splat(<f32>stepOf(<usize>j6 << 3));
    const x7 = base + <usize>j7 * <usize>stride * 4, t7 = f32x4.splat(<f32>stepOf(<usize>j7 << 3));
    for (let i: usize = 0; i < bytes; i += 32) {
      let u = v128.load(r + i), v = v128.load(r + i, 16);
      u = f32x4.add(u, f32x4.mul(t0, v128.load(x0 + i)));
      v = f32x4.add(v, f32x4.mul(t0, v128.load(x0 + i, 16)));
      u = f32x4.add(u, f32x4.mul(t1, v128.load(x1 + i)));
      v = f32x4.add(v, f32x4.mul(t1, v128.load(x1 + i, 16)));
      u = f32x4.add(u, f32x4.mul(t2, v128.load(x2 + i)));
      v = f32x4.add(v, f32x4.mul(t2, v128.load(x2 + i, 16)));
      u = f32x4.add(u, f32x4.mul(t3, v128.load(x3 + i)));
      v = f32x4.add(v, f32x4.mul(t3, v128.load(x3 + i, 16)));
      u = f32x4.add(u, f32x4.mul(t4, v128.load(x4 + i)));
      v = f32x4.add(v, f32x4.mul(t4, v128.load(x4 + i, 16)));
      u = f32x4.add(u, f32x4.mul(t5, v128.load(x5 + i)));
      v = f32x4.add(v, f32x4.mul(t5, v128.load(x5 + i, 16)));
      u = f32x4.add(u, f32x4.mul(t6, v128.load(x6 + i)));
      v = f32x4.add(v, f32x4.mul(t6, v128.load(x6 + i, 16)));
      u = f32x4.add(u, f32x4.mul(t7, v128.load(x7 + i)));
      v = f32x4.add(v, f32x4.mul(t7, v128.load(x7 + i, 16)));
      v128.store(r + i, u);
      v128.store(r + i, v, 16);
    }
  }
  for (; at < count; at++) {
    const j = columnOf(at), x = base + <usize>j * <usize>stride * 4;
    const t = f32x4.splat(<f32>stepOf(<usize>j << 3));
    for (let i: usize = 0; i < bytes; i += 16) v128.store(r + i, f32x4.add(v128.load(r + i), f32x4.mul(t, v128.load(x + i))));
  }
  let s = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const u = f32x4.mul(v128.load(w + i), v128.load(r + i));
    v128.store(r + i, u);
    s = f32x4.add(s, u);
  }
  store<f64>(scalars, load<f64>(scalars, BIAS_PRODUCT) + <f64>sum32(s), BIAS_PRODUCT);
  for (at = 0; at + 8 <= count; at += 8) {
    const j0 = columnOf(at + 0), x0 = base + <usize>j0 * <usize>stride * 4;
    const j1 = columnOf(at + 1), x1 = base + <usize>j1 * <usize>stride * 4;
    const j2 = columnOf(at + 2), x2 = base + <usize>j2 * <usize>stride * 4;
    const j3 = columnOf(at + 3), x3 = base + <usize>j3 * <usize>stride * 4;
    const j4 = columnOf(at + 4), x4 = base + <usize>j4 * <usize>stride * 4;
    const j5 = columnOf(at + 5), x5 = base + <usize>j5 * <usize>stride * 4;
    const j6 = columnOf(at + 6), x6 = base + <usize>j6 * <usize>stride * 4;
    const j7 = columnOf(at + 7), x7 = base + <usize>j7 * <usize>stride * 4;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (let i: usize = 0; i < bytes; i += 32) {
      const u = v128.load(r + i), v = v128.load(r + i, 16);
      s0 = f32x4.add(f32x4.add(s0, f32x4.mul(v128.load(x0 + i), u)), f32x4.mul(v128.load(x0 + i, 16), v));
      s1 = f32x4.add(f32x4.add(s1, f32x4.mul(v128.load(x1 + i), u)), f32x4.mul(v128.load(x1 + i, 16), v));
      s2 = f32x4.add(f32x4.add(s2, f32x4.mul(v128.load(x2 + i), u)), f32x4.mul(v128.load(x2 + i, 16), v));
      s3 = f32x4.add(f32x4.add(s3, f32x4.mul(v128.load(x3 + i), u)), f32x4.mul(v128.load(x3 + i, 16), v));
      s4 = f32x4.add(f32x4.add(s4, f32x4.mul(v128.load(x4 + i), u)), f32x4.mul(v128.load(x4 + i, 16), v));
      s5 = f32x4.add(f32x4.add(s5, f32x4.mul(v128.load(x5 + i), u)), f32x4.mul(v128.load(x5 + i, 16), v));
      s6 = f32x4.add(f32x4.add(s6, f32x4.mul(v128.load(x6 + i), u)), f32x4.mul(v128.load(x6 + i, 16), v));
      s7 = f32x4.add(f32x4.add(s7, f32x4.mul(v128.load(x7 + i), u)), f32x4.mul(v128.load(x7 + i, 16), v));
    }
    accumulate(<usize>j0 << 3, <f64>sum32(s0));
    accumulate(<usize>j1 << 3, <f64>sum32(s1));
    accumulate(<usize>j2 << 3, <f64>sum32(s2));
    accumulate(<usize>j3 << 3, <f64>sum32(s3));
    accumulate(<usize>j4 << 3, <f64>sum32(s4));
    accumulate(<usize>j5 << 3, <f64>sum32(s5));
    accumulate(<usize>j6 << 3, <f64>sum32(s6));
    accumulate(<usize>j7 << 3, <f64>sum32(s7));
  }
  for (; at < count; at++) {
    const j = columnOf(at), x = base + <usize>j * <usize>stride * 4;
    let s0 = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) s0 = f32x4.add(s0, f32x4.mul(v128.load(x + i), v128.load(r + i)));
    accumulate(<usize>j << 3, <f64>sum32(s0));
  }
}

// Float64 arithmetic: the change of the margins, times the weights, back through the columns.
function productOf<T>(): void {
  const count = nListed();
  const constant = -centering(count);
  const end = <usize>stride << 3;
  for (let i: usize = 0; i < end; i += 8) store<f64>(residual + i, constant);
  for (let at = 0; at < count; at++) {
    const j = columnOf(at), step = stepOf(<usize>j << 3);
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
  finish(count, sum);
}

function productTogether32(table: usize, n: usize): void {
  for (let k: usize = 0; k < n; k++) {
    bind(load<u32>(table + (k << 3)));
    store<f64>(scalars, -centering(nListed()), RESULT);
    store<f64>(scalars, 0, BIAS_PRODUCT);
  }
  for (let row = 0; row < stride; row += BLOCK) {
    for (let k: usize = 0; k < n; k++) {
      bind(load<u32>(table + (k << 3)));
      productBlock32(row);
    }
  }
  for (let k: usize = 0; k < n; k++) {
    bind(load<u32>(table + (k << 3)));
    finish(nListed(), load<f64>(scalars, BIAS_PRODUCT));
  }
}

// @ts-ignore: decorator
@inline function columnOperation<T>(operation: i32, j: i32): void {
  if (operation == 0) gradientColumn<T>(j);
  else if (operation == 1) sumsColumn<T>(j);
  else if (operation == 2) changeColumn<T>(j);
  else if (operation == 3) sweepColumn<T>(j, false);
  else sweepColumn<T>(j, dense && !wide);
}

// Column by column, each for all problems that list it: a column is fetched once.
function columnsTogether<T>(operation: i32, table: usize, n: usize): void {
  for (let k: usize = 0; k < n; k++) {
    bind(load<u32>(table + (k << 3)));
    store<u32>(table + (k << 3), 0, 4);
    store<f64>(scalars, 0, RESULT);
    if (operation == 2) memory.fill(residual, 0, <usize>stride << 3);
  }
  if (n == 1) {
    const count = nListed();
    for (let at = 0; at < count; at++) columnOperation<T>(operation, columnOf(at));
    return;
  }
  const listAt = 128 + 7 * columnBytes;
  for (;;) {
    let j = nCols;
    for (let k: usize = 0; k < n; k++) j = min(j, nextColumn(table + (k << 3), listAt));
    if (j == nCols) return;
    for (let k: usize = 0; k < n; k++) {
      const entry = table + (k << 3);
      if (nextColumn(entry, listAt) != j) continue;
      store<u32>(entry, load<u32>(entry, 4) + 1, 4);
      bind(load<u32>(entry));
      columnOperation<T>(operation, j);
    }
  }
}

// The column under a problem's cursor, nCols past the end of its list.
// @ts-ignore: decorator
@inline function nextColumn(entry: usize, listAt: usize): i32 {
  const at = <usize>load<u32>(entry), cursor = load<u32>(entry, 4);
  return <f64>cursor < load<f64>(at, COUNT) ? load<i32>(at + listAt + (<usize>cursor << 2)) : nCols;
}

/** Operations are numbered as in lib/stats/logistic/kernel.ts; the table holds pairs of workspace and cursor. */
export function run(operation: i32, table: usize, n: usize): void {
  if (operation == 6 && dense && !wide) return productTogether32(table, n);
  if (operation == 4 || operation == 6) {
    for (let k: usize = 0; k < n; k++) {
      bind(load<u32>(table + (k << 3)));
      if (wide) productOf<f64>(); else productOf<f32>();
    }
    return;
  }
  if (wide) columnsTogether<f64>(operation, table, n); else columnsTogether<f32>(operation, table, n);
}
