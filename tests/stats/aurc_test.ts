import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { auroc } from "../../lib/stats/auroc.ts";
import { riskCoverageAreas } from "../../lib/stats/aurc.ts";
import { assertClose } from "../support.ts";

Deno.test("riskCoverageAreas() is the mean over every order of tied items", () => {
  const scores = [1, 0, 1, 2, 1, 0];
  const errors = [1, 0.5, 0, 2, 3, 1];
  let nOrders = 0;
  const mean = { aurc: 0, augrc: 0 };
  for (const order of permutations([0, 1, 2, 3, 4, 5])) {
    if (order.some((item, i) => i > 0 && scores[order[i - 1]!]! > scores[item]!)) continue;
    nOrders++;
    let sum = 0;
    order.forEach((item, i) => {
      sum += errors[item]!;
      mean.aurc += sum / (i + 1) / 6;
      mean.augrc += sum / 6 / 6;
    });
  }
  const { aurc, augrc } = riskCoverageAreas(scores, errors);
  assert.equal(nOrders, 12);
  assertClose(aurc, mean.aurc / nOrders, 1e-14);
  assertClose(augrc, mean.augrc / nOrders, 1e-14);
});

Deno.test("riskCoverageAreas() AUGRC of 0/1 errors is a function of AUROC and error rate alone", () => {
  const seed = 17;
  const rng = defaultRng(seed);
  for (let trial = 0; trial < 50; trial++) {
    const n = 5 + rng.integers(200);
    const errors = Array.from({ length: n }, (_, i) => i < 2 ? i : rng.integers(2));
    const scores = errors.map((error) => rng.integers(8) + error);
    const rate = errors.reduce((sum, error) => sum + error, 0) / n;
    const expected = rate * (1 - rate) * (1 - auroc(scores, errors)) + rate * rate / 2 + rate / (2 * n);
    assertClose(riskCoverageAreas(scores, errors).augrc, expected, 1e-13, `seed ${seed}, trial ${trial}`);
  }
});

Deno.test("riskCoverageAreas() has no excess for the errors themselves, and a constant score costs the mean error", () => {
  const rng = defaultRng(3);
  const errors = Array.from({ length: 50 }, () => rng.random());
  assert.equal(riskCoverageAreas(errors, errors).excessAurc, 0);
  const mean = errors.reduce((sum, error) => sum + error, 0) / 50;
  assertClose(riskCoverageAreas(errors.map(() => 0.5), errors).aurc, mean, 1e-14);
});

Deno.test("riskCoverageAreas() refuses no items, non-finite numbers and unequal lengths", () => {
  assert.throws(() => riskCoverageAreas([], []), GuardrailError);
  assert.throws(() => riskCoverageAreas([NaN], [0]), GuardrailError);
  assert.throws(() => riskCoverageAreas([0], [Infinity]), GuardrailError);
  assert.throws(() => riskCoverageAreas([0], [0, 1]), RangeError);
});

function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, i) => permutations(values.toSpliced(i, 1)).map((rest) => [value, ...rest]));
}
