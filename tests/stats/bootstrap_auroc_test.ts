import assert from "node:assert/strict";
import { auroc } from "lib/stats/auroc.ts";
import { bootstrapAuroc } from "lib/stats/bootstrap_auroc.ts";
import { quantile } from "lib/math/quantile.ts";
import { defaultRng, randomStream } from "lib/math/random.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

Deno.test("bootstrapAuroc() equals the reference intervals under the reference's draws", () => {
  for (const { id, input, expected, tol } of golden("paired_bootstrap_auroc")) {
    const run = () =>
      bootstrapAuroc(input.preds, input.y, { nResamples: input.n_boot, rng: defaultRng(input.seed) });
    if (id === "single_class") { // the reference answers NaN; here it is refused
      assert.throws(run, { name: "GuardrailError", guardrail: "single-class" });
      continue;
    }
    const result = run();
    for (const [rung, ci] of Object.entries<[number, number]>(expected.auroc_ci)) {
      const { ciLow, ciHigh } = result.estimates[rung]!;
      assertAllClose([ciLow, ciHigh], ci, tol, `${id} ${rung}`);
    }
    for (const [pair, ci] of Object.entries<[number, number]>(expected.delta_ci)) {
      const [a, b] = pair.split("-") as [string, string];
      const { ciLow, ciHigh } = result.delta(a, b);
      assertAllClose([ciLow, ciHigh], ci, tol, `${id} ${pair}`);
    }
  }
});

Deno.test("bootstrapAuroc() draws equal auroc() of the drawn rows, ties and skipped resamples included", () => {
  const rng = randomStream(5, "data");
  const n = 23;
  const labels = Array.from({ length: n }, (_, i) => i < 2 ? 1 : 0); // few positives: some resamples have none
  const scores = {
    tied: Array.from({ length: n }, () => rng.integers(4)),
    smooth: Array.from({ length: n }, () => rng.normal()),
  };
  const nResamples = 203; // not a multiple of the SIMD lanes
  const result = bootstrapAuroc(scores, labels, { nResamples, rng: defaultRng(9) });

  const replay = defaultRng(9);
  const naive: Record<"tied" | "smooth", number[]> = { tied: [], smooth: [] };
  for (let r = 0; r < nResamples; r++) {
    const rows = Array.from({ length: n }, () => replay.integers(n));
    const drawn = rows.map((i) => labels[i]!);
    if (!drawn.includes(1)) continue;
    for (const rung of ["tied", "smooth"] as const) {
      naive[rung].push(auroc(rows.map((i) => scores[rung][i]!), drawn));
    }
  }
  assert.ok(naive.tied.length < nResamples);
  for (const rung of ["tied", "smooth"] as const) {
    assertAllClose(result.draws[rung]!, naive[rung], 1e-15, rung);
    const estimate = result.estimates[rung]!;
    assert.equal(estimate.value, auroc(scores[rung], labels));
    assert.equal(estimate.nResamples, naive[rung].length);
    assertClose(estimate.ciHigh, quantile(naive[rung], 0.975), 1e-15);
  }
});

Deno.test("bootstrapAuroc() refuses non-finite scores and rejects unknown rungs and lengths", () => {
  const options = { nResamples: 4, rng: defaultRng(1) };
  assert.throws(() => bootstrapAuroc({ a: [1, NaN] }, [0, 1], options), { guardrail: "non-finite" });
  assert.throws(() => bootstrapAuroc({ a: [1] }, [0, 1], options), RangeError);
  assert.throws(() => bootstrapAuroc({ a: [1, 2] }, [0, 1], options).delta("a", "b"), RangeError);
});
