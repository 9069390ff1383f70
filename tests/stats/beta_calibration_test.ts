import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { fitBeta, predictBeta } from "../../lib/stats/beta_calibration.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

Deno.test("fitBeta() meets betacal with a converged solver to 1e-8, and as it stops to 1e-2", () => {
  let nCases = 0;
  for (const { id, input, expected } of golden("decisions")) {
    if (!id.startsWith("betacal")) continue;
    nCases++;
    const fit = fitBeta(input.scores, input.labels);
    for (const shape of ["a", "b", "c"] as const) {
      assertClose(fit[shape], expected.converged[shape], 1e-8, `${id} ${shape}`);
      assertClose(fit[shape], expected.default[shape], 1e-2, `${id} ${shape}, early stop`);
    }
    assertAllClose(predictBeta(fit, input.grid), expected.converged.predicted, 1e-8, id);
    assert.equal(fit.a === 0, id === "betacal_a_negative");
    assert.equal(fit.b === 0, id === "betacal_b_negative");
  }
  assert.equal(nCases, 4);
});

Deno.test("fitBeta() is the maximum of the likelihood over a, b >= 0", () => {
  const rng = defaultRng(2);
  for (let trial = 0; trial < 20; trial++) {
    const scores = Array.from({ length: 60 }, () => rng.random());
    const slope = 4 * rng.random() - 2; // falling scores included: then the corner a = b = 0 is the optimum
    const labels = scores.map((p, i) => i < 2 ? i : rng.random() < 0.5 + slope * (p - 0.5) / 2 ? 1 : 0);
    const loss = (a: number, b: number, c: number) =>
      predictBeta({ a, b, c, nIterations: 0 }, scores)
        .reduce((sum, p, i) => sum - Math.log(labels[i] === 1 ? p : 1 - p), 0);
    const { a, b, c } = fitBeta(scores, labels);
    assert.ok(a >= 0 && b >= 0);
    const best = loss(a, b, c);
    for (let r = 0; r < 200; r++) {
      const step = rng.random() < 0.5 ? 0.3 : 1e-3;
      const near = (x: number) => x + step * rng.normal();
      assert.ok(loss(Math.max(0, near(a)), Math.max(0, near(b)), near(c)) >= best - 1e-9, `trial ${trial}`);
    }
  }
});

Deno.test("predictBeta() with a = b = 1, c = 0 is the identity, and never falls", () => {
  const grid = [0, 0.01, 0.3, 0.5, 0.99, 1];
  assertAllClose(predictBeta({ a: 1, b: 1, c: 0, nIterations: 0 }, grid), grid, 1e-15);
  const curve = predictBeta({ a: 0.3, b: 2, c: -1, nIterations: 0 }, grid);
  for (let i = 1; i < curve.length; i++) assert.ok(curve[i]! >= curve[i - 1]!);
});

Deno.test("fitBeta() refuses one class, no items, scores outside [0, 1], unequal lengths", () => {
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  assert.throws(() => fitBeta([0.1, 0.2], [1, 1]), refuses("single-class"));
  assert.throws(() => fitBeta([], []), refuses("empty-split"));
  assert.throws(() => fitBeta([NaN, 0.2], [0, 1]), refuses("non-finite"));
  assert.throws(() => fitBeta([1.1, 0.2], [0, 1]), RangeError);
  assert.throws(() => fitBeta([0.1, 0.2], [0, 2]), RangeError);
  assert.throws(() => fitBeta([0.1], [0, 1]), RangeError);
  assert.throws(() => predictBeta({ a: 1, b: 1, c: 0, nIterations: 0 }, [2]), RangeError);
  assert.throws(() => predictBeta({ a: 1, b: 1, c: 0, nIterations: 0 }, [NaN]), refuses("non-finite"));
});
