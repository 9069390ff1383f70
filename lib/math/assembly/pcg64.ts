// PCG64 XSL-RR 128/64 (O'Neill 2014, HMC-CS-2014-0905), the generator behind numpy.random.default_rng.
// WebAssembly because it has 64-bit multiplication, which JavaScript has only through BigInt.

// [0..1] state low, high; [2..3] increment low, high; then the output words; then the answers of a bulk call.
const STATE: usize = memory.data(32, 16);
const OUT: usize = memory.data(4096, 16);
const BULK: usize = memory.data(32768, 16);
const VALUES: usize = memory.data(32768, 16);
const MUL_LO: u64 = 0x4385df649fccf645;
const MUL_HI: u64 = 0x2360ed051fc65da4;

export function statePointer(): usize { return STATE; }
export function outPointer(): usize { return OUT; }
export function bulkPointer(): usize { return BULK; }
export function valuesPointer(): usize { return VALUES; }

// A bulk call reads OUT as the stream of 32-bit words (low half first, so plain little-endian order) from word
// `cursor` to the end of the block of BLOCK 64-bit words, then refills; the caller sets and reads back the cursor.
const BLOCK: i32 = 256;
let cursor: i32 = 2 * BLOCK;
export function setCursor(at: i32): void { cursor = at; }
export function getCursor(): i32 { return cursor; }

// High 64 bits of the 128-bit product.
function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0;
  const mid = (p00 >> 32) + (p01 & 0xffffffff) + (p10 & 0xffffffff);
  return a1 * b1 + (p01 >> 32) + (p10 >> 32) + (mid >> 32);
}

/** Advances the state `n` times (at most 512) and writes one 64-bit word each at OUT. */
export function generate(n: i32): void {
  let lo = load<u64>(STATE), hi = load<u64>(STATE, 8);
  const incLo = load<u64>(STATE, 16), incHi = load<u64>(STATE, 24);
  for (let i = 0; i < n; i++) {
    const nextLo = lo * MUL_LO;
    hi = mulHigh(lo, MUL_LO) + lo * MUL_HI + hi * MUL_LO;
    lo = nextLo + incLo;
    hi += incHi + (lo < incLo ? 1 : 0);
    store<u64>(OUT + (<usize>i << 3), rotr<u64>(hi ^ lo, hi >> 58));
  }
  store<u64>(STATE, lo);
  store<u64>(STATE, hi, 8);
}

/**
 * Lemire's bounded integers (2019, doi:10.1145/3230636): `count` of them (at most 8192) in [0, range) at BULK.
 */
export function fillBounded(count: i32, range: u32): void {
  const wide = <u64>range;
  const threshold = <u32>(0 - range) % range;
  let at = cursor;
  for (let k = 0; k < count; k++) {
    let product: u64;
    do {
      if (at == 2 * BLOCK) {
        generate(BLOCK);
        at = 0;
      }
      product = <u64>load<u32>(OUT + (<usize>at << 2)) * wide;
      at++;
    } while (<u32>product < threshold);
    store<u32>(BULK + (<usize>k << 2), <u32>(product >> 32));
  }
  cursor = at;
}

/** The same with another range each: draw k in [0, range + k * step). A range of one spends no word. */
export function fillBoundedRun(count: i32, range: u32, step: i32): void {
  let at = cursor;
  for (let k = 0; k < count; k++, range += step) {
    let high: u32 = 0;
    if (range > 1) {
      for (;;) {
        if (at == 2 * BLOCK) {
          generate(BLOCK);
          at = 0;
        }
        const product = <u64>load<u32>(OUT + (<usize>at << 2)) * <u64>range;
        at++;
        high = <u32>(product >> 32);
        const low = <u32>product;
        if (low >= range || low >= <u32>(0 - range) % range) break;
      }
    }
    store<u32>(BULK + (<usize>k << 2), high);
  }
  cursor = at;
}

/**
 * Fisher-Yates targets by masked rejection: for i = first, first - 1, ... a uniform j in [0, i]; `count` of them
 * (at most 8191) at BULK. Rejection has no branch: a refused j is overwritten by the next one.
 */
export function fillSwapTargets(first: i32, count: i32): void {
  let at = cursor, i = first, k = 0;
  while (k < count) {
    const mask = <u32>0xffffffff >> clz<u32>(<u32>i);
    const last = max<i32>(<i32>(mask >> 1), first - count); // this mask serves i > last
    while (i > last) {
      if (at == 2 * BLOCK) {
        generate(BLOCK);
        at = 0;
      }
      const j = <i32>(load<u32>(OUT + (<usize>at << 2)) & mask);
      at++;
      store<i32>(BULK + (<usize>(first - i) << 2), j);
      i -= <i32>(j <= i);
    }
    k = first - i;
  }
  cursor = at;
}

/** Shuffles the n (2 to 8192) 32-bit words at VALUES. */
export function shuffleValues(n: i32): void {
  fillSwapTargets(n - 1, n - 1);
  let target = BULK;
  for (let at = VALUES + (<usize>(n - 1) << 2); at > VALUES; at -= 4, target += 4) {
    const other = VALUES + (<usize>load<u32>(target) << 2);
    const held = load<u32>(at);
    store<u32>(at, load<u32>(other));
    store<u32>(other, held);
  }
}
