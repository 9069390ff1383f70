// Dense columns in float64 arithmetic; rows without weight are passed by.
import { nextRow, panelEnd, residual, runEnd, stride, valueAt, weight } from "./memory";

// Two stored values as float64.
// @ts-ignore: decorator
@inline function pair<T>(at: usize, offset: usize): v128 {
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(at + (offset << 2)));
  return v128.load(at + (offset << 3));
}

// @ts-ignore: decorator
@inline function total(a: v128, b: v128): f64 {
  const s = f64x2.add(a, b);
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

// The column's inner product with v.
export function dotDense<T>(j: i32, v: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let row = nextRow(0), next = 0; row < stride; row = nextRow(next)) {
    next = runEnd(row);
    let x = valueAt<T>(row, j), at = v + (<usize>row << 3);
    const end = at + (<usize>(next - row) << 3);
    for (; at < end; at += 64, x += 8 * sizeof<T>()) {
      s0 = f64x2.add(s0, f64x2.mul(pair<T>(x, 0), v128.load(at)));
      s1 = f64x2.add(s1, f64x2.mul(pair<T>(x, 2), v128.load(at, 16)));
      s2 = f64x2.add(s2, f64x2.mul(pair<T>(x, 4), v128.load(at, 32)));
      s3 = f64x2.add(s3, f64x2.mul(pair<T>(x, 6), v128.load(at, 48)));
    }
  }
  return total(f64x2.add(s0, s1), f64x2.add(s2, s3));
}

export let sumX: f64 = 0, sumXD: f64 = 0, sumXXD: f64 = 0;

// Fills sumX (with the slopes), sumXD and sumXXD (with the weights).
export function sumsDense<T>(j: i32, slope: usize): void {
  let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0;
  for (let row = nextRow(0), next = 0; row < stride; row = nextRow(next)) {
    next = runEnd(row);
    let x = valueAt<T>(row, j), g = slope + (<usize>row << 3), w = weight + (<usize>row << 3);
    const end = g + (<usize>(next - row) << 3);
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
  sumX = total(a0, a1);
  sumXD = total(b0, b1);
  sumXXD = total(c0, c1);
}

// residual += step times the column, in every row.
export function addDense<T>(j: i32, step: f64): void {
  const t = f64x2.splat(step);
  for (let row = 0, next = 0; row < stride; row = next) {
    next = panelEnd(row);
    let x = valueAt<T>(row, j), r = residual + (<usize>row << 3);
    const end = r + (<usize>(next - row) << 3);
    for (; r < end; r += 32, x += 4 * sizeof<T>()) {
      v128.store(r, f64x2.add(v128.load(r), f64x2.mul(t, pair<T>(x, 0))));
      v128.store(r, f64x2.add(v128.load(r, 16), f64x2.mul(t, pair<T>(x, 2))), 16);
    }
  }
}

// residual += step times the weighted column.
export function addWeightedDense<T>(j: i32, step: f64): void {
  const t = f64x2.splat(step);
  for (let row = nextRow(0), next = 0; row < stride; row = nextRow(next)) {
    next = runEnd(row);
    let x = valueAt<T>(row, j), r = residual + (<usize>row << 3), w = weight + (<usize>row << 3);
    const end = r + (<usize>(next - row) << 3);
    for (; r < end; r += 32, w += 32, x += 4 * sizeof<T>()) {
      v128.store(r, f64x2.add(v128.load(r), f64x2.mul(t, f64x2.mul(v128.load(w), pair<T>(x, 0)))));
      v128.store(r, f64x2.add(v128.load(r, 16), f64x2.mul(t, f64x2.mul(v128.load(w, 16), pair<T>(x, 2)))), 16);
    }
  }
}
