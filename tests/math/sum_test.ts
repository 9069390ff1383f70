import assert from "node:assert/strict";
import { mean, pairwiseSum, variance } from "lib/math/sum.ts";
import { defaultRng } from "lib/math/random.ts";
import { golden } from "../support.ts";

for (const { id, input, expected } of golden("rng_pcg64")) {
  Deno.test(`pairwiseSum(), mean() and variance() have NumPy's bits, ${id}`, () => {
    for (
      const [n, [sum, average, deviation, sequential]] of Object.entries<(number | null)[]>(
        expected.pairwise_sums_of_random,
      )
    ) {
      const stream = defaultRng(input.seed);
      const values = Float64Array.from({ length: Number(n) }, () => stream.random());
      assert.equal(pairwiseSum(values), sum);
      assert.equal(mean(values), average);
      assert.equal(Math.sqrt(variance(values, 1)), deviation ?? NaN);
      assert.equal(values.reduce((total, value) => total + value, 0), sequential);
    }
  });
}

Deno.test("pairwiseSum() comes nearer to the exact sum than adding in order", () => {
  const stream = defaultRng(11);
  const words = Array.from({ length: 100_000 }, () => Math.floor(stream.random() * 9007199254740991));
  const values = words.map((word) => word / 9007199254740992);
  const exact = words.reduce((sum, word) => sum + BigInt(word), 0n);
  const error = (sum: number) => {
    // sums are below 2^17, so their last bit is worth at least 2^-37 and 2^53 times them is an exact integer
    const difference = BigInt(sum * 9007199254740992) - exact;
    return Number(difference < 0n ? -difference : difference) / 9007199254740992;
  };
  assert.ok(error(pairwiseSum(values)) <= 5e-11, `off by ${error(pairwiseSum(values))}`);
  assert.ok(error(pairwiseSum(values)) < error(values.reduce((sum, value) => sum + value, 0)));
});

Deno.test("pairwiseSum() of no values is 0 and mean() is NaN", () => {
  assert.equal(pairwiseSum([]), 0);
  assert.equal(mean([]), NaN);
  assert.equal(variance([1], 1), NaN);
});

Deno.test("pairwiseSum() of a range equals the sum of the slice", () => {
  const stream = defaultRng(3);
  const values = Float64Array.from({ length: 1000 }, () => stream.normal());
  assert.equal(pairwiseSum(values, 17, 800), pairwiseSum(values.slice(17, 800)));
});
