// PCG64 XSL-RR 128/64 (O'Neill 2014, HMC-CS-2014-0905), the generator behind numpy.random.default_rng.
// WebAssembly because it has 64-bit multiplication, which JavaScript has only through BigInt.

// [0..1] state low, high; [2..3] increment low, high; then the output words.
const STATE: usize = memory.data(32, 16);
const OUT: usize = memory.data(4096, 16);
const MUL_LO: u64 = 0x4385df649fccf645;
const MUL_HI: u64 = 0x2360ed051fc65da4;

export function statePointer(): usize { return STATE; }
export function outPointer(): usize { return OUT; }

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
