// Sparse columns, always in float64 arithmetic: only stored values are looked at.
import { residual, rows, starts, values, weight } from "./memory";

// @ts-ignore: decorator
@inline function firstOf(j: i32): usize { return load<u32>(starts + (<usize>j << 2)); }

// @ts-ignore: decorator
@inline function rowAt(k: usize): usize { return <usize>load<u32>(rows + (k << 2)) << 3; }

// @ts-ignore: decorator
@inline function storedAt<T>(k: usize): f64 { return <f64>load<T>(values + k * sizeof<T>()); }

export function dotSparse<T>(j: i32, v: usize): f64 {
  let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
  let k = firstOf(j);
  const end = firstOf(j + 1);
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

export let sumX: f64 = 0, sumXD: f64 = 0, sumXXD: f64 = 0;

// Fills sumX (with the slopes), sumXD and sumXXD (with the weights).
export function sumsSparse<T>(j: i32, slope: usize): void {
  let a: f64 = 0, b: f64 = 0, c: f64 = 0;
  const end = firstOf(j + 1);
  for (let k = firstOf(j); k < end; k++) {
    const i = rowAt(k), x = storedAt<T>(k);
    const d = x * load<f64>(weight + i);
    a += x * load<f64>(slope + i);
    b += d;
    c += d * x;
  }
  sumX = a; sumXD = b; sumXXD = c;
}

export function addSparse<T>(j: i32, step: f64): void {
  const end = firstOf(j + 1);
  for (let k = firstOf(j); k < end; k++) {
    const r = residual + rowAt(k);
    store<f64>(r, load<f64>(r) + step * storedAt<T>(k));
  }
}

export function addWeightedSparse<T>(j: i32, step: f64): void {
  const end = firstOf(j + 1);
  for (let k = firstOf(j); k < end; k++) {
    const i = rowAt(k), r = residual + i;
    store<f64>(r, load<f64>(r) + step * (load<f64>(weight + i) * storedAt<T>(k)));
  }
}
