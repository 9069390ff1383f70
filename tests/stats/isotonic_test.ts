import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { fitIsotonic, predictIsotonic } from "../../lib/stats/isotonic.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

Deno.test("fitIsotonic() and predictIsotonic() give scikit-learn's knots and curve", () => {
  for (const { id, input, expected, tol } of golden("isotonic")) {
    const fit = fitIsotonic(input.x, input.y);
    assertAllClose(fit.x, expected.X_thresholds, tol, `${id} x`);
    assertAllClose(fit.y, expected.y_thresholds, tol, `${id} y`);
    assertAllClose(predictIsotonic(fit, input.query), expected.transform, tol, id);
  }
});

Deno.test("fitIsotonic() equals the max-min formula over all intervals", () => {
  const seed = 5;
  const rng = defaultRng(seed);
  for (let trial = 0; trial < 100; trial++) {
    const n = 1 + rng.integers(30);
    const x = Array.from({ length: n }, () => rng.integers(12) / 4);
    const y = Array.from({ length: n }, () => rng.integers(2));
    const predicted = predictIsotonic(fitIsotonic(x, y), x);
    x.forEach((at, i) => assertClose(predicted[i]!, maxMin(x, y, at), 1e-12, `seed ${seed}, trial ${trial}`));
  }
});

/** Level at `at` = max over lower ends a <= at of min over upper ends b >= at of the mean target in [a, b]. */
function maxMin(x: readonly number[], y: readonly number[], at: number): number {
  const mean = (a: number, b: number) => {
    const inside = y.filter((_, i) => x[i]! >= a && x[i]! <= b);
    return inside.reduce((sum, value) => sum + value, 0) / inside.length;
  };
  const above = x.filter((value) => value >= at);
  return Math.max(...x.filter((a) => a <= at).map((a) => Math.min(...above.map((b) => mean(a, b)))));
}

Deno.test("fitIsotonic() refuses no items, non-finite values and unequal lengths", () => {
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  assert.throws(() => fitIsotonic([], []), refuses("empty-split"));
  assert.throws(() => fitIsotonic([0, Infinity], [0, 1]), refuses("non-finite"));
  assert.throws(() => fitIsotonic([0, 1], [0, NaN]), refuses("non-finite"));
  assert.throws(() => fitIsotonic([0, 1], [0]), RangeError);
});

Deno.test("predictIsotonic() refuses a score that is not finite", () => {
  assert.throws(() => predictIsotonic(fitIsotonic([0, 1], [0, 1]), [NaN]), GuardrailError);
});
