// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Column kernels of the logistic solvers (lib/stats/logistic/kernel.ts says what each does). Four vector
// accumulators a sum; kernel_typescript.ts adds in the same lanes and the same order, and gives the same bits.
// Memory is the design's, shared by all workers; a workspace's offsets are set once per instance.

let stride: i32 = 0, dense: bool = true, wide: bool = false;
let values: usize = 0, rows: usize = 0, starts: usize = 0, center: usize = 0, inverseScale: usize = 0;
let coef: usize = 0, start: usize = 0, gradients: usize = 0, curvature: usize = 0, weightedSum: usize = 0;
let slope: usize = 0, weight: usize = 0, residual: usize = 0, weight32: usize = 0, residual32: usize = 0;
let list: usize = 0, scalars: usize = 0, direction: usize = 0, products: usize = 0;

export function setDesign(nStride: i32, isDense: bool, isFloat64: bool, v: usize, r: usize, s: usize, c: usize, i: usize): void {
  stride = nStride; dense = isDense; wide = isFloat64;
  values = v; rows = r; starts = s; center = c; inverseScale = i;
}

export function setColumns(c: usize, s: usize, g: usize, h: usize, a: usize, l: usize, k: usize, d: usize, p: usize): void {
  coef = c; start = s; gradients = g; curvature = h; weightedSum = a; list = l; scalars = k; direction = d; products = p;
}

export function setRows(s: usize, w: usize, r: usize, w32: usize, r32: usize): void {
  slope = s; weight = w; residual = r; weight32 = w32; residual32 = r32;
}

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
  let x = columnAt<T>(j);
  const end = v + (<usize>stride << 3);
  for (; v < end; v += 64, x += 8 * sizeof<T>()) {
    s0 = f64x2.add(s0, f64x2.mul(pair<T>(x, 0), v128.load(v)));
    s1 = f64x2.add(s1, f64x2.mul(pair<T>(x, 2), v128.load(v, 16)));
    s2 = f64x2.add(s2, f64x2.mul(pair<T>(x, 4), v128.load(v, 32)));
    s3 = f64x2.add(s3, f64x2.mul(pair<T>(x, 6), v128.load(v, 48)));
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

function gradientOf<T>(count: i32): void {
  const slopeSum = load<f64>(scalars);
  for (let at = 0; at < count; at++) {
    const j = load<i32>(list + (<usize>at << 2)), o = <usize>j << 3;
    const sum = dense ? dotDense<T>(j, slope) : dotSparse<T>(j, slope);
    store<f64>(gradients + o, load<f64>(inverseScale + o) * (sum - load<f64>(center + o) * slopeSum));
  }
}

export function gradient(count: i32): void {
  if (wide) gradientOf<f64>(count); else gradientOf<f32>(count);
}

let sumX: f64 = 0, sumXD: f64 = 0, sumXXD: f64 = 0;

function sumsDense<T>(j: i32): void {
  let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0;
  let x = columnAt<T>(j), g = slope, w = weight;
  const end = g + (<usize>stride << 3);
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

function columnSumsOf<T>(count: i32): void {
  const slopeSum = load<f64>(scalars), weightSum = load<f64>(scalars, 8);
  for (let at = 0; at < count; at++) {
    const j = load<i32>(list + (<usize>at << 2)), o = <usize>j << 3;
    const mu = load<f64>(center + o), s = load<f64>(inverseScale + o);
    if (dense) sumsDense<T>(j); else sumsSparse<T>(j);
    store<f64>(gradients + o, s * (sumX - mu * slopeSum));
    store<f64>(weightedSum + o, sumXD);
    store<f64>(curvature + o, s * s * (sumXXD - mu * (2 * sumXD - mu * weightSum)));
  }
}

export function columnSums(count: i32): void {
  if (wide) columnSumsOf<f64>(count); else columnSumsOf<f32>(count);
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

function changeOf<T>(count: i32): f64 {
  memory.fill(residual, 0, <usize>stride << 3);
  let shift: f64 = 0;
  for (let at = 0; at < count; at++) {
    const j = load<i32>(list + (<usize>at << 2)), o = <usize>j << 3;
    const step = (load<f64>(coef + o) - load<f64>(start + o)) * load<f64>(inverseScale + o);
    if (step == 0) continue;
    if (dense) addDense<T>(j, step); else addSparse<T>(j, step);
    shift -= step * load<f64>(center + o);
  }
  return shift;
}

export function change(count: i32): f64 {
  return wide ? changeOf<f64>(count) : changeOf<f32>(count);
}

function addWeightedDense<T>(j: i32, step: f64): void {
  const t = f64x2.splat(step);
  let x = columnAt<T>(j), r = residual, w = weight;
  const end = r + (<usize>stride << 3);
  for (; r < end; r += 32, w += 32, x += 4 * sizeof<T>()) {
    v128.store(r, f64x2.add(v128.load(r), f64x2.mul(t, f64x2.mul(v128.load(w), pair<T>(x, 0)))));
    v128.store(r, f64x2.add(v128.load(r, 16), f64x2.mul(t, f64x2.mul(v128.load(w, 16), pair<T>(x, 2)))), 16);
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
  let x = columnAt<f32>(j), r = residual32;
  const end = r + (<usize>stride << 2);
  for (; r < end; r += 64, x += 64) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(x), v128.load(r)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(x, 16), v128.load(r, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(x, 32), v128.load(r, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(x, 48), v128.load(r, 48)));
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  return (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
}

function addWeighted32(j: i32, step: f64): void {
  const t = f32x4.splat(<f32>step);
  let x = columnAt<f32>(j), r = residual32, w = weight32;
  const end = r + (<usize>stride << 2);
  for (; r < end; r += 64, w += 64, x += 64) {
    v128.store(r, f32x4.add(v128.load(r), f32x4.mul(t, f32x4.mul(v128.load(w), v128.load(x)))));
    v128.store(r, f32x4.add(v128.load(r, 16), f32x4.mul(t, f32x4.mul(v128.load(w, 16), v128.load(x, 16)))), 16);
    v128.store(r, f32x4.add(v128.load(r, 32), f32x4.mul(t, f32x4.mul(v128.load(w, 32), v128.load(x, 32)))), 32);
    v128.store(r, f32x4.add(v128.load(r, 48), f32x4.mul(t, f32x4.mul(v128.load(w, 48), v128.load(x, 48)))), 48);
  }
}

// T is the stored type; `coarse` does the inner products in float32.
function descend<T>(count: i32, l1: f64, l2: f64, coarse: bool): f64 {
  const weightSum = load<f64>(scalars, 8);
  let shift = load<f64>(scalars, 16), residualSum = load<f64>(scalars, 24);
  let worst: f64 = 0;
  for (let at = 0; at < count; at++) {
    const j = load<i32>(list + (<usize>at << 2)), o = <usize>j << 3;
    const h = load<f64>(curvature + o) + l2;
    if (!(h > 0)) continue;
    const w = load<f64>(coef + o), mu = load<f64>(center + o), s = load<f64>(inverseScale + o), a = load<f64>(weightedSum + o);
    const product = coarse ? dot32(j) : dense ? dotDense<T>(j, residual) : dotSparse<T>(j, residual);
    const inner = product + shift * a - mu * (residualSum + shift * weightSum);
    const g = load<f64>(gradients + o) + s * inner + l2 * w;
    const violation = w > 0 ? abs(g + l1) : w < 0 ? abs(g - l1) : max<f64>(abs(g) - l1, 0);
    if (violation > worst) worst = violation;
    if (violation == 0) continue;
    const target = w - g / h, cut = l1 / h;
    const next = target > cut ? target - cut : target < -cut ? target + cut : 0;
    if (next == w) continue;
    store<f64>(coef + o, next);
    const step = (next - w) * s;
    if (coarse) addWeighted32(j, step);
    else if (dense) addWeightedDense<T>(j, step);
    else addWeightedSparse<T>(j, step);
    shift -= step * mu;
    residualSum += step * a;
  }
  store<f64>(scalars, shift, 16);
  store<f64>(scalars, residualSum, 24);
  return worst;
}

export function sweep(count: i32, l1: f64, l2: f64): f64 {
  return wide ? descend<f64>(count, l1, l2, false) : descend<f32>(count, l1, l2, false);
}

export function sweep32(count: i32, l1: f64, l2: f64): f64 {
  return dense && !wide ? descend<f32>(count, l1, l2, true) : sweep(count, l1, l2);
}

// Rows of a block: its part of all listed columns stays in cache between the two passes of a product.
const BLOCK: i32 = 128;

// @ts-ignore: decorator
@inline function columnOf(at: i32): i32 { return load<i32>(list + (<usize>at << 2)); }

// @ts-ignore: decorator
@inline function stepOf(o: usize): f64 { return load<f64>(direction + o) * load<f64>(inverseScale + o); }

function centering(count: i32): f64 {
  let m = -load<f64>(scalars, 32);
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
  store<f64>(scalars, 0, 16);
  store<f64>(scalars, sum, 24);
  store<f64>(scalars, sum, 40);
}

// @ts-ignore: decorator
@inline function sum32(s: v128): f32 {
  return (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
}

// @ts-ignore: decorator
@inline function accumulate(o: usize, value: f64): void { store<f64>(products + o, load<f64>(products + o) + value); }

function productDense32(count: i32): void {
  const constant = f32x4.splat(<f32>(-centering(count)));
  let sum: f64 = 0;
  for (let row = 0; row < stride; row += BLOCK) {
    const bytes = <usize>min(BLOCK, stride - row) << 2;
    const base = values + (<usize>row << 2);
    const r = residual32 + (<usize>row << 2), w = weight32 + (<usize>row << 2);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(r + i, constant);
    let at = 0;
    for (; at + 4 <= count; at += 4) {
      const j0 = columnOf(at), j1 = columnOf(at + 1), j2 = columnOf(at + 2), j3 = columnOf(at + 3);
      const x0 = base + <usize>j0 * <usize>stride * 4, x1 = base + <usize>j1 * <usize>stride * 4;
      const x2 = base + <usize>j2 * <usize>stride * 4, x3 = base + <usize>j3 * <usize>stride * 4;
      const t0 = f32x4.splat(<f32>stepOf(<usize>j0 << 3)), t1 = f32x4.splat(<f32>stepOf(<usize>j1 << 3));
      const t2 = f32x4.splat(<f32>stepOf(<usize>j2 << 3)), t3 = f32x4.splat(<f32>stepOf(<usize>j3 << 3));
      for (let i: usize = 0; i < bytes; i += 16) {
        let u = f32x4.add(v128.load(r + i), f32x4.mul(t0, v128.load(x0 + i)));
        u = f32x4.add(u, f32x4.mul(t1, v128.load(x1 + i)));
        u = f32x4.add(u, f32x4.mul(t2, v128.load(x2 + i)));
        v128.store(r + i, f32x4.add(u, f32x4.mul(t3, v128.load(x3 + i))));
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
    sum += <f64>sum32(s);
    for (at = 0; at + 4 <= count; at += 4) {
      const j0 = columnOf(at), j1 = columnOf(at + 1), j2 = columnOf(at + 2), j3 = columnOf(at + 3);
      const x0 = base + <usize>j0 * <usize>stride * 4, x1 = base + <usize>j1 * <usize>stride * 4;
      const x2 = base + <usize>j2 * <usize>stride * 4, x3 = base + <usize>j3 * <usize>stride * 4;
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let i: usize = 0; i < bytes; i += 16) {
        const u = v128.load(r + i);
        s0 = f32x4.add(s0, f32x4.mul(v128.load(x0 + i), u));
        s1 = f32x4.add(s1, f32x4.mul(v128.load(x1 + i), u));
        s2 = f32x4.add(s2, f32x4.mul(v128.load(x2 + i), u));
        s3 = f32x4.add(s3, f32x4.mul(v128.load(x3 + i), u));
      }
      accumulate(<usize>j0 << 3, <f64>sum32(s0));
      accumulate(<usize>j1 << 3, <f64>sum32(s1));
      accumulate(<usize>j2 << 3, <f64>sum32(s2));
      accumulate(<usize>j3 << 3, <f64>sum32(s3));
    }
    for (; at < count; at++) {
      const j = columnOf(at), x = base + <usize>j * <usize>stride * 4;
      let s0 = f32x4.splat(0);
      for (let i: usize = 0; i < bytes; i += 16) s0 = f32x4.add(s0, f32x4.mul(v128.load(x + i), v128.load(r + i)));
      accumulate(<usize>j << 3, <f64>sum32(s0));
    }
  }
  finish(count, sum);
}

// Float64 arithmetic: the change of the margins, times the weights, back through the columns.
function productOf<T>(count: i32): void {
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

export function product(count: i32): void {
  if (wide) productOf<f64>(count); else productOf<f32>(count);
}

export function product32(count: i32): void {
  if (dense && !wide) productDense32(count); else product(count);
}
