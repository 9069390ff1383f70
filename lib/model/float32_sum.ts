/**
 * The float32 sum of a contiguous row as PyTorch's CPU kernel computes it. Float addition is not associative, so
 * equal tokens need equal order: 8 vector lanes, 4 accumulators of vectors, each cascaded through 4 levels.
 */

const LANES = 8; // PyTorch registers this kernel for 256-bit vectors on every x86-64 machine, AVX-512 or not
const ACCUMULATORS = 4;
const LEVELS = 4;

/**
 * Sum of float32 values, rounded after every addition.
 * @param values shape [n]
 * @see https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/cpu/SumKernel.cpp (the order of additions)
 * @see Higham 1993, doi:10.1137/0914050 (why pairwise-like orders lose fewer bits)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sumFloat32 } from "lib/model/float32_sum.ts";
 * assert.equal(sumFloat32(Float32Array.of(1, 2, 3)), 6);
 * ```
 */
export function sumFloat32(values: Float32Array): number {
  if (values.length < LANES) return sumRow(values, 1, values.length)[0]!;
  const nVectors = Math.floor(values.length / LANES);
  const lanes = sumRow(values, LANES, nVectors);
  let total = 0;
  for (let i = nVectors * LANES; i < values.length; i++) total = Math.fround(total + values[i]!);
  for (let lane = 0; lane < LANES; lane++) total = Math.fround(total + lanes[lane]!);
  return total;
}

/** Sums `count` vectors of `width` neighbouring values, lane by lane. */
function sumRow(values: Float32Array, width: number, count: number): Float32Array {
  const nRounds = Math.floor(count / ACCUMULATORS);
  const sums = cascade(values, width * ACCUMULATORS, nRounds); // ACCUMULATORS vectors side by side
  for (let i = nRounds * ACCUMULATORS; i < count; i++) {
    addInPlace(sums, values, { to: 0, from: i * width, width });
  }
  for (let k = 1; k < ACCUMULATORS; k++) addInPlace(sums, sums, { to: 0, from: k * width, width });
  return sums.subarray(0, width);
}

/** Column sums of a row-major [nRows, width] matrix: every 2^p rows an accumulator moves up a level. */
function cascade(values: Float32Array, width: number, nRows: number): Float32Array {
  const power = Math.max(4, Math.floor(ceilLog2(nRows) / LEVELS));
  const step = 1 << power;
  const levels = new Float32Array(LEVELS * width);
  let row = 0;
  while (row + step <= nRows) {
    for (const end = row + step; row < end; row++) {
      addInPlace(levels, values, { to: 0, from: row * width, width });
    }
    for (let level = 1; level < LEVELS; level++) {
      addInPlace(levels, levels, { to: level * width, from: (level - 1) * width, width });
      levels.fill(0, (level - 1) * width, level * width);
      if ((row & ((step - 1) << (level * power))) !== 0) break;
    }
  }
  for (; row < nRows; row++) addInPlace(levels, values, { to: 0, from: row * width, width });
  for (let level = 1; level < LEVELS; level++) {
    addInPlace(levels, levels, { to: 0, from: level * width, width });
  }
  return levels.subarray(0, width);
}

function ceilLog2(n: number): number {
  return n <= 2 ? 1 : 32 - Math.clz32(n - 1);
}

/** sums[to + i] += values[from + i], rounded to float32 by the store. */
function addInPlace(
  sums: Float32Array,
  values: Float32Array,
  at: { readonly to: number; readonly from: number; readonly width: number },
): void {
  for (let i = 0; i < at.width; i++) sums[at.to + i] = sums[at.to + i]! + values[at.from + i]!;
}
