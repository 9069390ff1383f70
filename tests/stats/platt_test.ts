import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { fitPlatt, type PlattFit, predictPlatt } from "../../lib/stats/platt.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

Deno.test("fitPlatt() optimum meets the exact optimum", () => {
  for (const { id, input, expected, tol } of golden("platt")) {
    const want = expected.exact_optimum;
    const fit = fitPlatt(input.x, input.y, "optimum");
    assertClose(fit.slope, want.coef, tol.exact_optimum, `${id} slope`);
    assertClose(fit.intercept, want.intercept, tol.exact_optimum, `${id} intercept`);
    assertAllClose(predictPlatt(fit, input.query), want.proba, tol.exact_optimum, `${id} probabilities`);
    const loose = expected["sklearn_1.2.1"];
    assertClose(fit.slope, loose.coef, tol.other, `${id} scikit-learn 1.2.1`);
  }
});

Deno.test("fitPlatt() published stops at the iterate scikit-learn >= 1.4 stops at", () => {
  for (const { id, input, expected } of golden("platt")) {
    const want = expected["sklearn_ge_1.4_style_gtol1e-4_on_mean_loss"];
    const fit = fitPlatt(input.x, input.y, "published");
    assert.equal(fit.nIterations, want.n_iter, id);
    assertClose(fit.slope, want.coef, 1e-9, `${id} slope`);
    assertClose(fit.intercept, want.intercept, 1e-9, `${id} intercept`);
    assertAllClose(predictPlatt(fit, input.query), want.proba, 1e-10, `${id} probabilities`);
  }
});

Deno.test("fitPlatt() optimum has a zero gradient, also on separable labels and far-off scores", () => {
  const seed = 2;
  const rng = defaultRng(seed);
  for (let trial = 0; trial < 50; trial++) {
    const n = 10 + rng.integers(200);
    const offset = trial % 3 === 0 ? 1000 : 0;
    const scores = Array.from({ length: n }, () => offset + rng.normal());
    const labels = scores.map((score, i) =>
      i < 2 ? i : Number(score - offset + (trial % 5) * rng.normal() > 0)
    );
    const fit = fitPlatt(scores, labels, "optimum");
    const gradient = gradientAt(fit, scores, labels, offset);
    assert.ok(gradient.every((g) => Math.abs(g) < 1e-6), `seed ${seed}, trial ${trial}: ${gradient}`);
  }
});

/** Gradient of the summed log-loss + slope^2 / 2e6 in slope (about `centre`) and intercept. */
function gradientAt(fit: PlattFit, scores: number[], labels: number[], centre: number): [number, number] {
  const residuals = predictPlatt(fit, scores).map((p, i) => p - labels[i]!);
  const slope = residuals.reduce((sum, r, i) => sum + r * (scores[i]! - centre), fit.slope / 1e6);
  return [slope, residuals.reduce((sum, r) => sum + r, 0)];
}

Deno.test("fitPlatt() keeps the ranking of a score that rises with difficulty, turns one that falls", () => {
  const labels = [0, 0, 1, 0, 1, 1];
  assert.ok(fitPlatt([1, 2, 3, 4, 5, 6], labels, "optimum").slope > 0);
  assert.ok(fitPlatt([6, 5, 4, 3, 2, 1], labels, "optimum").slope < 0);
});

Deno.test("fitPlatt() on a constant score predicts the base rate", () => {
  for (const stop of ["optimum", "published"] as const) {
    const fit = fitPlatt([0.5, 0.5, 0.5, 0.5], [0, 0, 0, 1], stop);
    assertClose(predictPlatt(fit, [0.5])[0]!, 0.25, 1e-3, stop);
  }
});

Deno.test("fitPlatt() and predictPlatt() refuse what they cannot fit", () => {
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  assert.throws(() => fitPlatt([1, 2], [1, 1], "optimum"), refuses("single-class"));
  assert.throws(() => fitPlatt([], [], "optimum"), refuses("empty-split"));
  assert.throws(() => fitPlatt([1, NaN], [0, 1], "optimum"), refuses("non-finite"));
  assert.throws(() => fitPlatt([1, 2], [0], "optimum"), RangeError);
  assert.throws(() => fitPlatt([1, 2], [0, 2], "optimum"), RangeError);
  const fit = fitPlatt([1, 2], [0, 1], "optimum");
  assert.throws(() => predictPlatt(fit, [Infinity]), refuses("non-finite"));
});
