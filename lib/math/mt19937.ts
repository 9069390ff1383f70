/**
 * The Mersenne Twister as NumPy's legacy `RandomState(seed)` runs it. scikit-learn shuffles folds with it and seeds
 * liblinear from it; everything of our own draws from random.ts instead.
 * @see Matsumoto & Nishimura 1998, doi:10.1145/272991.272995
 */

/** A legacy stream; every method advances it. */
export interface LegacyStream {
  /** A uniform 32-bit word. */
  uint32(): number;
  /** A uniform integer in [0, high), masked rejection on 32-bit words; `high` in [1, 2^32]. One draws nothing. */
  randint(high: number): number;
  /** Fisher-Yates from the end: `RandomState.shuffle`. */
  shuffleInPlace(values: { [index: number]: number; readonly length: number }): void;
  /** 0..n-1 in random order: `RandomState.permutation(n)`. */
  permutation(n: number): Uint32Array;
}

/**
 * The stream of `numpy.random.RandomState(seed)`.
 * @param seed integer in [0, 2^32)
 * @throws {RangeError} if the seed is not a 32-bit unsigned integer
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomState } from "lib/math/mt19937.ts";
 * assert.equal(randomState(42).randint(2147483647), 1608637542);
 * ```
 */
export function randomState(seed: number): LegacyStream {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`Cannot seed MT19937: needs an integer in [0, 2^32), got ${seed}`);
  }
  const state = seededState(seed);
  let next = N;

  function uint32(): number {
    if (next === N) {
      twistInPlace(state);
      next = 0;
    }
    let word = state[next++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  }

  function upTo(max: number): number {
    const mask = 0xffffffff >>> Math.clz32(max);
    let word = (uint32() & mask) >>> 0;
    while (word > max) word = (uint32() & mask) >>> 0;
    return word;
  }

  function shuffleInPlace(values: { [index: number]: number; readonly length: number }): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = upTo(i);
      const held = values[i]!;
      values[i] = values[j]!;
      values[j] = held;
    }
  }

  return {
    uint32,
    randint(high) {
      if (!Number.isInteger(high) || high < 1 || high > 4294967296) {
        throw new RangeError(`Cannot draw an integer: needs a range in [1, 2^32], got ${high}`);
      }
      return high === 1 ? 0 : upTo(high - 1);
    },
    shuffleInPlace,
    permutation(n) {
      const order = Uint32Array.from({ length: n }, (_, i) => i);
      shuffleInPlace(order);
      return order;
    },
  };
}

const N = 624;
const M = 397;

/** Knuth's linear recurrence over the seed, as `init_genrand`. */
function seededState(seed: number): Uint32Array {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) {
    const previous = state[i - 1]!;
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  return state;
}

function twistInPlace(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const mixed = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
    state[i] = state[(i + M) % N]! ^ (mixed >>> 1) ^ ((mixed & 1) === 0 ? 0 : 0x9908b0df);
  }
}
