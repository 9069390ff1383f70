// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Products of a dense matrix with sparse lists, the work of a training step beside the encoder's dense product.
// A list i is the entries starts[i]..ends[i] of `indices` (rows of the dense matrix) and `values`. Columns go in
// blocks small enough that the block of all dense rows, packed, stays in the second-level cache while the lists pass
// by; sums stay in registers. Every output is summed by one thread in list order, so bits do not depend on the number
// of threads. Offsets and strides are in bytes. What limits them is the bounds check that the runtime puts before each
// load: three instructions beside the one multiply-add that a load of sixteen bytes is good for.

// products_fused.ts is this file with fused multiply-adds where the processor has them: about twice as fast, its bits
// depend on the machine.
// @ts-ignore: decorator
@inline function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

/** This thread's copy of a block of columns: dense rows side by side, so that gathering them stays in few pages. */
let panelAt: usize = 0;

export function setPanel(at: usize): void { panelAt = at; }

function pack(dense: usize, stride: usize, nDense: i32, bytes: usize): void {
  let to = panelAt;
  for (let i = 0; i < nDense; i++, to += bytes, dense += stride) {
    for (let c: usize = 0; c < bytes; c += 16) v128.store(to + c, v128.load(dense + c));
  }
}

/**
 * out[row i, :] (+)= sum over list i of values[e] * dense[indices[e], :], for all lists first..last and the blocks
 * from..to of 32 columns: threads share the columns, so that each packs its own only. Row i is rows[i], or i where
 * `rows` is 0. Width in floats, a multiple of 4.
 */
export function listTimesDense(
  from: i32, to: i32, out: usize, outStride: usize, rows: usize, first: i32, last: i32,
  starts: usize, ends: usize, indices: usize, values: usize,
  dense: usize, denseStride: usize, nDense: i32, width: i32, accumulate: i32,
): void {
  let column = from << 5;
  const end = min(to << 5, width);
  for (; column + 32 <= end; column += 32) {
    const offset = <usize>column << 2;
    pack(dense + offset, denseStride, nDense, 128);
    for (let i = first; i < last; i++) {
      const row: usize = rows ? load<u32>(rows + (<usize>i << 2)) : i, o = out + row * outStride + offset;
      let e = indices + (<usize>load<u32>(starts + (<usize>i << 2)) << 2);
      const stop = indices + (<usize>load<u32>(ends + (<usize>i << 2)) << 2), toValue = values - indices;
      if (accumulate && e == stop) continue;
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
      if (accumulate) {
        a0 = v128.load(o); a1 = v128.load(o, 16); a2 = v128.load(o, 32); a3 = v128.load(o, 48);
        a4 = v128.load(o, 64); a5 = v128.load(o, 80); a6 = v128.load(o, 96); a7 = v128.load(o, 112);
      }
      for (; e < stop; e += 4) {
        const r = panelAt + (<usize>load<u32>(e) << 7);
        const v = v128.load32_splat(e + toValue);
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
    }
  }
  for (; column < end; column += 4) {
    const offset = <usize>column << 2;
    for (let i = first; i < last; i++) {
      const row: usize = rows ? load<u32>(rows + (<usize>i << 2)) : i, o = out + row * outStride + offset;
      let e: usize = load<u32>(starts + (<usize>i << 2));
      const stop: usize = load<u32>(ends + (<usize>i << 2));
      let sum = accumulate ? v128.load(o) : f32x4.splat(0);
      for (; e < stop; e++) {
        const r = dense + <usize>load<u32>(indices + (e << 2)) * denseStride + offset;
        sum = multiplyAdd(v128.load32_splat(values + (e << 2)), v128.load(r), sum);
      }
      v128.store(o, sum);
    }
  }
}

/** out[i, :] = dense[rows[i], :]; n bytes a row. */
export function gatherRows(from: i32, to: i32, out: usize, dense: usize, stride: usize, rows: usize): void {
  for (let i = from; i < to; i++) {
    memory.copy(out + <usize>i * stride, dense + <usize>load<u32>(rows + (<usize>i << 2)) * stride, stride);
  }
}

// Four dot products with one left row over `n` floats (a multiple of 4), one a lane.
// @ts-ignore: decorator
@inline function fourDots(l: usize, r0: usize, r1: usize, r2: usize, r3: usize, n: i32): v128 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = l + (<usize>n << 2);
  for (; l + 32 <= end; l += 32, r0 += 32, r1 += 32, r2 += 32, r3 += 32) {
    const x = v128.load(l), y = v128.load(l, 16);
    s0 = multiplyAdd(x, v128.load(r0), s0);
    s1 = multiplyAdd(x, v128.load(r1), s1);
    s2 = multiplyAdd(x, v128.load(r2), s2);
    s3 = multiplyAdd(x, v128.load(r3), s3);
    s0 = multiplyAdd(y, v128.load(r0, 16), s0);
    s1 = multiplyAdd(y, v128.load(r1, 16), s1);
    s2 = multiplyAdd(y, v128.load(r2, 16), s2);
    s3 = multiplyAdd(y, v128.load(r3, 16), s3);
  }
  for (; l < end; l += 16, r0 += 16, r1 += 16, r2 += 16, r3 += 16) {
    const x = v128.load(l);
    s0 = multiplyAdd(x, v128.load(r0), s0);
    s1 = multiplyAdd(x, v128.load(r1), s1);
    s2 = multiplyAdd(x, v128.load(r2), s2);
    s3 = multiplyAdd(x, v128.load(r3), s3);
  }
  const a = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), b = v128.shuffle<f32>(s0, s1, 2, 6, 3, 7);
  const c = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5), d = v128.shuffle<f32>(s2, s3, 2, 6, 3, 7);
  const p = f32x4.add(a, b), q = f32x4.add(c, d); // [s0, s1, s0, s1], [s2, s3, s2, s3]
  return f32x4.add(v128.shuffle<f64>(p, q, 0, 2), v128.shuffle<f64>(p, q, 1, 3));
}

/** values[e] = left[i, :] . right[indices[e], :] for every entry e of the lists from..to. */
export function listDots(
  from: i32, to: i32, left: usize, leftStride: usize, starts: usize, ends: usize, indices: usize, values: usize,
  right: usize, rightStride: usize, nRight: i32, width: i32,
): void {
  // As wide as half a megabyte of panel allows: sums across lanes cost more where blocks are narrow.
  const block = 64;
  for (let column = 0; column < width; column += block) {
    const offset = <usize>column << 2, n = min(block, width - column), bytes = <usize>n << 2;
    pack(right + offset, rightStride, nRight, bytes);
    for (let i = from; i < to; i++) {
      const l = left + <usize>i * leftStride + offset;
      let e: usize = load<u32>(starts + (<usize>i << 2));
      const end: usize = load<u32>(ends + (<usize>i << 2));
      for (; e + 4 <= end; e += 4) {
        const at = indices + (e << 2), v = values + (e << 2);
        const dots = fourDots(
          l, panelAt + <usize>load<u32>(at) * bytes, panelAt + <usize>load<u32>(at, 4) * bytes,
          panelAt + <usize>load<u32>(at, 8) * bytes, panelAt + <usize>load<u32>(at, 12) * bytes, n,
        );
        v128.store(v, column ? f32x4.add(v128.load(v), dots) : dots);
      }
      for (; e < end; e++) {
        const r = panelAt + <usize>load<u32>(indices + (e << 2)) * bytes, v = values + (e << 2);
        const dot = f32x4.extract_lane(fourDots(l, r, r, r, r, n), 0);
        store<f32>(v, column ? load<f32>(v) + dot : dot);
      }
    }
  }
}

/** out[row i] (+)= sum of the values of list i; row i is rows[i], or i where `rows` is 0. */
export function listSums(
  from: i32, to: i32, out: usize, rows: usize, starts: usize, ends: usize, values: usize, accumulate: i32,
): void {
  for (let i = from; i < to; i++) {
    const row: usize = rows ? load<u32>(rows + (<usize>i << 2)) : i, o = out + (row << 2);
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
