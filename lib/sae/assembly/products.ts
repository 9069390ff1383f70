// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Products of a dense matrix with sparse lists, the work of a training step beside the encoder's dense product.
// A list i is the entries starts[i]..ends[i] of `indices` (rows of the dense matrix) and `values`. Columns go in
// blocks small enough that the block of all dense rows stays in the second-level cache while the lists pass by;
// sums stay in registers. No fused multiply-add: the same bits on every machine. Every output is summed by one thread
// in list order, so bits do not depend on the number of threads either. Offsets and strides are in bytes.

/** out[i, :] (+)= sum over list i of values[e] * dense[indices[e], :], for the lists from..to; width in floats. */
export function listTimesDense(
  from: i32, to: i32, out: usize, outStride: usize, starts: usize, ends: usize,
  indices: usize, values: usize, dense: usize, denseStride: usize, width: i32, accumulate: i32,
): void {
  let column: i32 = 0;
  for (; column + 32 <= width; column += 32) {
    const offset = <usize>column << 2;
    for (let i = from; i < to; i++) {
      const o = out + <usize>i * outStride + offset;
      let e: usize = load<u32>(starts + (<usize>i << 2));
      const end: usize = load<u32>(ends + (<usize>i << 2));
      if (accumulate && e == end) continue;
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
      if (accumulate) {
        a0 = v128.load(o); a1 = v128.load(o, 16); a2 = v128.load(o, 32); a3 = v128.load(o, 48);
        a4 = v128.load(o, 64); a5 = v128.load(o, 80); a6 = v128.load(o, 96); a7 = v128.load(o, 112);
      }
      for (; e < end; e++) {
        const r = dense + <usize>load<u32>(indices + (e << 2)) * denseStride + offset;
        const v = v128.load32_splat(values + (e << 2));
        a0 = f32x4.add(a0, f32x4.mul(v, v128.load(r)));
        a1 = f32x4.add(a1, f32x4.mul(v, v128.load(r, 16)));
        a2 = f32x4.add(a2, f32x4.mul(v, v128.load(r, 32)));
        a3 = f32x4.add(a3, f32x4.mul(v, v128.load(r, 48)));
        a4 = f32x4.add(a4, f32x4.mul(v, v128.load(r, 64)));
        a5 = f32x4.add(a5, f32x4.mul(v, v128.load(r, 80)));
        a6 = f32x4.add(a6, f32x4.mul(v, v128.load(r, 96)));
        a7 = f32x4.add(a7, f32x4.mul(v, v128.load(r, 112)));
      }
      v128.store(o, a0); v128.store(o, a1, 16); v128.store(o, a2, 32); v128.store(o, a3, 48);
      v128.store(o, a4, 64); v128.store(o, a5, 80); v128.store(o, a6, 96); v128.store(o, a7, 112);
    }
  }
  for (; column < width; column += 4) {
    const offset = <usize>column << 2;
    for (let i = from; i < to; i++) {
      const o = out + <usize>i * outStride + offset;
      let e: usize = load<u32>(starts + (<usize>i << 2));
      const end: usize = load<u32>(ends + (<usize>i << 2));
      let sum = accumulate ? v128.load(o) : f32x4.splat(0);
      for (; e < end; e++) {
        const r = dense + <usize>load<u32>(indices + (e << 2)) * denseStride + offset;
        sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(values + (e << 2)), v128.load(r)));
      }
      v128.store(o, sum);
    }
  }
}

// Four dot products with one left row over `n` floats (a multiple of 4), one a lane.
// @ts-ignore: decorator
@inline function fourDots(l: usize, r0: usize, r1: usize, r2: usize, r3: usize, n: i32): v128 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = l + (<usize>n << 2);
  for (; l < end; l += 16) {
    const x = v128.load(l);
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(r0)));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(r1)));
    s2 = f32x4.add(s2, f32x4.mul(x, v128.load(r2)));
    s3 = f32x4.add(s3, f32x4.mul(x, v128.load(r3)));
    r0 += 16; r1 += 16; r2 += 16; r3 += 16;
  }
  const a = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), b = v128.shuffle<f32>(s0, s1, 2, 6, 3, 7);
  const c = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5), d = v128.shuffle<f32>(s2, s3, 2, 6, 3, 7);
  const p = f32x4.add(a, b), q = f32x4.add(c, d); // [s0, s1, s0, s1], [s2, s3, s2, s3]
  return f32x4.add(v128.shuffle<f64>(p, q, 0, 2), v128.shuffle<f64>(p, q, 1, 3));
}

/** values[e] = left[i, :] . right[indices[e], :] for every entry e of the lists from..to. */
export function listDots(
  from: i32, to: i32, left: usize, leftStride: usize, starts: usize, ends: usize,
  indices: usize, values: usize, right: usize, rightStride: usize, width: i32, block: i32,
): void {
  for (let column = 0; column < width; column += block) {
    const offset = <usize>column << 2, n = min(block, width - column);
    for (let i = from; i < to; i++) {
      const l = left + <usize>i * leftStride + offset;
      let e: usize = load<u32>(starts + (<usize>i << 2));
      const end: usize = load<u32>(ends + (<usize>i << 2));
      const base = right + offset;
      for (; e + 4 <= end; e += 4) {
        const at = indices + (e << 2), v = values + (e << 2);
        const dots = fourDots(
          l, base + <usize>load<u32>(at) * rightStride, base + <usize>load<u32>(at, 4) * rightStride,
          base + <usize>load<u32>(at, 8) * rightStride, base + <usize>load<u32>(at, 12) * rightStride, n,
        );
        v128.store(v, column == 0 ? dots : f32x4.add(v128.load(v), dots));
      }
      for (; e < end; e++) {
        const r = base + <usize>load<u32>(indices + (e << 2)) * rightStride, v = values + (e << 2);
        const dot = f32x4.extract_lane(fourDots(l, r, r, r, r, n), 0);
        store<f32>(v, column == 0 ? dot : load<f32>(v) + dot);
      }
    }
  }
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
