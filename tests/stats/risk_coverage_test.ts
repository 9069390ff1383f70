import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { argsortIntrosort } from "../../lib/math/argsort.ts";
import { defaultRng } from "../../lib/math/random.ts";
import {
  bootstrapCurves,
  keptItems,
  oracleCurve,
  PUBLISHED_COVERAGES,
  randomCurve,
  riskCurve,
  roundHalfEven,
  trapezoidArea,
} from "../../lib/stats/risk_coverage.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

Deno.test("riskCurve(), oracleCurve(), randomCurve() and bootstrapCurves() meet the reference", () => {
  for (const { id, input, expected, tol } of golden("risk_coverage_parts")) {
    const { scores, errors, coverages, n_bootstrap: nResamples, seed } = input;
    const ordered = Float64Array.from(argsortIntrosort(scores), (item) => errors[item]);
    const curve = riskCurve(ordered, coverages);
    const [interval] = bootstrapCurves([ordered], coverages, { nResamples, rng: defaultRng(seed) });
    const want = expected.risk_coverage_curve;
    assertAllClose(curve, want.curve, tol, `${id} curve`);
    assertAllClose(interval!.low, want.ci95_lower, tol, `${id} low`);
    assertAllClose(interval!.high, want.ci95_upper, tol, `${id} high`);
    assertClose(trapezoidArea(curve, coverages), want.aurc, tol, `${id} aurc`);
    assertAllClose(oracleCurve(errors, coverages), expected.oracle_curve, tol, `${id} oracle`);
    const random = randomCurve(errors, coverages, { nResamples, rng: defaultRng(seed) });
    assertAllClose(random, expected.random_curve, tol, `${id} random`);
  }
});

Deno.test("roundHalfEven() rounds as Python does; keptItems() keeps one at least", () => {
  const cases = [[0.5, 0], [1.5, 2], [2.5, 2], [2.4, 2], [2.6, 3], [-0.5, 0], [-1.5, -2], [7, 7]];
  for (const [value, rounded] of cases) assert.equal(roundHalfEven(value!) + 0, rounded);
  assert.equal(keptItems(0.1, 3), 1);
  assert.equal(keptItems(1, 3), 3);
  for (const coverage of [0, 1.1, NaN]) assert.throws(() => keptItems(coverage, 3), RangeError);
});

Deno.test("PUBLISHED_COVERAGES are the 19 decimal literals", () => {
  assert.deepEqual(PUBLISHED_COVERAGES.slice(0, 3), [0.1, 0.15, 0.2]);
  assert.equal(PUBLISHED_COVERAGES.length, 19);
  assert.equal(PUBLISHED_COVERAGES[18], 1);
});

Deno.test("oracleCurve() is the lowest of all orders, randomCurve() tends to the mean error", () => {
  const errors = [0, 1, 0.5, 2];
  const coverages = [0.25, 0.5, 0.75, 1];
  const curves = permutations(errors).map((order) => riskCurve(order, coverages));
  const oracle = oracleCurve(errors, coverages);
  coverages.forEach((_, j) => assert.equal(oracle[j], Math.min(...curves.map((curve) => curve[j]!))));
  const random = randomCurve(errors, coverages, { nResamples: 20000, rng: defaultRng(1) });
  assertAllClose(random, [0.875, 0.875, 0.875, 0.875], 0.02);
});

Deno.test("bootstrapCurves() gives each curve what it gets alone from a fresh stream", () => {
  const curves = [Float64Array.of(0, 0, 1, 0, 1, 1, 1), Float64Array.of(1, 0, 1, 0, 0, 1, 1)];
  const draw = (some: Float64Array[]) =>
    bootstrapCurves(some, [0.4, 1], { nResamples: 200, rng: defaultRng(3) });
  assert.deepEqual(draw(curves), [...draw([curves[0]!]), ...draw([curves[1]!])]);
});

Deno.test("bootstrapCurves() intervals come near the normal approximation", () => {
  const errors = Float64Array.from({ length: 400 }, (_, i) => i % 4 === 0 ? 1 : 0);
  const [interval] = bootstrapCurves([errors], [1], { nResamples: 4000, rng: defaultRng(6) });
  const halfWidth = 1.96 * Math.sqrt(0.25 * 0.75 / 400);
  assertClose(interval!.low[0]!, 0.25 - halfWidth, 0.004);
  assertClose(interval!.high[0]!, 0.25 + halfWidth, 0.004);
});

Deno.test("trapezoidArea() of a line is exact", () => {
  assertClose(trapezoidArea([1, 2, 5], [0, 1, 4]), 12, 1e-15);
});

Deno.test("riskCurve() and bootstrapCurves() refuse no items, non-finite errors, unequal lengths", () => {
  const options = { nResamples: 2, rng: defaultRng(1) };
  assert.throws(() => riskCurve([], [1]), GuardrailError);
  assert.throws(() => riskCurve([1, NaN], [1]), GuardrailError);
  assert.throws(() => randomCurve([], [1], options), GuardrailError);
  assert.throws(() => bootstrapCurves([new Float64Array(2), new Float64Array(3)], [1], options), RangeError);
  assert.throws(() => bootstrapCurves([Float64Array.of(Infinity)], [1], options), GuardrailError);
});

function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, i) => permutations(values.toSpliced(i, 1)).map((rest) => [value, ...rest]));
}
