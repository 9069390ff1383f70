import assert from "node:assert/strict";
import { bootstrapMeanDelta } from "lib/stats/bootstrap_mean.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

Deno.test("bootstrapMeanDelta() equals the reference figures under the reference's draws", () => {
  for (const { id, input, expected, tol } of golden("paired_bootstrap_mean_delta")) {
    const options = { nResamples: input.n_boot, rng: defaultRng(input.seed) };
    const { estimate } = bootstrapMeanDelta(input.a, input.b, options);
    assertClose(estimate.value, expected.point, tol, id);
    assertAllClose([estimate.ciLow, estimate.ciHigh], expected.ci, tol, id);
  }
});

Deno.test("bootstrapMeanDelta() spreads by the standard error of the mean", () => {
  const rng = defaultRng(11);
  const n = 400;
  const a = Float64Array.from({ length: n }, () => rng.normal());
  const zeros = new Float64Array(n);
  const { draws } = bootstrapMeanDelta(a, zeros, { nResamples: 4000, rng });
  const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
  const spread = Math.sqrt(draws.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / draws.length);
  const meanA = a.reduce((sum, x) => sum + x, 0) / n;
  const error = Math.sqrt(a.reduce((sum, x) => sum + (x - meanA) * (x - meanA), 0)) / n;
  assertClose(spread / error, 1, 0.06); // relative Monte Carlo error 1 / sqrt(2 * 4000) = 0.011
});

Deno.test("bootstrapMeanDelta() refuses no items and non-finite values, rejects unequal lengths", () => {
  const options = { nResamples: 2, rng: defaultRng(1) };
  assert.throws(() => bootstrapMeanDelta([], [], options), { guardrail: "empty-split" });
  assert.throws(() => bootstrapMeanDelta([1], [NaN], options), { guardrail: "non-finite" });
  assert.throws(() => bootstrapMeanDelta([1], [1, 2], options), RangeError);
});
