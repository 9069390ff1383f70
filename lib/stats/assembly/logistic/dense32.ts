// Dense float32 columns in float32 arithmetic. A panel's functions run over the listed columns [at, end) in the rows of
// one panel, several columns together where that spares loads; every sum has its own lanes, whatever it is beside, and
// panels add up in float64. Sums pass by the rows that have no weight.
import {
  addTo, columnOf, curvature, gradients, nextRow, panelEnd, residual32, runEnd, skipFrom, skipTo, slope32, stepOf, stride, valueAt, weight32,
  weightedSum,
} from "./memory";

// @ts-ignore: decorator
@inline export function sum32(s: v128): f32 {
  return (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
}

// @ts-ignore: decorator
@inline function madd(s: v128, a: v128, b: v128): v128 { return f32x4.add(s, f32x4.mul(a, b)); }

// @ts-ignore: decorator
@inline function step32(j: i32): v128 { return f32x4.splat(<f32>stepOf(j)); }

// Bytes from the panel's first row to those passed by, and to the first after them.
// @ts-ignore: decorator
@inline function gapFrom(row: i32): usize { return <usize>(max(skipFrom, row) - row) << 2; }

// @ts-ignore: decorator
@inline function gapEnd(row: i32): usize { return <usize>(max(skipTo, row) - row) << 2; }

// @ts-ignore: decorator
@inline function past(i: usize, from: usize, to: usize): usize { return i == from ? to : i; }

// residual32 of rows [row, to) += step times the column
export function addPanel32(row: i32, to: i32, at: i32, end: i32): void {
  const r = residual32 + (<usize>row << 2), n = <usize>(to - row) << 2;
  for (; at + 8 <= end; at += 8) {
    const j0 = columnOf(at), j1 = columnOf(at + 1), j2 = columnOf(at + 2), j3 = columnOf(at + 3);
    const j4 = columnOf(at + 4), j5 = columnOf(at + 5), j6 = columnOf(at + 6), j7 = columnOf(at + 7);
    const x0 = valueAt<f32>(row, j0), x1 = valueAt<f32>(row, j1), x2 = valueAt<f32>(row, j2), x3 = valueAt<f32>(row, j3);
    const x4 = valueAt<f32>(row, j4), x5 = valueAt<f32>(row, j5), x6 = valueAt<f32>(row, j6), x7 = valueAt<f32>(row, j7);
    const t0 = step32(j0), t1 = step32(j1), t2 = step32(j2), t3 = step32(j3);
    const t4 = step32(j4), t5 = step32(j5), t6 = step32(j6), t7 = step32(j7);
    for (let i: usize = 0; i < n; i += 64) {
      let a = v128.load(r + i), b = v128.load(r + i, 16), c = v128.load(r + i, 32), d = v128.load(r + i, 48);
      a = madd(a, t0, v128.load(x0 + i));
      b = madd(b, t0, v128.load(x0 + i, 16));
      c = madd(c, t0, v128.load(x0 + i, 32));
      d = madd(d, t0, v128.load(x0 + i, 48));
      a = madd(a, t1, v128.load(x1 + i));
      b = madd(b, t1, v128.load(x1 + i, 16));
      c = madd(c, t1, v128.load(x1 + i, 32));
      d = madd(d, t1, v128.load(x1 + i, 48));
      a = madd(a, t2, v128.load(x2 + i));
      b = madd(b, t2, v128.load(x2 + i, 16));
      c = madd(c, t2, v128.load(x2 + i, 32));
      d = madd(d, t2, v128.load(x2 + i, 48));
      a = madd(a, t3, v128.load(x3 + i));
      b = madd(b, t3, v128.load(x3 + i, 16));
      c = madd(c, t3, v128.load(x3 + i, 32));
      d = madd(d, t3, v128.load(x3 + i, 48));
      a = madd(a, t4, v128.load(x4 + i));
      b = madd(b, t4, v128.load(x4 + i, 16));
      c = madd(c, t4, v128.load(x4 + i, 32));
      d = madd(d, t4, v128.load(x4 + i, 48));
      a = madd(a, t5, v128.load(x5 + i));
      b = madd(b, t5, v128.load(x5 + i, 16));
      c = madd(c, t5, v128.load(x5 + i, 32));
      d = madd(d, t5, v128.load(x5 + i, 48));
      a = madd(a, t6, v128.load(x6 + i));
      b = madd(b, t6, v128.load(x6 + i, 16));
      c = madd(c, t6, v128.load(x6 + i, 32));
      d = madd(d, t6, v128.load(x6 + i, 48));
      a = madd(a, t7, v128.load(x7 + i));
      b = madd(b, t7, v128.load(x7 + i, 16));
      c = madd(c, t7, v128.load(x7 + i, 32));
      d = madd(d, t7, v128.load(x7 + i, 48));
      v128.store(r + i, a);
      v128.store(r + i, b, 16);
      v128.store(r + i, c, 32);
      v128.store(r + i, d, 48);
    }
  }
  for (; at < end; at++) {
    const j = columnOf(at), x = valueAt<f32>(row, j), t = step32(j);
    for (let i: usize = 0; i < n; i += 16) v128.store(r + i, madd(v128.load(r + i), t, v128.load(x + i)));
  }
}

// residual of the panel *= weight; returns the sum of what comes out.
export function weighPanel32(row: i32): f64 {
  const r = residual32 + (<usize>row << 2), w = weight32 + (<usize>row << 2), n = <usize>(panelEnd(row) - row) << 2;
  let s = f32x4.splat(0);
  for (let i: usize = 0; i < n; i += 16) {
    const u = f32x4.mul(v128.load(w + i), v128.load(r + i));
    v128.store(r + i, u);
    s = f32x4.add(s, u);
  }
  return <f64>sum32(s);
}

// sums += inner products with `vector`
export function dotPanel32(row: i32, at: i32, end: i32, vector: usize, sums: usize): void {
  const r = vector + (<usize>row << 2), n = <usize>(panelEnd(row) - row) << 2, from = gapFrom(row), to = gapEnd(row);
  for (; at + 8 <= end; at += 8) {
    const j0 = columnOf(at), j1 = columnOf(at + 1), j2 = columnOf(at + 2), j3 = columnOf(at + 3);
    const j4 = columnOf(at + 4), j5 = columnOf(at + 5), j6 = columnOf(at + 6), j7 = columnOf(at + 7);
    const x0 = valueAt<f32>(row, j0), x1 = valueAt<f32>(row, j1), x2 = valueAt<f32>(row, j2), x3 = valueAt<f32>(row, j3);
    const x4 = valueAt<f32>(row, j4), x5 = valueAt<f32>(row, j5), x6 = valueAt<f32>(row, j6), x7 = valueAt<f32>(row, j7);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (let i = past(0, from, to); i < n; i = past(i + 64, from, to)) {
      const a = v128.load(r + i), b = v128.load(r + i, 16), c = v128.load(r + i, 32), d = v128.load(r + i, 48);
      s0 = madd(madd(s0, v128.load(x0 + i), a), v128.load(x0 + i, 16), b);
      s0 = madd(madd(s0, v128.load(x0 + i, 32), c), v128.load(x0 + i, 48), d);
      s1 = madd(madd(s1, v128.load(x1 + i), a), v128.load(x1 + i, 16), b);
      s1 = madd(madd(s1, v128.load(x1 + i, 32), c), v128.load(x1 + i, 48), d);
      s2 = madd(madd(s2, v128.load(x2 + i), a), v128.load(x2 + i, 16), b);
      s2 = madd(madd(s2, v128.load(x2 + i, 32), c), v128.load(x2 + i, 48), d);
      s3 = madd(madd(s3, v128.load(x3 + i), a), v128.load(x3 + i, 16), b);
      s3 = madd(madd(s3, v128.load(x3 + i, 32), c), v128.load(x3 + i, 48), d);
      s4 = madd(madd(s4, v128.load(x4 + i), a), v128.load(x4 + i, 16), b);
      s4 = madd(madd(s4, v128.load(x4 + i, 32), c), v128.load(x4 + i, 48), d);
      s5 = madd(madd(s5, v128.load(x5 + i), a), v128.load(x5 + i, 16), b);
      s5 = madd(madd(s5, v128.load(x5 + i, 32), c), v128.load(x5 + i, 48), d);
      s6 = madd(madd(s6, v128.load(x6 + i), a), v128.load(x6 + i, 16), b);
      s6 = madd(madd(s6, v128.load(x6 + i, 32), c), v128.load(x6 + i, 48), d);
      s7 = madd(madd(s7, v128.load(x7 + i), a), v128.load(x7 + i, 16), b);
      s7 = madd(madd(s7, v128.load(x7 + i, 32), c), v128.load(x7 + i, 48), d);
    }
    addTo(sums, j0, <f64>sum32(s0));
    addTo(sums, j1, <f64>sum32(s1));
    addTo(sums, j2, <f64>sum32(s2));
    addTo(sums, j3, <f64>sum32(s3));
    addTo(sums, j4, <f64>sum32(s4));
    addTo(sums, j5, <f64>sum32(s5));
    addTo(sums, j6, <f64>sum32(s6));
    addTo(sums, j7, <f64>sum32(s7));
  }
  for (; at < end; at++) {
    const j = columnOf(at), x = valueAt<f32>(row, j);
    let s = f32x4.splat(0);
    for (let i = past(0, from, to); i < n; i = past(i + 16, from, to)) s = madd(s, v128.load(x + i), v128.load(r + i));
    addTo(sums, j, <f64>sum32(s));
  }
}

// @ts-ignore: decorator
@inline function putSums32(j: i32, a: v128, b: v128, c: v128): void {
  addTo(gradients, j, <f64>sum32(a));
  addTo(weightedSum, j, <f64>sum32(b));
  addTo(curvature, j, <f64>sum32(c));
}

// gradients, weightedSum and curvature += sums with the slopes, with the weights, and of squares with the weights
export function sumsPanel32(row: i32, at: i32, end: i32): void {
  const g = slope32 + (<usize>row << 2), w = weight32 + (<usize>row << 2);
  const n = <usize>(panelEnd(row) - row) << 2, from = gapFrom(row), to = gapEnd(row);
  for (; at + 2 <= end; at += 2) {
    const j = columnOf(at), k = columnOf(at + 1), x = valueAt<f32>(row, j), y = valueAt<f32>(row, k);
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0;
    let d0 = a0, d1 = a0, e0 = a0, e1 = a0, f0 = a0, f1 = a0;
    for (let i = past(0, from, to); i < n; i = past(i + 32, from, to)) {
      let u = v128.load(w + i), v = v128.load(g + i), z = v128.load(x + i), q = f32x4.mul(z, u);
      a0 = madd(a0, z, v);
      b0 = f32x4.add(b0, q);
      c0 = madd(c0, q, z);
      z = v128.load(y + i);
      q = f32x4.mul(z, u);
      d0 = madd(d0, z, v);
      e0 = f32x4.add(e0, q);
      f0 = madd(f0, q, z);
      u = v128.load(w + i, 16);
      v = v128.load(g + i, 16);
      z = v128.load(x + i, 16);
      q = f32x4.mul(z, u);
      a1 = madd(a1, z, v);
      b1 = f32x4.add(b1, q);
      c1 = madd(c1, q, z);
      z = v128.load(y + i, 16);
      q = f32x4.mul(z, u);
      d1 = madd(d1, z, v);
      e1 = f32x4.add(e1, q);
      f1 = madd(f1, q, z);
    }
    putSums32(j, f32x4.add(a0, a1), f32x4.add(b0, b1), f32x4.add(c0, c1));
    putSums32(k, f32x4.add(d0, d1), f32x4.add(e0, e1), f32x4.add(f0, f1));
  }
  for (; at < end; at++) {
    const j = columnOf(at), x = valueAt<f32>(row, j);
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0;
    for (let i = past(0, from, to); i < n; i = past(i + 32, from, to)) {
      const x0 = v128.load(x + i), x1 = v128.load(x + i, 16);
      const d0 = f32x4.mul(x0, v128.load(w + i)), d1 = f32x4.mul(x1, v128.load(w + i, 16));
      a0 = madd(a0, x0, v128.load(g + i));
      a1 = madd(a1, x1, v128.load(g + i, 16));
      b0 = f32x4.add(b0, d0);
      b1 = f32x4.add(b1, d1);
      c0 = madd(c0, d0, x0);
      c1 = madd(c1, d1, x1);
    }
    putSums32(j, f32x4.add(a0, a1), f32x4.add(b0, b1), f32x4.add(c0, c1));
  }
}

export function dotColumn32(j: i32): f64 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let row = nextRow(0), next = 0; row < stride; row = nextRow(next)) {
    next = runEnd(row);
    let x = valueAt<f32>(row, j), r = residual32 + (<usize>row << 2);
    const end = r + (<usize>(next - row) << 2);
    for (; r < end; r += 64, x += 64) {
      s0 = madd(s0, v128.load(x), v128.load(r));
      s1 = madd(s1, v128.load(x, 16), v128.load(r, 16));
      s2 = madd(s2, v128.load(x, 32), v128.load(r, 32));
      s3 = madd(s3, v128.load(x, 48), v128.load(r, 48));
    }
  }
  return <f64>sum32(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

export function addWeightedColumn32(j: i32, step: f64): void {
  const t = f32x4.splat(<f32>step);
  for (let row = nextRow(0), next = 0; row < stride; row = nextRow(next)) {
    next = runEnd(row);
    let x = valueAt<f32>(row, j), r = residual32 + (<usize>row << 2), w = weight32 + (<usize>row << 2);
    const end = r + (<usize>(next - row) << 2);
    for (; r < end; r += 64, w += 64, x += 64) {
      v128.store(r, madd(v128.load(r), t, f32x4.mul(v128.load(w), v128.load(x))));
      v128.store(r, madd(v128.load(r, 16), t, f32x4.mul(v128.load(w, 16), v128.load(x, 16))), 16);
      v128.store(r, madd(v128.load(r, 32), t, f32x4.mul(v128.load(w, 32), v128.load(x, 32))), 32);
      v128.store(r, madd(v128.load(r, 48), t, f32x4.mul(v128.load(w, 48), v128.load(x, 48))), 48);
    }
  }
}
