// Weighted ROC areas of four resamples at once: one SIMD lane a resample, one linear pass over the items in
// ascending score order. WebAssembly because integer SIMD makes a pass over 1500 items a few us for all four.
//
// order: n words, 16 * item + 2 * (last of its run of equal scores) + label. weights: [item][4 lanes] u32
// multiplicities. out: 4 u64 sums over pairs (easy item below hard item) of the product of their multiplicities,
// twice that with equal scores counted once; then 4 u32 totals of the easy items, then 4 u32 totals of the hard.

export function dataStart(): usize { return __heap_base; }

/** When no hard and easy item share a score. */
export function distinctPairs(order: usize, n: i32, weights: usize, out: usize): void {
  let low = i64x2.splat(0), high = i64x2.splat(0);
  let easy = i32x4.splat(0), hard = i32x4.splat(0);
  for (const end = order + (<usize>n << 2); order < end; order += 4) {
    const entry = load<u32>(order);
    const weight = v128.load(weights + <usize>(entry & 0xfffffff0));
    const hardWeight = v128.and(weight, i32x4.splat(-<i32>(entry & 1)));
    low = i64x2.add(low, i64x2.extmul_low_i32x4_u(hardWeight, easy));
    high = i64x2.add(high, i64x2.extmul_high_i32x4_u(hardWeight, easy));
    hard = i32x4.add(hard, hardWeight);
    easy = i32x4.add(easy, v128.xor(weight, hardWeight));
  }
  v128.store(out, i64x2.shl(low, 1));
  v128.store(out, i64x2.shl(high, 1), 16);
  v128.store(out, easy, 32);
  v128.store(out, hard, 48);
}

/** With ties: each run of equal scores is gathered, then meets the easy items below it and half its own. */
export function tiedPairs(order: usize, n: i32, weights: usize, out: usize): void {
  let low = i64x2.splat(0), high = i64x2.splat(0);
  let easy = i32x4.splat(0), hard = i32x4.splat(0);
  let runEasy = i32x4.splat(0), runHard = i32x4.splat(0);
  for (const end = order + (<usize>n << 2); order < end; order += 4) {
    const entry = load<u32>(order);
    const weight = v128.load(weights + <usize>(entry & 0xfffffff0));
    const hardWeight = v128.and(weight, i32x4.splat(-<i32>(entry & 1)));
    runHard = i32x4.add(runHard, hardWeight);
    runEasy = i32x4.add(runEasy, v128.xor(weight, hardWeight));
    if (entry & 2) {
      const beaten = i32x4.add(i32x4.shl(easy, 1), runEasy);
      low = i64x2.add(low, i64x2.extmul_low_i32x4_u(runHard, beaten));
      high = i64x2.add(high, i64x2.extmul_high_i32x4_u(runHard, beaten));
      hard = i32x4.add(hard, runHard);
      easy = i32x4.add(easy, runEasy);
      runHard = i32x4.splat(0);
      runEasy = i32x4.splat(0);
    }
  }
  v128.store(out, low);
  v128.store(out, high, 16);
  v128.store(out, easy, 32);
  v128.store(out, hard, 48);
}
