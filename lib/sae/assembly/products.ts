// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Products of a dense matrix with sparse lists, the work of a training step beside the encoder's dense product.
// A list i is the entries starts[i]..ends[i] of `indices` (rows of the dense matrix) and `values`. Columns go in
// blocks small enough that the block of all dense rows, packed, stays in the second-level cache while the lists pass
// by; sums stay in registers. Every output is summed by one thread in list order, so bits do not depend on the number
// of threads. Offsets and strides are in bytes.

// products_fused.ts is this file with fused multiply-adds where the processor has them: about twice as fast, its bits
// depend on the machine.
// @ts-ignore: decorator
@inline function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

/**
 * This thread's copy of a tile of the dense matrix, rows side by side so that gathering them stays in few pages; and a
 * cursor for each list, where the next tile's entries begin.
 */
let panelAt: usize = 0, cursorAt: usize = 0;

export function setPanel(panel: usize, cursor: usize): void { panelAt = panel; cursorAt = cursor; }

function pack(dense: usize, stride: usize, nDense: i32, bytes: usize): void {
  let to = panelAt;
  for (let i = 0; i < nDense; i++, to += bytes, dense += stride) {
    for (let c: usize = 0; c < bytes; c += 16) v128.store(to + c, v128.load(dense + c));
  }
}

/**
 * Dense rows in a tile: as many as hold `perTile` entries of a list on average, all of them where lists are short.
 * What the entries of a tile touch then stays in the first-level cache. Lists are ascending, sums go on from tile to
 * tile in the order of the list: the height changes no bit.
 */
function tileHeight(from: i32, to: i32, starts: usize, ends: usize, nDense: i32, perTile: i32): i32 {
  let nEntries: f64 = 0, nLists: f64 = 0;
  for (let i = from; i < to; i++) {
    const n = load<u32>(ends + (<usize>i << 2)) - load<u32>(starts + (<usize>i << 2));
    nEntries += n;
    nLists += <f64>(n > 0);
  }
  const height = nEntries > 0 ? <f64>perTile * nDense * nLists / nEntries : nDense;
  return 2 * height > nDense ? nDense : <i32>height;
}

/** out[i, :] (+)= sum over list i of values[e] * dense[indices[e], :], for the lists from..to; width in floats. */
export function listTimesDense(
  from: i32, to: i32, out: usize, outStride: usize, starts: usize, ends: usize, indices: usize, values: usize,
  dense: usize, denseStride: usize, nDense: i32, width: i32, accumulate: i32,
): void {
  const height = tileHeight(from, to, starts, ends, nDense, 32);
  let column: i32 = 0;
  for (; column + 32 <= width; column += 32) {
    const offset = <usize>column << 2;
    for (let first = 0; first < nDense; first += height) {
      const last: u32 = min(first + height, nDense);
      pack(dense + offset + <usize>first * denseStride, denseStride, last - first, 128);
      const tile = panelAt - (<usize>first << 7), goesOn = accumulate || first;
      for (let i = from; i < to; i++) {
        const o = out + <usize>i * outStride + offset, cursor = cursorAt + (<usize>(i - from) << 2);
        let e: usize = load<u32>(first ? cursor : starts + (<usize>i << 2));
        const end: usize = load<u32>(ends + (<usize>i << 2));
        let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        if (goesOn) {
          if (e == end || load<u32>(indices + (e << 2)) >= last) {
            store<u32>(cursor, <u32>e);
            continue;
          }
          a0 = v128.load(o); a1 = v128.load(o, 16); a2 = v128.load(o, 32); a3 = v128.load(o, 48);
          a4 = v128.load(o, 64); a5 = v128.load(o, 80); a6 = v128.load(o, 96); a7 = v128.load(o, 112);
        }
        for (; e < end; e++) {
          const index = load<u32>(indices + (e << 2));
          if (index >= last) break;
          const r = tile + (<usize>index << 7);
          const v = v128.load32_splat(values + (e << 2));
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
        store<u32>(cursor, <u32>e);
      }
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
        sum = multiplyAdd(v128.load32_splat(values + (e << 2)), v128.load(r), sum);
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

/** values[e] = left[i, :] . right[indices[e], :] for every entry e of the lists from..to. */
export function listDots(
  from: i32, to: i32, left: usize, leftStride: usize, starts: usize, ends: usize, indices: usize, values: usize,
  right: usize, rightStride: usize, nRight: i32, width: i32,
): void {
  // Wide enough that sums across lanes cost little, narrow enough for the tile to stay in the first-level cache.
  const block = 64, height = tileHeight(from, to, starts, ends, nRight, 16);
  for (let column = 0; column < width; column += block) {
    const offset = <usize>column << 2, n = min(block, width - column), bytes = <usize>n << 2;
    for (let first = 0; first < nRight; first += height) {
      const last: u32 = min(first + height, nRight);
      pack(right + offset + <usize>first * rightStride, rightStride, last - first, bytes);
      const tile = panelAt - <usize>first * bytes;
      for (let i = from; i < to; i++) {
        const l = left + <usize>i * leftStride + offset, cursor = cursorAt + (<usize>(i - from) << 2);
        let e: usize = load<u32>(first ? cursor : starts + (<usize>i << 2));
        const end: usize = load<u32>(ends + (<usize>i << 2));
        for (; e + 4 <= end && load<u32>(indices + (e << 2), 12) < last; e += 4) {
          const at = indices + (e << 2), v = values + (e << 2);
          const dots = fourDots(
            l, tile + <usize>load<u32>(at) * bytes, tile + <usize>load<u32>(at, 4) * bytes,
            tile + <usize>load<u32>(at, 8) * bytes, tile + <usize>load<u32>(at, 12) * bytes, n,
          );
          v128.store(v, column ? f32x4.add(v128.load(v), dots) : dots);
        }
        for (; e < end && load<u32>(indices + (e << 2)) < last; e++) {
          const r = tile + <usize>load<u32>(indices + (e << 2)) * bytes, v = values + (e << 2);
          const dot = f32x4.extract_lane(fourDots(l, r, r, r, r, n), 0);
          store<f32>(v, column ? load<f32>(v) + dot : dot);
        }
        store<u32>(cursor, <u32>e);
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
