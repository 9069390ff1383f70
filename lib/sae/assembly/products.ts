// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Products of a dense matrix with sparse lists, the work of a training step beside the encoder's dense product.
// A list i is the entries starts[i]..ends[i] of `indices` (rows of the dense matrix) and `values`. Columns go in
// blocks small enough that the block of all dense rows stays in the second-level cache while the lists pass by;
// sums stay in registers. No fused multiply-add: the same bits on every machine. Every output is summed by one thread
// in list order, so bits do not depend on the number of threads either. Offsets and strides are in bytes.

// products_fused.ts is this file with fused multiply-adds where the processor has them: about twice as fast, its bits
// depend on the machine.
// @ts-ignore: decorator
@inline function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

/**
 * out[i, :] (+)= sum over list i of values[e] * dense[indices[e], :], for the lists from..to; width in floats.
 * Lists are ascending. Where they are long, `chunk` dense rows at a time keep a panel in the first-level cache; each
 * list's place is kept in cursors[i] meanwhile. chunk 0: all at once. The order of summation is the list's either way.
 */
export function listTimesDense(
  from: i32, to: i32, out: usize, outStride: usize, starts: usize, ends: usize,
  indices: usize, values: usize, dense: usize, denseStride: usize, width: i32, accumulate: i32,
  chunk: i32, nDense: i32, cursors: usize,
): void {
  for (let column: i32 = 0; column < width; column += 32) {
    const offset = <usize>column << 2;
    if (!chunk) panel(from, to, out + offset, outStride, starts, ends, indices, values, dense + offset, denseStride, width - column, accumulate, nDense, 0);
    else {
      memory.copy(cursors + (<usize>from << 2), starts + (<usize>from << 2), <usize>(to - from) << 2);
      for (let last: i32 = chunk, first = 1; ; last += chunk, first = 0) {
        panel(from, to, out + offset, outStride, cursors, ends, indices, values, dense + offset, denseStride, width - column, accumulate | (1 - first), last, cursors);
        if (last >= nDense) break;
      }
    }
  }
}

/** One block of columns, up to the dense row `last`; where each list stopped goes to `stops` if there are any. */
function panel(
  from: i32, to: i32, out: usize, outStride: usize, starts: usize, ends: usize, indices: usize, values: usize,
  dense: usize, denseStride: usize, width: i32, accumulate: i32, last: u32, stops: usize,
): void {
  if (width >= 32) {
    for (let i = from; i < to; i++) {
      const o = out + <usize>i * outStride;
      let e: usize = indices + (<usize>load<u32>(starts + (<usize>i << 2)) << 2);
      const end: usize = indices + (<usize>load<u32>(ends + (<usize>i << 2)) << 2);
      if (accumulate && (e == end || load<u32>(e) >= last)) continue;
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
      if (accumulate) {
        a0 = v128.load(o); a1 = v128.load(o, 16); a2 = v128.load(o, 32); a3 = v128.load(o, 48);
        a4 = v128.load(o, 64); a5 = v128.load(o, 80); a6 = v128.load(o, 96); a7 = v128.load(o, 112);
      }
      for (; e < end; e += 4) {
        const index = load<u32>(e);
        if (index >= last) break;
        const r = dense + <usize>index * denseStride;
        const v = v128.load32_splat(e - indices + values);
        a0 = multiplyAdd(v, v128.load(r), a0);
        a1 = multiplyAdd(v, v128.load(r, 16), a1);
        a2 = multiplyAdd(v, v128.load(r, 32), a2);
        a3 = multiplyAdd(v, v128.load(r, 48), a3);
        a4 = multiplyAdd(v, v128.load(r, 64), a4);
        a5 = multiplyAdd(v, v128.load(r, 80), a5);
        a6 = multiplyAdd(v, v128.load(r, 96), a6);
        a7 = multiplyAdd(v, v128.load(r, 112), a7);
      }
      v128.store(o, a0); v128.store(o, a1, 16); v128.store(o, a2, 32); v128.store(o, a3, 48);
      v128.store(o, a4, 64); v128.store(o, a5, 80); v128.store(o, a6, 96); v128.store(o, a7, 112);
      if (stops) store<u32>(stops + (<usize>i << 2), <u32>((e - indices) >> 2));
    }
    return;
  }
  for (let i = from; i < to; i++) {
    const begin: usize = load<u32>(starts + (<usize>i << 2)), end: usize = load<u32>(ends + (<usize>i << 2));
    let e = begin;
    for (let c: usize = 0; c < <usize>width << 2; c += 16) {
      const o = out + <usize>i * outStride + c;
      let sum = accumulate ? v128.load(o) : f32x4.splat(0);
      for (e = begin; e < end; e++) {
        const index = load<u32>(indices + (e << 2));
        if (index >= last) break;
        const r = dense + <usize>index * denseStride + c;
        sum = multiplyAdd(v128.load32_splat(values + (e << 2)), v128.load(r), sum);
      }
      v128.store(o, sum);
    }
    if (stops) store<u32>(stops + (<usize>i << 2), <u32>e);
  }
}

// Four dot products with one left row over `n` floats (a multiple of 4), one a lane.
// @ts-ignore: decorator
@inline function fourDots(l: usize, r0: usize, r1: usize, r2: usize, r3: usize, n: i32): v128 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = l + (<usize>n << 2);
  for (; l < end; l += 16) {
    const x = v128.load(l);
    s0 = multiplyAdd(x, v128.load(r0), s0);
    s1 = multiplyAdd(x, v128.load(r1), s1);
    s2 = multiplyAdd(x, v128.load(r2), s2);
    s3 = multiplyAdd(x, v128.load(r3), s3);
    r0 += 16; r1 += 16; r2 += 16; r3 += 16;
  }
  const a = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), b = v128.shuffle<f32>(s0, s1, 2, 6, 3, 7);
  const c = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5), d = v128.shuffle<f32>(s2, s3, 2, 6, 3, 7);
  const p = f32x4.add(a, b), q = f32x4.add(c, d); // [s0, s1, s0, s1], [s2, s3, s2, s3]
  return f32x4.add(v128.shuffle<f64>(p, q, 0, 2), v128.shuffle<f64>(p, q, 1, 3));
}

/** values[e] = left[i, :] . right[indices[e], :] for every entry e of the lists from..to; blocks and chunks as above. */
export function listDots(
  from: i32, to: i32, left: usize, leftStride: usize, starts: usize, ends: usize,
  indices: usize, values: usize, right: usize, rightStride: usize, width: i32,
  chunk: i32, nRight: i32, cursors: usize,
): void {
  const step = chunk ? chunk : nRight;
  for (let column = 0; column < width; column += 64) {
    const offset = <usize>column << 2, n = min(64, width - column);
    memory.copy(cursors + (<usize>from << 2), starts + (<usize>from << 2), <usize>(to - from) << 2);
    for (let last: u32 = step; ; last += step) {
      for (let i = from; i < to; i++) {
        dotsOfList(i, left + <usize>i * leftStride + offset, cursors, ends, indices, values, right + offset, rightStride, n, last, column > 0);
      }
      if (last >= <u32>nRight) break;
    }
  }
}

// @ts-ignore: decorator
@inline function dotsOfList(
  i: i32, l: usize, cursors: usize, ends: usize, indices: usize, values: usize,
  right: usize, rightStride: usize, n: i32, last: u32, add: bool,
): void {
  let e: usize = load<u32>(cursors + (<usize>i << 2));
  const end: usize = load<u32>(ends + (<usize>i << 2));
  for (; e + 4 <= end; e += 4) {
    const at = indices + (e << 2), v = values + (e << 2);
    if (load<u32>(at, 12) >= last) break;
    const dots = fourDots(
      l, right + <usize>load<u32>(at) * rightStride, right + <usize>load<u32>(at, 4) * rightStride,
      right + <usize>load<u32>(at, 8) * rightStride, right + <usize>load<u32>(at, 12) * rightStride, n,
    );
    v128.store(v, add ? f32x4.add(v128.load(v), dots) : dots);
  }
  // At most three are left before `last`.
  let left: i32 = 0;
  while (left < 3 && e + <usize>left < end && load<u32>(indices + ((e + <usize>left) << 2)) < last) left++;
  if (left) {
    const at = indices + (e << 2), v = values + (e << 2);
    const r0 = right + <usize>load<u32>(at) * rightStride;
    const r1 = left > 1 ? right + <usize>load<u32>(at, 4) * rightStride : r0;
    const r2 = left > 2 ? right + <usize>load<u32>(at, 8) * rightStride : r0;
    const dots = fourDots(l, r0, r1, r2, r0, n);
    store<f32>(v, f32x4.extract_lane(dots, 0) + (add ? load<f32>(v) : 0));
    if (left > 1) store<f32>(v, f32x4.extract_lane(dots, 1) + (add ? load<f32>(v, 4) : 0), 4);
    if (left > 2) store<f32>(v, f32x4.extract_lane(dots, 2) + (add ? load<f32>(v, 8) : 0), 8);
  }
  store<u32>(cursors + (<usize>i << 2), <u32>e + left);
}

/** out[i] (+)= sum of the values of list i. */
export function listSums(from: i32, to: i32, out: usize, starts: usize, ends: usize, values: usize, accumulate: i32): void {
  for (let i = from; i < to; i++) {
    const o = out + (<usize>i << 2);
    let sum: f32 = accumulate ? load<f32>(o) : 0;
    const end: usize = load<u32>(ends + (<usize>i << 2));
    for (let e: usize = load<u32>(starts + (<usize>i << 2)); e < end; e++) sum += load<f32>(values + (e << 2));
    store<f32>(o, sum);
  }
}

/** partial[b, :] = sum over the rows of block b (64 rows) of weights[i] * dense[i, :]; no weights: 1. */
export function blockSums(from: i32, to: i32, partial: usize, dense: usize, stride: usize, weights: usize, nRows: i32): void {
  for (let b = from; b < to; b++) {
    const last = min((b + 1) << 6, nRows), o = partial + <usize>b * stride;
    memory.fill(o, 0, stride);
    for (let i = b << 6; i < last; i++) {
      const w = weights ? v128.load32_splat(weights + (<usize>i << 2)) : f32x4.splat(1);
      const r = dense + <usize>i * stride;
      for (let c: usize = 0; c < stride; c += 16) {
        v128.store(o + c, f32x4.add(v128.load(o + c), f32x4.mul(w, v128.load(r + c))));
      }
    }
  }
}

/** Entries of each latent in the rows from..to: counts[latent]++. */
export function countByLatent(from: i32, to: i32, starts: usize, ends: usize, latents: usize, counts: usize): void {
  for (let i = from; i < to; i++) {
    const end: usize = load<u32>(ends + (<usize>i << 2));
    for (let e: usize = load<u32>(starts + (<usize>i << 2)); e < end; e++) {
      const at = counts + (<usize>load<u32>(latents + (e << 2)) << 2);
      store<u32>(at, load<u32>(at) + 1);
    }
  }
}

/** Moves the entries of the rows from..to to their latents' lists; cursor[latent] is the next free place. */
export function scatterByLatent(
  from: i32, to: i32, starts: usize, ends: usize, latents: usize, cursor: usize,
  acts: usize, grads: usize, outRows: usize, outActs: usize, outGrads: usize,
): void {
  for (let i = from; i < to; i++) {
    const end: usize = load<u32>(ends + (<usize>i << 2));
    for (let e: usize = load<u32>(starts + (<usize>i << 2)); e < end; e++) {
      const at = cursor + (<usize>load<u32>(latents + (e << 2)) << 2), place: usize = load<u32>(at);
      store<u32>(at, <u32>place + 1);
      store<u32>(outRows + (place << 2), i);
      store<f32>(outActs + (place << 2), load<f32>(acts + (e << 2)));
      store<f32>(outGrads + (place << 2), load<f32>(grads + (e << 2)));
    }
  }
}
