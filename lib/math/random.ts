/**
 * Random streams with the bits of `numpy.random.default_rng`. A stream is made from a seed and a name, passed to
 * whoever draws, and never global: two uses with two names cannot disturb each other.
 */
import * as kernel from "./pcg64.wasm";
import { generateSeedState } from "./seed_sequence.ts";
import { sampleNormal } from "./ziggurat.ts";

/** A source of random numbers; every method advances it. */
export interface RandomStream {
  /** A uniform double in [0, 1), 53 random bits. */
  random(): number;
  /** A uniform 32-bit word; two of them share one 64-bit draw, low half first. */
  uint32(): number;
  /** A uniform integer in [0, high), Lemire's method; `high` in [1, 2^53]. A range of one draws nothing. */
  integers(high: number): number;
  /** Fills `out` with integers in [0, high): `default_rng.integers(0, high, size)`. */
  fillIntegersInPlace(out: Uint32Array | Int32Array | Float64Array, high: number): void;
  /** Fills `out` with integers, the k-th in [0, high + k * step); all ranges in [1, 2^32). */
  fillRangesInPlace(out: Uint32Array, high: number, step: 1 | -1): void;
  /** 0..n-1 in random order: `default_rng.permutation(n)`. */
  permutation(n: number): Uint32Array;
  /** Fisher-Yates from the end with masked rejection: `default_rng.shuffle`. */
  shuffleInPlace(values: { [index: number]: number; readonly length: number }): void;
  /** `size` of 0..n-1: `default_rng.choice(n, size, replace)`. */
  choice(n: number, size: number, options: { readonly replace: boolean }): Uint32Array;
  /** A standard normal draw (ziggurat). */
  normal(): number;
}

/**
 * The stream of one named use under one seed; equals `numpy.random.default_rng([seed, *name.encode()])`.
 * @param seed non-negative integer below 2^53
 * @param name what the stream is for, e.g. "q1/bootstrap"
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "lib/math/random.ts";
 * assert.equal(randomStream(1, "a").random(), randomStream(1, "a").random());
 * assert.notEqual(randomStream(1, "a").random(), randomStream(1, "b").random());
 * ```
 */
export function randomStream(seed: number, name: string): RandomStream {
  return pcg64([...seedWords(seed), ...new TextEncoder().encode(name)]);
}

/**
 * The stream of `numpy.random.default_rng(seed)`: what the published protocol draws from.
 * @param seed non-negative integer below 2^53
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { defaultRng } from "lib/math/random.ts";
 * assert.equal(defaultRng(42).random(), 0.7739560485559633);
 * ```
 */
export function defaultRng(seed: number): RandomStream {
  return pcg64(seedWords(seed));
}

function seedWords(seed: number): number[] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot seed a stream: needs an integer in [0, 2^53), got ${seed}`);
  }
  return seed < 4294967296 ? [seed] : [seed >>> 0, Math.floor(seed / 4294967296)];
}

const MASK_64 = (1n << 64n) - 1n;
const MASK_128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** 64-bit words are produced a block at a time; a block is also what one call into WebAssembly yields. */
const BLOCK_WORDS = 256;

/** A bulk call into WebAssembly answers at most this many draws; below MIN_BULK it does not pay. */
const MAX_BULK = 8191;
const MIN_BULK = 32;

function pcg64(entropy: readonly number[]): RandomStream {
  const state = initialState(entropy);
  const block = new Uint32Array(2 * BLOCK_WORDS);
  let next = block.length; // index of the next unread 64-bit word's low half
  // The high half left over by uint32(), and whether there is one. A typed array, since V8 boxes a variable that
  // takes values beyond 2^30 anew at each assignment.
  const leftOver = new Uint32Array(1);
  let hasLeftOver = false;

  function refill(): void {
    const memory = kernel.memory as WebAssembly.Memory;
    const words = new Uint32Array(memory.buffer, kernel.statePointer(), 8);
    words.set(state);
    kernel.generate(BLOCK_WORDS);
    state.set(words);
    block.set(new Uint32Array(memory.buffer, kernel.outPointer(), 2 * BLOCK_WORDS));
    next = 0;
  }

  function uint32(): number {
    if (hasLeftOver) {
      hasLeftOver = false;
      return leftOver[0]!;
    }
    if (next === block.length) refill();
    leftOver[0] = block[next + 1]!;
    hasLeftOver = true;
    const low = block[next]!;
    next += 2;
    return low;
  }

  function random(): number {
    if (next === block.length) refill();
    const value = block[next + 1]! * 2097152 + (block[next]! >>> 11);
    next += 2;
    return value / 9007199254740992;
  }

  function uint64(): bigint {
    if (next === block.length) refill();
    const word = (BigInt(block[next + 1]!) << 32n) | BigInt(block[next]!);
    next += 2;
    return word;
  }

  function integers(high: number): number {
    if (!Number.isInteger(high) || high < 1 || high > 9007199254740992) {
      throw new RangeError(`Cannot draw an integer: needs a range in [1, 2^53], got ${high}`);
    }
    if (high === 1) return 0;
    if (high === 4294967296) return uint32();
    return high < 4294967296 ? lemire32(uint32, high) : lemire64(uint64, high);
  }

  /** Runs `draw` on this stream's words inside WebAssembly; the answers are valid until the next bulk call. */
  function bulk(count: number, draw: () => void): Uint32Array {
    const memory = kernel.memory as WebAssembly.Memory;
    const words = new Uint32Array(memory.buffer, kernel.statePointer(), 8);
    const out = new Uint32Array(memory.buffer, kernel.outPointer(), block.length);
    words.set(state);
    out.set(block);
    // A left-over high half goes into the slot before the next word: that slot is spent, as `next` is never 0.
    if (hasLeftOver) out[next - 1] = leftOver[0]!;
    kernel.setCursor(hasLeftOver ? next - 1 : next);
    draw();
    state.set(words);
    block.set(out);
    const cursor = kernel.getCursor();
    hasLeftOver = cursor % 2 === 1;
    if (hasLeftOver) leftOver[0] = block[cursor]!;
    next = cursor + cursor % 2;
    return new Uint32Array(memory.buffer, kernel.bulkPointer(), count);
  }

  function fillIntegersInPlace(out: Uint32Array | Int32Array | Float64Array, high: number): void {
    if (out.length < MIN_BULK || !(high > 1 && high < 4294967296)) {
      for (let i = 0; i < out.length; i++) out[i] = integers(high);
      return;
    }
    if (!Number.isInteger(high)) integers(high); // throws
    for (let start = 0; start < out.length; start += MAX_BULK) {
      const count = Math.min(MAX_BULK, out.length - start);
      out.set(bulk(count, () => kernel.fillBounded(count, high)), start);
    }
  }

  function fillRangesInPlace(out: Uint32Array, high: number, step: 1 | -1): void {
    const last = high + (out.length - 1) * step;
    if (out.length > 0 && !(Math.min(high, last) >= 1 && Math.max(high, last) < 4294967296)) {
      throw new RangeError(`Cannot draw integers: needs ranges in [1, 2^32), got ${high} to ${last}`);
    }
    for (let start = 0; start < out.length; start += MAX_BULK) {
      const count = Math.min(MAX_BULK, out.length - start);
      out.set(bulk(count, () => kernel.fillBoundedRun(count, high + start * step, step)), start);
    }
  }

  function shuffleInPlace(values: { [index: number]: number; readonly length: number }): void {
    const n = values.length;
    if (values instanceof Uint32Array && n > MIN_BULK && n <= MAX_BULK) {
      const words = new Uint32Array((kernel.memory as WebAssembly.Memory).buffer, kernel.valuesPointer(), n);
      words.set(values);
      bulk(0, () => kernel.shuffleValues(n));
      values.set(words);
      return;
    }
    let i = n - 1;
    while (i >= MIN_BULK) {
      const first = i;
      const count = Math.min(MAX_BULK, first);
      const targets = bulk(count, () => kernel.fillSwapTargets(first, count));
      for (let k = 0; k < count; k++, i--) {
        const j = targets[k]!;
        const held = values[i]!;
        values[i] = values[j]!;
        values[j] = held;
      }
    }
    for (; i > 0; i--) {
      const mask = 0xffffffff >>> Math.clz32(i);
      let j = uint32() & mask;
      while (j > i) j = uint32() & mask;
      const held = values[i]!;
      values[i] = values[j]!;
      values[j] = held;
    }
  }

  function permutation(n: number): Uint32Array {
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    shuffleInPlace(order);
    return order;
  }

  function choice(n: number, size: number, { replace }: { readonly replace: boolean }): Uint32Array {
    if (!replace) return chooseWithoutReplacement(integers, n, size);
    const out = new Uint32Array(size);
    fillIntegersInPlace(out, n);
    return out;
  }

  return {
    random,
    uint32,
    integers,
    fillIntegersInPlace,
    fillRangesInPlace,
    permutation,
    shuffleInPlace,
    choice,
    normal: () => sampleNormal(uint64Halves, random),
  };

  function uint64Halves(out: { low: number; high: number }): void {
    if (next === block.length) refill();
    out.low = block[next]!;
    out.high = block[next + 1]!;
    next += 2;
  }
}

/** `srandom` of PCG64: eight 32-bit words, state then increment, little-endian. */
function initialState(entropy: readonly number[]): Uint32Array {
  const words = generateSeedState(entropy, 8);
  const big = (i: number) => (BigInt(words[2 * i + 1]!) << 32n) | BigInt(words[2 * i]!);
  const seed = (big(0) << 64n) | big(1);
  const increment = (((big(2) << 64n) | big(3)) << 1n | 1n) & MASK_128;
  const state = (((increment + seed) & MASK_128) * MULTIPLIER + increment) & MASK_128;
  const out = new Uint32Array(8);
  for (const [at, value] of [[0, state], [4, increment]] as const) {
    for (let i = 0; i < 4; i++) out[at + i] = Number((value >> BigInt(32 * i)) & 0xffffffffn);
  }
  return out;
}

/**
 * Unbiased bounded integers by multiplication; here with 32-bit words.
 * @see Lemire 2019, doi:10.1145/3230636
 */
function lemire32(uint32: () => number, range: number): number {
  // Below 2^21 the product is exact in a double; above it is split in two 16-bit halves.
  const wide = range > 2097152;
  for (;;) {
    const word = uint32();
    const high = wide ? multiplyHigh32(word, range) : Math.floor(word * range / 4294967296);
    const low = wide ? Math.imul(word, range) >>> 0 : word * range - high * 4294967296;
    if (low >= range || low >= (4294967296 - range) % range) return high;
  }
}

function multiplyHigh32(a: number, b: number): number {
  const low = (a & 0xffff) * b; // < 2^48, exact
  const high = (a >>> 16) * b; // < 2^48, exact
  return Math.floor((high + Math.floor(low / 65536)) / 65536);
}

function lemire64(uint64: () => bigint, range: number): number {
  const wide = BigInt(range);
  for (;;) {
    const product = uint64() * wide;
    const low = product & MASK_64;
    if (low >= wide || low >= ((1n << 64n) - wide) % wide) return Number(product >> 64n);
  }
}

function chooseWithoutReplacement(integers: (high: number) => number, n: number, size: number): Uint32Array {
  if (size > n) throw new RangeError(`Cannot choose without replacement: needs size <= ${n}, got ${size}`);
  if (n > 10000 && size > Math.floor(n / 50)) {
    const all = Uint32Array.from({ length: n }, (_, i) => i);
    lemireShuffle(integers, all, Math.max(n - size, 1));
    return all.slice(n - size);
  }
  const chosen = new Set<number>(); // Floyd's algorithm: insertion order is the answer's order
  for (let j = n - size; j < n; j++) {
    const draw = integers(j + 1);
    chosen.add(chosen.has(draw) ? j : draw);
  }
  const out = Uint32Array.from(chosen);
  lemireShuffle(integers, out, 1);
  return out;
}

function lemireShuffle(integers: (high: number) => number, values: Uint32Array, first: number): void {
  for (let i = values.length - 1; i >= first; i--) {
    const j = integers(i + 1);
    const held = values[i]!;
    values[i] = values[j]!;
    values[j] = held;
  }
}
