import assert from "node:assert/strict";
import { randomState } from "lib/math/mt19937.ts";
import { golden } from "../support.ts";

for (const { id, input, expected } of golden("rng_mt19937")) {
  Deno.test(`randomState() draws NumPy's words, ${id}`, () => {
    const stream = randomState(input.seed);
    assert.deepEqual(Array.from({ length: 20 }, () => stream.uint32()), expected.uint32_20);
  });

  Deno.test(`randint() gives liblinear's seed, ${id}`, () => {
    assert.equal(randomState(input.seed).randint(2147483647), expected.liblinear_seed_randint_2147483647);
    const liblinear = randomState(expected.liblinear_seed_randint_2147483647);
    assert.deepEqual(Array.from({ length: 20 }, () => liblinear.uint32()), expected.liblinear_first20_uint32);
  });

  Deno.test(`uint32() feeds liblinear's bounded draws, ${id}`, () => {
    const words = randomState(expected.liblinear_seed_randint_2147483647);
    const bounded = (range: number): number => { // Lemire 2019, doi:10.1145/3230636; a range of one draws too
      const product = BigInt(words.uint32()) * BigInt(range), size = 4294967296;
      return Number(product % BigInt(size)) < size % range ? bounded(range) : Number(product >> 32n);
    };
    assert.deepEqual(
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 9].map(bounded),
      expected["liblinear_bounded_rand_int_9_8_7_..._1_then_9"],
    );
  });

  Deno.test(`permutation() and shuffleInPlace() order as NumPy does, ${id}`, () => {
    assert.deepEqual([...randomState(input.seed).permutation(10)], expected.permutation_10);
    const values = Array.from({ length: 23 }, (_, i) => i);
    randomState(input.seed).shuffleInPlace(values);
    assert.deepEqual(values, expected.shuffle_arange23);
    const long = randomState(input.seed).permutation(3500);
    assert.deepEqual([...long.subarray(0, 20)], expected.shuffle_arange3500_first20);
  });
}

Deno.test("randint() is uniform over ranges that are not powers of two", () => {
  const stream = randomState(7), counts = new Array<number>(5).fill(0);
  for (let i = 0; i < 50_000; i++) counts[stream.randint(5)]!++;
  // chi-square with 4 degrees of freedom; 23.5 is its 1e-4 tail
  assert.ok(counts.reduce((sum, n) => sum + (n - 10_000) * (n - 10_000) / 10_000, 0) < 23.5, `${counts}`);
});

Deno.test("randint() draws nothing for a range of one and covers the whole word", () => {
  const stream = randomState(3), twin = randomState(3);
  assert.equal(stream.randint(1), 0);
  assert.equal(stream.randint(4294967296), twin.uint32());
});

Deno.test("randomState() refuses a seed that is no 32-bit word", () => {
  for (const seed of [-1, 0.5, 4294967296, NaN]) assert.throws(() => randomState(seed), RangeError);
});

Deno.test("randint() refuses an empty or too wide range", () => {
  for (const high of [0, -1, 1.5, 4294967297]) assert.throws(() => randomState(1).randint(high), RangeError);
});
