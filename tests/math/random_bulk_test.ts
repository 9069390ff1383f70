/** The bulk paths of a stream (WebAssembly) against the element-wise ones: same numbers, same state afterwards. */
import assert from "node:assert/strict";
import { defaultRng, type RandomStream } from "lib/math/random.ts";

/** Two equal streams, both with half a word left over from earlier draws when `odd`. */
function twins(seed: number, odd: boolean): [RandomStream, RandomStream] {
  const pair: [RandomStream, RandomStream] = [defaultRng(seed), defaultRng(seed)];
  for (const rng of pair) {
    rng.random();
    if (odd) rng.uint32();
    rng.random(); // a 64-bit draw between the halves of a word
  }
  return pair;
}

function assertSameState(a: RandomStream, b: RandomStream, what: string): void {
  assert.equal(a.random(), b.random(), what);
  for (let i = 0; i < 3; i++) assert.equal(a.uint32(), b.uint32(), what);
}

// around the smallest and the largest bulk call, and beyond a block of words
const SIZES = [1, 31, 32, 33, 34, 255, 1500, 8191, 8192, 8193, 20000];

Deno.test("shuffleInPlace() makes the swaps of masked rejection word by word", () => {
  for (const n of SIZES) {
    for (const odd of [false, true]) {
      const [bulk, single] = twins(n, odd);
      const values = Float64Array.from({ length: n }, (_, i) => i);
      const expected = values.slice();
      bulk.shuffleInPlace(values);
      for (let i = n - 1; i > 0; i--) {
        const mask = 0xffffffff >>> Math.clz32(i);
        let j = single.uint32() & mask;
        while (j > i) j = single.uint32() & mask;
        [expected[i], expected[j]] = [expected[j]!, expected[i]!];
      }
      assert.deepEqual(values, expected, `n ${n}`);
      assertSameState(bulk, single, `n ${n} odd ${odd}`);
      const [words, same] = twins(n, odd); // 32-bit words never leave WebAssembly
      const integers = Uint32Array.from({ length: n }, (_, i) => i);
      words.shuffleInPlace(integers);
      assert.deepEqual(integers, Uint32Array.from(expected), `n ${n}`);
      same.shuffleInPlace(values);
      assertSameState(words, same, `n ${n} odd ${odd}, 32-bit`);
    }
  }
});

Deno.test("fillIntegersInPlace() draws what integers() draws", () => {
  for (const n of SIZES) {
    for (const high of [1, 2, 3, 1500, 4294967295, 4294967296, 2 ** 40]) {
      const [bulk, single] = twins(n, n % 2 === 0);
      const values = new Float64Array(n);
      bulk.fillIntegersInPlace(values, high);
      assert.deepEqual(values, values.map(() => single.integers(high)), `n ${n} high ${high}`);
      assertSameState(bulk, single, `n ${n} high ${high}`);
    }
  }
});

Deno.test("fillIntegersInPlace() rejects a range that is not a whole number >= 1", () => {
  for (const high of [0, -1, 1.5, NaN]) {
    assert.throws(() => defaultRng(1).fillIntegersInPlace(new Uint32Array(100), high), RangeError);
  }
});
