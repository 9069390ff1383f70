/** Documented errors and properties of TOST, contrasts, power, BCa and p-value adjustment; figures: references_test.ts. */
import assert from "node:assert/strict";
import { bcaEstimate } from "lib/stats/bca.ts";
import { interactionContrast } from "lib/stats/contrast.ts";
import { equivalenceTest } from "lib/stats/equivalence.ts";
import { type Inference, tInterval } from "lib/stats/interval.ts";
import { benjaminiHochberg, holm } from "lib/stats/multiplicity.ts";
import { equivalencePower, minimumDetectableEffect, powerCurve, testPower } from "lib/stats/power.ts";
import { studentTCdf } from "lib/math/distributions.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertClose } from "../support.ts";

const interval = (value: number, standardError: number, df = 20) =>
  tInterval({ method: "t", value, standardError, df, nUnits: df + 1 });
const declined: Inference = {
  status: "underpowered",
  method: "t",
  value: 1,
  nUnits: 3,
  reason: "needs 10, got 3",
};

Deno.test("tInterval() excludes zero exactly when p is below alpha", () => {
  const rng = defaultRng(2);
  for (let trial = 0; trial < 300; trial++) {
    const { ciLow, ciHigh, p } = interval(4 * rng.normal(), 1 + rng.random(), 1 + rng.integers(40));
    assert.equal(ciLow > 0 || ciHigh < 0, p < 0.05, `trial ${trial}`);
  }
  assert.throws(() => interval(0, NaN), RangeError);
});

Deno.test("equivalenceTest() declares equivalence exactly when the 90 % interval lies inside the bounds", () => {
  const rng = defaultRng(3);
  for (let trial = 0; trial < 300; trial++) {
    const result = equivalenceTest(interval(rng.normal(), rng.random()), { low: -1, high: 1 });
    if (result.status !== "valid") throw new Error(result.reason);
    assert.equal(result.equivalent, result.ciLow > -1 && result.ciHigh < 1, `trial ${trial}`);
    assert.equal(result.p, Math.max(result.pLow, result.pHigh));
  }
});

Deno.test("equivalenceTest() hands on underpowered studies, rejects empty bounds, and needs more than equality", () => {
  assert.equal(equivalenceTest(declined, { low: -1, high: 1 }).status, "underpowered");
  assert.throws(() => equivalenceTest(interval(0, 1), { low: 1, high: 1 }), RangeError);
  const onTheBound = equivalenceTest(interval(1, 0), { low: -1, high: 1 });
  assert.ok(onTheBound.status === "valid" && !onTheBound.equivalent);
});

Deno.test("interactionContrast() is antisymmetric, reduces to one study, and hands on underpowered ones", () => {
  const a = interval(2, 1, 7);
  const b = interval(0.5, 2, 30);
  const forth = interactionContrast(a, b);
  const back = interactionContrast(b, a);
  if (forth.status !== "valid" || back.status !== "valid") throw new Error("needs both");
  assert.deepEqual([forth.value, forth.ciLow, forth.p], [-back.value, -back.ciHigh, back.p]);
  const exact = interactionContrast(a, interval(0, 0, 5));
  if (exact.status !== "valid") throw new Error(exact.reason);
  assertClose(exact.df, 7, 1e-12);
  assertClose(exact.p, a.p, 1e-12);
  for (const result of [interactionContrast(a, declined), interactionContrast(declined, a)]) {
    assert.ok(result.status === "underpowered" && result.reason === "t needs 10, got 3");
  }
});

Deno.test("minimumDetectableEffect() inverts testPower(), which is monotone and alpha at zero", () => {
  for (const df of [3, 8, 282, Infinity]) {
    const precision = { standardError: 0.03, df };
    assertClose(testPower(minimumDetectableEffect(0.8, precision), precision), 0.8, 1e-9);
    assertClose(testPower(0, precision), 0.05, 1e-9);
    const curve = powerCurve([0, 0.02, 0.04, 0.08], precision);
    assert.ok(curve.every((power, i) => i === 0 || power > curve[i - 1]!));
  }
});

Deno.test("equivalencePower() counts the normal draws that equivalenceTest() accepts", () => {
  const rng = defaultRng(4);
  const [standardError, n] = [0.5, 20000];
  let accepted = 0;
  for (let i = 0; i < n; i++) {
    const result = equivalenceTest(interval(0.3 + standardError * rng.normal(), standardError, Infinity), {
      low: -1.5,
      high: 1.2,
    });
    if (result.status === "valid" && result.equivalent) accepted++;
  }
  const expected = equivalencePower(0.3, { low: -1.5, high: 1.2, standardError });
  assertClose(accepted / n, expected, 5 * Math.sqrt(expected * (1 - expected) / n));
  assert.equal(equivalencePower(0, { low: -0.1, high: 0.1, standardError: 1 }), 0);
});

Deno.test("power functions reject what has no answer", () => {
  const precision = { standardError: 1, df: 5 };
  assert.throws(() => testPower(1, { standardError: 0, df: 5 }), RangeError);
  assert.throws(() => minimumDetectableEffect(0.05, precision), RangeError);
  assert.throws(() => minimumDetectableEffect(1, precision), RangeError);
  assert.throws(() => equivalencePower(0, { low: -1, high: 1, standardError: -1 }), RangeError);
});

Deno.test("bcaEstimate() moves both limits towards the side of the skew and needs draws on both sides", () => {
  const draws = Float64Array.from({ length: 999 }, (_, i) => i - 499);
  const plain = bcaEstimate(0, draws, { influence: [-1, 1] });
  const skewed = bcaEstimate(0, draws, { influence: [-1, -1, -1, 3] });
  assert.ok(skewed.ciLow > plain.ciLow && skewed.ciHigh > plain.ciHigh);
  assert.throws(() => bcaEstimate(1000, draws, { influence: [1] }), RangeError);
  assert.throws(() => bcaEstimate(0, [], { influence: [1] }), RangeError);
});

Deno.test("holm() and benjaminiHochberg() keep the order of p values, never lower one, and reject non-p values", () => {
  const rng = defaultRng(9);
  const p = Float64Array.from({ length: 30 }, () => studentTCdf(2 * rng.normal() - 1, 9));
  for (const adjust of [holm, benjaminiHochberg]) {
    const adjusted = adjust(p);
    for (let i = 0; i < p.length; i++) {
      assert.ok(adjusted[i]! >= p[i]! && adjusted[i]! <= 1);
      for (let j = 0; j < p.length; j++) if (p[i]! < p[j]!) assert.ok(adjusted[i]! <= adjusted[j]!);
    }
    assert.equal(adjust([]).length, 0);
    assert.throws(() => adjust([0.1, 1.5]), RangeError);
    assert.throws(() => adjust([NaN]), RangeError);
  }
});
