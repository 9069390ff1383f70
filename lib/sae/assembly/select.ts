// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads
// Which latents of a row fire. Entries come out in ascending order of latent; only positive pre-activations count,
// because everything passes a ReLU. Equal values at the edge of a top-k are taken in order of latent.

/** This thread's space: 3 arrays of 4 bytes a latent. */
let values: usize = 0, latents: usize = 0, sorted: usize = 0;

export function setScratch(at: usize, dSae: i32): void {
  values = at; latents = at + (<usize>dSae << 2); sorted = latents + (<usize>dSae << 2);
}

/** Copies the candidates above `floor` to the scratch; returns how many. */
function collectAll(row: usize, n: i32, floor: f32): i32 {
  const bound = f32x4.splat(floor);
  let count: usize = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const x = v128.load(row + (<usize>i << 2));
    let mask = i32x4.bitmask(f32x4.gt(x, bound));
    while (mask) {
      const lane = ctz(mask);
      mask &= mask - 1;
      store<f32>(values + (count << 2), load<f32>(row + (<usize>(i + lane) << 2)));
      store<u32>(latents + (count << 2), i + lane);
      count++;
    }
  }
  for (; i < n; i++) {
    const x = load<f32>(row + (<usize>i << 2));
    if (x > floor) {
      store<f32>(values + (count << 2), x);
      store<u32>(latents + (count << 2), i);
      count++;
    }
  }
  return <i32>count;
}

/** Copies the positive candidates of a list, named by their place in it. */
function collectSome(row: usize, list: usize, n: i32): i32 {
  let count: usize = 0;
  for (let i = 0; i < n; i++) {
    const latent = load<u32>(list + (<usize>i << 2)), x = load<f32>(row + (<usize>latent << 2));
    store<f32>(values + (count << 2), x);
    store<u32>(latents + (count << 2), i);
    count += <usize>(x > 0);
  }
  return <i32>count;
}

/** Whether exactly k values lie above what floorOf() returned; else the next float up is the k-th largest, and tied. */
let isExact: bool = false;

/**
 * The bits of a float that k or more of the n values at `at` exceed, n > k, none negative: by bisection on bits, which
 * are ordered as the floats are. Counting a vector of values takes no branch; a few more than ten counts suffice.
 */
function floorOf(at: usize, n: i32, k: i32): i32 {
  const end = at + (<usize>n << 2), whole = at + (<usize>(n & ~3) << 2);
  let smallest = i32x4.splat(i32.MAX_VALUE), largest = i32x4.splat(-1);
  for (let p = at; p < whole; p += 16) {
    smallest = i32x4.min_s(smallest, v128.load(p));
    largest = i32x4.max_s(largest, v128.load(p));
  }
  let low = min(min(i32x4.extract_lane(smallest, 0), i32x4.extract_lane(smallest, 1)),
    min(i32x4.extract_lane(smallest, 2), i32x4.extract_lane(smallest, 3)));
  let high = max(max(i32x4.extract_lane(largest, 0), i32x4.extract_lane(largest, 1)),
    max(i32x4.extract_lane(largest, 2), i32x4.extract_lane(largest, 3)));
  for (let p = whole; p < end; p += 4) {
    low = min(low, load<i32>(p));
    high = max(high, load<i32>(p));
  }
  low--; // more than k values lie above `low`, fewer than k above `high`
  isExact = false;
  while (high - low > 1) {
    const middle = low + ((high - low) >> 1), bound = i32x4.splat(middle);
    let counts = i32x4.splat(0);
    for (let p = at; p < whole; p += 16) counts = i32x4.sub(counts, i32x4.gt_s(v128.load(p), bound));
    let count = i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1) +
      i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3);
    for (let p = whole; p < end; p += 4) count += <i32>(load<i32>(p) > middle);
    if (count == k) {
      isExact = true;
      return middle;
    }
    if (count > k) low = middle;
    else high = middle;
  }
  return low;
}

/** A value that at least k of the row exceed, or 0: from the maxima of 4 * quarter groups, more than k. */
function lowerBound(row: usize, n: i32, k: i32, quarter: i32): f32 {
  const stepBytes = <usize>quarter << 4, end = row + (<usize>n << 2);
  for (let g: usize = 0; g < <usize>quarter << 4; g += 16) {
    let best = f32x4.splat(0);
    for (let at = row + g; at + 16 <= end; at += stepBytes) best = f32x4.pmax(best, v128.load(at));
    v128.store(sorted + g, best);
  }
  return reinterpret<f32>(max(floorOf(sorted, quarter << 2, k), 0));
}

/** The k largest positive pre-activations of the rows from..to, among all latents or those of `list`, by place in it. */
export function selectTopK(
  from: i32, to: i32, pre: usize, dSae: i32, list: usize, nList: i32, k: i32,
  starts: usize, ends: usize, outLatents: usize, outActs: usize,
): void {
  for (let i = from; i < to; i++) {
    const row = pre + (<usize>i * <usize>dSae << 2);
    const n = list ? collectSome(row, list, nList)
      : collectAll(row, dSae, dSae >= 8 * k && dSae % 4 == 0 ? lowerBound(row, dSae, k, (k + 2) >> 1) : 0);
    let out: usize = <usize>i * <usize>k;
    const full = out + k;
    store<u32>(starts + (<usize>i << 2), <u32>out);
    let floor = 0, nTied = 0;
    if (n > k) {
      floor = floorOf(values, n, k);
      if (!isExact) {
        floor++;
        nTied = k;
        for (let j: usize = 0; j < <usize>n; j++) nTied -= <i32>(load<i32>(values + (j << 2)) > floor);
      }
    }
    for (let j: usize = 0; j < <usize>n && out < full; j++) {
      const x = load<i32>(values + (j << 2));
      // Written in any case, kept by moving on: no branch that the processor could guess wrongly.
      store<u32>(outLatents + (out << 2), load<u32>(latents + (j << 2)));
      store<i32>(outActs + (out << 2), x);
      const isTied = nTied > 0 && x == floor;
      nTied -= <i32>isTied;
      out += <usize>(x > floor || isTied);
    }
    store<u32>(ends + (<usize>i << 2), <u32>out);
  }
}

/** How many pre-activations of each row lie above their latent's bound (and above 0). */
export function countAbove(from: i32, to: i32, pre: usize, dSae: i32, bounds: usize, counts: usize): void {
  for (let i = from; i < to; i++) {
    const row = pre + (<usize>i * <usize>dSae << 2);
    let count = 0;
    for (let f: usize = 0; f < <usize>dSae; f++) {
      const x = load<f32>(row + (f << 2));
      count += <i32>(x > load<f32>(bounds + (f << 2))) & <i32>(x > 0);
    }
    store<u32>(counts + (<usize>i << 2), count);
  }
}

/** Writes the entries that countAbove() counted, row i from starts[i]. */
export function emitAbove(
  from: i32, to: i32, pre: usize, dSae: i32, bounds: usize, starts: usize, outLatents: usize, outActs: usize,
): void {
  for (let i = from; i < to; i++) {
    const row = pre + (<usize>i * <usize>dSae << 2);
    let out: usize = load<u32>(starts + (<usize>i << 2));
    for (let f: usize = 0; f < <usize>dSae; f++) {
      const x = load<f32>(row + (f << 2));
      if (x > load<f32>(bounds + (f << 2)) && x > 0) {
        store<u32>(outLatents + (out << 2), <u32>f);
        store<f32>(outActs + (out << 2), x);
        out++;
      }
    }
  }
}

/** Histogram of the bits of positive values: of the high half, or of the low half where the high half is `high`. */
export function histogram(from: i32, to: i32, pre: usize, dSae: i32, high: i32, bins: usize): void {
  const end = pre + (<usize>to * <usize>dSae << 2);
  for (let at = pre + (<usize>from * <usize>dSae << 2); at < end; at += 4) {
    const bits = load<i32>(at);
    if (bits <= 0) continue; // negative floats have the sign bit
    if (high >= 0 && bits >>> 16 != high) continue;
    const bin = bins + (<usize>(high >= 0 ? bits & 0xffff : bits >>> 16) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
}

// Biases fit in here because both walk rows of pre-activations.

/** pre[i, :] += bias. */
export function addBias(from: i32, to: i32, pre: usize, dSae: i32, bias: usize): void {
  for (let i = from; i < to; i++) {
    const row = pre + (<usize>i * <usize>dSae << 2);
    let f: usize = 0;
    for (; f + 4 <= <usize>dSae; f += 4) {
      const at = row + (f << 2);
      v128.store(at, f32x4.add(v128.load(at), v128.load(bias + (f << 2))));
    }
    for (; f < <usize>dSae; f++) store<f32>(row + (f << 2), load<f32>(row + (f << 2)) + load<f32>(bias + (f << 2)));
  }
}
