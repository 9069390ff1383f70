import assert from "node:assert/strict";
import { quantile, quantileSorted } from "lib/math/quantile.ts";
import { percentileEstimate } from "lib/stats/estimate.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

Deno.test("quantile() and percentileEstimate() equal NumPy's percentiles", () => {
  for (const { id, input, expected, tol } of golden("percentile_ci")) {
    const { ciLow, ciHigh } = percentileEstimate(0, input.samples, input.alpha);
    assertClose(ciLow, expected.lo, tol, `${id} low`);
    assertClose(ciHigh, expected.hi, tol, `${id} high`);
    if (input.samples.length === 0) continue;
    const qs = [0.1, 0.333, 0.5, 0.9];
    assertAllClose(
      qs.map((q) => quantile(input.samples, q)),
      expected["np_percentile_10_33.3_50_90"],
      tol,
      id,
    );
  }
});

Deno.test("quantile() is monotone in q, hits the extremes, and leaves its input alone", () => {
  const rng = defaultRng(3);
  const values = Float64Array.from({ length: 57 }, () => rng.normal());
  const before = values.slice();
  let last = -Infinity;
  for (let q = 0; q <= 1; q += 1 / 512) {
    const value = quantile(values, q);
    assert.ok(value >= last, `q ${q}`);
    last = value;
  }
  assert.equal(quantile(values, 0), Math.min(...values));
  assert.equal(quantile(values, 1), Math.max(...values));
  assert.deepEqual(values, before);
});

Deno.test("quantileSorted() is NaN for no values and for NaN", () => {
  assert.ok(Number.isNaN(quantileSorted([], 0.5)));
  assert.ok(Number.isNaN(quantile([1, NaN, 2], 0.5)));
});

Deno.test("quantile() rejects q outside [0, 1]", () => {
  assert.throws(() => quantile([1], 1.1), RangeError);
  assert.throws(() => quantile([1], NaN), RangeError);
});
