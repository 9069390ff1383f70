import assert from "node:assert/strict";
import { defaultRng } from "../../lib/math/random.ts";
import { randomSubsetSum } from "../../lib/math/subset_sum.ts";

Deno.test("randomSubsetSum() sums what choice() without replacement picks and leaves the stream where it does", () => {
  const sizes = [[1, 1], [1, 0], [5, 0], [5, 5], [50, 7], [50, 50], [1500, 700], [10001, 3], [
    10001,
    900,
  ]] as const;
  const plain = defaultRng(9);
  const fast = defaultRng(9);
  for (let round = 0; round < 20; round++) {
    for (const [n, size] of sizes) {
      const values = Float64Array.from({ length: n }, (_, i) => i * i + 1);
      let expected = 0;
      for (const i of plain.choice(n, size, { replace: false })) expected += values[i]!;
      assert.equal(randomSubsetSum(fast, values, size), expected, `n ${n}, size ${size}, round ${round}`);
      assert.equal(fast.uint32(), plain.uint32(), `stream after n ${n}, size ${size}`);
    }
  }
});

Deno.test("randomSubsetSum() refuses a size outside [0, n]", () => {
  for (const size of [-1, 4, 1.5, NaN]) {
    assert.throws(() => randomSubsetSum(defaultRng(1), [1, 2, 3], size), RangeError);
  }
});
