import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { auroc } from "../../lib/stats/auroc.ts";
import { riskCoverageAreas, riskCoverageCurve } from "../../lib/stats/aurc.ts";
import { thresholdAreas } from "../../lib/stats/threshold_aurc.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

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
      mean.augrc += (sum - errors[item]! / 2) / 6 / 6; // trapezoid from the sum before to the sum after
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
    const expected = rate * (1 - rate) * (1 - auroc(scores, errors)) + rate * rate / 2;
    assertClose(riskCoverageAreas(scores, errors).augrc, expected, 1e-13, `seed ${seed}, trial ${trial}`);
  }
});

Deno.test("riskCoverageAreas() has no excess for the errors themselves, and a constant score costs the mean error", () => {
  const rng = defaultRng(3);
  const errors = Array.from({ length: 50 }, () => rng.random());
  assert.equal(riskCoverageAreas(errors, errors).excessAurc, 0);
  assert.equal(riskCoverageAreas(errors, errors).excessAugrc, 0);
  const mean = errors.reduce((sum, error) => sum + error, 0) / 50;
  assertClose(riskCoverageAreas(errors.map(() => 0.5), errors).aurc, mean, 1e-14);
});

Deno.test("riskCoverageAreas() are the mean and the area of riskCoverageCurve()", () => {
  const rng = defaultRng(4);
  const errors = Array.from({ length: 60 }, () => rng.random());
  const scores = errors.map((error) => Math.round(4 * error + rng.normal()));
  const { coverage, selectiveRisk, generalizedRisk } = riskCoverageCurve(scores, errors);
  const { aurc, augrc } = riskCoverageAreas(scores, errors);
  assertClose(selectiveRisk.reduce((sum, risk) => sum + risk, 0) / 60, aurc, 1e-14);
  const trapezoid = generalizedRisk.reduce(
    (sum, risk, i) => sum + (risk + (generalizedRisk[i - 1] ?? 0)) / 120,
    0,
  );
  assertClose(trapezoid, augrc, 1e-14);
  assertAllClose(generalizedRisk, selectiveRisk.map((risk, i) => risk * coverage[i]!), 1e-15);
  assertClose(selectiveRisk.at(-1)!, errors.reduce((sum, error) => sum + error, 0) / 60, 1e-14);
});

Deno.test("thresholdAreas() meets fd-shifts on its own test vectors and on larger ones", () => {
  let nCases = 0;
  for (const { id, input, expected } of golden("decisions")) {
    if (!id.startsWith("fd_shifts")) continue;
    nCases++;
    const scores = input.confidence.map((confidence: number) => -confidence);
    const exact = riskCoverageAreas(scores, input.errors);
    const areas = thresholdAreas(scores, input.errors);
    for (const area of ["aurc", "excessAurc", "augrc", "excessAugrc"] as const) {
      assertClose(areas[area], expected[area], 1e-12, `${id} ${area}`);
    }
    assertClose(exact.augrc, expected.augrc, 1e-12, `${id} exact AUGRC`);
  }
  assert.equal(nCases, 36);
});

Deno.test("thresholdAreas() AURC without ties is the exact one plus (first - last risk) / 2n", () => {
  const rng = defaultRng(5);
  const errors = Array.from({ length: 80 }, () => rng.integers(2));
  const scores = errors.map((error) => error + rng.normal());
  const { selectiveRisk } = riskCoverageCurve(scores, errors);
  const shift = (selectiveRisk[0]! - selectiveRisk[79]!) / 160;
  assertClose(thresholdAreas(scores, errors).aurc, riskCoverageAreas(scores, errors).aurc + shift, 1e-14);
});

Deno.test("riskCoverageAreas() refuses no items, non-finite numbers and unequal lengths", () => {
  assert.throws(() => riskCoverageAreas([], []), GuardrailError);
  assert.throws(() => riskCoverageAreas([NaN], [0]), GuardrailError);
  assert.throws(() => riskCoverageAreas([0], [Infinity]), GuardrailError);
  assert.throws(() => riskCoverageAreas([0], [0, 1]), RangeError);
  assert.throws(() => riskCoverageCurve([0], [0, 1]), RangeError);
  assert.throws(() => thresholdAreas([0], [0, 1]), RangeError);
  assert.throws(() => thresholdAreas([], []), GuardrailError);
});

function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, i) => permutations(values.toSpliced(i, 1)).map((rest) => [value, ...rest]));
}
