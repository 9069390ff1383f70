import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { randomStream } from "lib/math/random.ts";
import { kFold } from "lib/stats/folds.ts";
import { decisionFunction } from "lib/stats/l1_logistic.ts";
import { chooseAlpha, fitRidge, spearman } from "lib/stats/ridge.ts";
import { standardize } from "lib/stats/standard_scaler.ts";
import { assertClose } from "../support.ts";

function draw(noise: number) {
  const rng = randomStream(3, "ridge");
  const nRows = 60, nCols = 5;
  const data = Float64Array.from({ length: nRows * nCols }, () => 2 + rng.normal());
  const targets = Float64Array.from(
    { length: nRows },
    (_, i) => 5 + data[i * nCols]! - 2 * data[i * nCols + 1]! + noise * rng.normal(),
  );
  return { x: { data, nRows, nCols }, targets };
}

Deno.test("fitRidge() solves the normal equations", () => {
  const { x, targets } = draw(1);
  for (const alpha of [0.01, 1, 100]) {
    const fit = fitRidge(x, targets, { alpha });
    const z = standardize(x, fit.scaler);
    const errors = decisionFunction(x, fit, { scaler: fit.scaler }).map((value, i) => targets[i]! - value);
    assertClose(errors.reduce((sum, e) => sum + e, 0), 0, 1e-9, "free intercept");
    for (let j = 0; j < x.nCols; j++) {
      let sum = -alpha * fit.coef[j]!;
      for (let i = 0; i < x.nRows; i++) sum += z.data[i * x.nCols + j]! * errors[i]!;
      assertClose(sum, 0, 1e-7, `alpha ${alpha}, column ${j}`);
    }
  }
});

Deno.test("chooseAlpha() shrinks less where there is signal and breaks ties towards more", () => {
  const { x, targets } = draw(0.1);
  const folds = kFold(x.nRows, { nSplits: 5, seed: 1 });
  const chosen = chooseAlpha(x, targets, { folds, alphas: [0.1, 1e6] });
  assert.equal(chosen.alpha, 0.1);
  assert.ok(chosen.meanScores[1]! > 0.95);
  const flat = targets.map(() => 1);
  assert.equal(chooseAlpha(x, flat, { folds, alphas: [0.1, 1e6] }).alpha, 1e6);
});

Deno.test("spearman() equals the formula without ties and gives ties their middle rank", () => {
  const a = [3, 1, 4, 1.5, 9], b = [2, 7, 1, 8, 2.8];
  const rank = (v: number[]) => v.map((x) => v.filter((y) => y < x).length + 1);
  const d = rank(a).reduce((sum, r, i) => sum + (r - rank(b)[i]!) * (r - rank(b)[i]!), 0);
  assertClose(spearman(a, b), 1 - 6 * d / (5 * 24), 1e-15);
  assertClose(spearman([1, 1, 2], [1, 2, 3]), Math.sqrt(3) / 2, 1e-15);
  assert.equal(spearman([1, 1], [1, 2]), 0);
});

Deno.test("fitRidge() and spearman() name what is wrong", () => {
  const { x, targets } = draw(1);
  assert.throws(() => fitRidge(x, [1], { alpha: 1 }), /needs 60 targets, got 1/);
  assert.throws(() => fitRidge(x, targets, { alpha: 0 }), /alpha > 0, got 0/);
  const refused = (error: unknown) => error instanceof GuardrailError && error.guardrail === "non-finite";
  assert.throws(() => fitRidge(x, targets.map(() => NaN), { alpha: 1 }), refused);
  assert.throws(() => spearman([1, NaN], [1, 2]), refused);
  assert.throws(() => spearman([1], [1, 2]), /equal lengths, got 1 and 2/);
  assert.throws(() => chooseAlpha(x, targets, { folds: [], alphas: [1] }), /got 1 and 0/);
});
