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

function collectSome(row: usize, list: usize, n: i32): i32 {
  let count: usize = 0;
  for (let i = 0; i < n; i++) {
    const latent = load<u32>(list + (<usize>i << 2)), x = load<f32>(row + (<usize>latent << 2));
    store<f32>(values + (count << 2), x);
    store<u32>(latents + (count << 2), latent);
    count += <usize>(x > 0);
  }
  return <i32>count;
}

/** The k-th largest of n values at `at`, which are permuted (quickselect, middle pivot). */
function kthLargest(at: usize, n: i32, k: i32): f32 {
  let low = 0, high = n - 1;
  const target = k - 1;
  while (low < high) {
    const pivot = load<f32>(at + (<usize>((low + high) >> 1) << 2));
    let i = low, j = high;
    while (i <= j) {
      while (load<f32>(at + (<usize>i << 2)) > pivot) i++;
      while (load<f32>(at + (<usize>j << 2)) < pivot) j--;
      if (i <= j) {
        const p = at + (<usize>i << 2), q = at + (<usize>j << 2), swap = load<f32>(p);
        store<f32>(p, load<f32>(q));
        store<f32>(q, swap);
        i++; j--;
      }
    }
    if (target <= j) high = j;
    else if (target >= i) low = i;
    else break;
  }
  return load<f32>(at + (<usize>target << 2));
}

/** A value that at least k of the row reach: the k-th largest of the maxima of 4 * quarter groups; never above it. */
function lowerBound(row: usize, n: i32, k: i32, quarter: i32): f32 {
  const stepBytes = <usize>quarter << 4, end = row + (<usize>n << 2);
  for (let g: usize = 0; g < <usize>quarter << 4; g += 16) {
    let best = v128.load(row + g);
    for (let at = row + g + stepBytes; at + 16 <= end; at += stepBytes) best = f32x4.pmax(best, v128.load(at));
    v128.store(sorted + g, best);
  }
  return kthLargest(sorted, quarter << 2, k);
}

/** The k largest positive pre-activations of the rows from..to, among all latents or those of `list`. */
export function selectTopK(
  from: i32, to: i32, pre: usize, dSae: i32, list: usize, nList: i32, k: i32,
  starts: usize, ends: usize, outLatents: usize, outActs: usize,
): void {
  for (let i = from; i < to; i++) {
    const row = pre + (<usize>i * <usize>dSae << 2);
    let n: i32;
    if (list) n = collectSome(row, list, nList);
    else {
      // The largest float below the bound keeps what equals it.
      let floor: f32 = 0;
      if (dSae >= 8 * k && dSae % 4 == 0) {
        const bound = lowerBound(row, dSae, k, (k + 1) >> 1);
        if (bound > 0) floor = reinterpret<f32>(reinterpret<u32>(bound) - 1);
      }
      n = collectAll(row, dSae, floor);
    }
    let out: usize = <usize>i * <usize>k;
    store<u32>(starts + (<usize>i << 2), <u32>out);
    let cut: f32 = 0;
    let equalLeft = 0;
    if (n > k) {
      memory.copy(sorted, values, <usize>n << 2);
      cut = kthLargest(sorted, n, k);
      equalLeft = k;
      for (let j: usize = 0; j < <usize>n; j++) equalLeft -= <i32>(load<f32>(values + (j << 2)) > cut);
    }
    for (let j: usize = 0; j < <usize>n; j++) {
      const x = load<f32>(values + (j << 2));
      if (x < cut) continue;
      if (x == cut && equalLeft-- <= 0) continue;
      store<u32>(outLatents + (out << 2), load<u32>(latents + (j << 2)));
      store<f32>(outActs + (out << 2), x);
      out++;
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
