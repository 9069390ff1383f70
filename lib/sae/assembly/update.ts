// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Elementwise work of a training step: centring, errors, Adam, norms. Rows are padded with zeros to `stride` bytes.

/** out[i, :] = x[i, :] - bias; x is not padded. d in floats. */
export function center(from: i32, to: i32, x: usize, bias: usize, out: usize, d: i32, stride: usize): void {
  for (let i = from; i < to; i++) {
    const row = x + (<usize>i * <usize>d << 2), o = out + <usize>i * stride;
    let j: usize = 0;
    for (; j + 4 <= <usize>d; j += 4) {
      const c = j << 2;
      v128.store(o + c, f32x4.sub(v128.load(row + c), v128.load(bias + c)));
    }
    for (; j < <usize>d; j++) {
      const c = j << 2;
      store<f32>(o + c, load<f32>(row + c) - load<f32>(bias + c));
    }
  }
}

/** error = reconstruction - target (no target: 0), gradient = scale * error, loss[i] = |error[i, :]|^2 (float64). */
export function errors(
  from: i32, to: i32, reconstruction: usize, target: usize, error: usize, gradient: usize,
  scale: f32, loss: usize, stride: usize,
): void {
  const s = f32x4.splat(scale);
  for (let i = from; i < to; i++) {
    const o = <usize>i * stride;
    let even = f64x2.splat(0), odd = even;
    for (let c: usize = 0; c < stride; c += 16) {
      let e = v128.load(reconstruction + o + c);
      if (target) e = f32x4.sub(e, v128.load(target + o + c));
      v128.store(error + o + c, e);
      v128.store(gradient + o + c, f32x4.mul(s, e));
      const low = f64x2.promote_low_f32x4(e), high = f64x2.promote_low_f32x4(v128.shuffle<f64>(e, e, 1, 1));
      even = f64x2.add(even, f64x2.mul(low, low));
      odd = f64x2.add(odd, f64x2.mul(high, high));
    }
    const sum = f64x2.add(even, odd);
    store<f64>(loss + (<usize>i << 3), f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  }
}

/** a[i, :] += b[i, :]. */
export function addRows(from: i32, to: i32, a: usize, b: usize, stride: usize): void {
  const end = a + <usize>to * stride;
  b += <usize>from * stride;
  for (a += <usize>from * stride; a < end; a += 16, b += 16) {
    v128.store(a, f32x4.add(v128.load(a), v128.load(b)));
  }
}

// @ts-ignore: decorator
@inline function lanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

function dot(a: usize, b: usize, stride: usize): f32 {
  let s0 = f32x4.splat(0), s1 = s0;
  const end = a + stride;
  for (; a + 32 <= end; a += 32, b += 32) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
  }
  for (; a < end; a += 16, b += 16) s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
  return lanes(f32x4.add(s0, s1));
}

/**
 * Adam on rows of parameters: w -= rate * m / (sqrt(v) / rootCorrection + epsilon), rate with the first moment's
 * correction in it. unitRows: the gradient loses its component along the row first, and the row is given norm 1 after.
 */
export function adam(
  from: i32, to: i32, w: usize, m: usize, v: usize, g: usize, stride: usize,
  rate: f32, beta1: f32, beta2: f32, epsilon: f32, rootCorrection: f32, unitRows: i32,
): void {
  const b1 = f32x4.splat(beta1), c1 = f32x4.splat(1 - beta1), b2 = f32x4.splat(beta2), c2 = f32x4.splat(1 - beta2);
  const r = f32x4.splat(rate), eps = f32x4.splat(epsilon), root = f32x4.splat(rootCorrection);
  for (let i = from; i < to; i++) {
    const start = <usize>i * stride, end = start + stride;
    const along = f32x4.splat(unitRows ? dot(g + start, w + start, stride) : 0);
    for (let o = start; o < end; o += 16) {
      let x = v128.load(w + o), grad = v128.load(g + o);
      if (unitRows) grad = f32x4.sub(grad, f32x4.mul(along, x));
      const first = f32x4.add(f32x4.mul(b1, v128.load(m + o)), f32x4.mul(c1, grad));
      const second = f32x4.add(f32x4.mul(b2, v128.load(v + o)), f32x4.mul(c2, f32x4.mul(grad, grad)));
      v128.store(m + o, first);
      v128.store(v + o, second);
      const divisor = f32x4.add(f32x4.div(f32x4.sqrt(second), root), eps);
      v128.store(w + o, f32x4.sub(x, f32x4.mul(r, f32x4.div(first, divisor))));
    }
    if (unitRows) {
      const norm = f32x4.splat(1 / max(sqrt(dot(w + start, w + start, stride)), 1e-12));
      for (let o = w + start; o < w + end; o += 16) v128.store(o, f32x4.mul(norm, v128.load(o)));
    }
  }
}

/** partial[b, :] = sums of squares over the 64 rows of block b, a column each. */
export function blockSquares(from: i32, to: i32, partial: usize, dense: usize, stride: usize, nRows: i32): void {
  for (let b = from; b < to; b++) {
    const last = min((b + 1) << 6, nRows), o = partial + <usize>b * stride;
    memory.fill(o, 0, stride);
    for (let i = b << 6; i < last; i++) {
      const row = dense + <usize>i * stride;
      for (let c: usize = 0; c < stride; c += 16) {
        const x = v128.load(row + c);
        v128.store(o + c, f32x4.add(v128.load(o + c), f32x4.mul(x, x)));
      }
    }
  }
}

/** dense[i, :] /= divisor, a column each. */
export function divideColumns(from: i32, to: i32, dense: usize, stride: usize, divisor: usize): void {
  for (let i = from; i < to; i++) {
    const row = dense + <usize>i * stride;
    for (let c: usize = 0; c < stride; c += 16) v128.store(row + c, f32x4.div(v128.load(row + c), v128.load(divisor + c)));
  }
}
