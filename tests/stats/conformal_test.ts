import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import {
  conformalizePaths,
  conformalizePoints,
  conformalizeQuantiles,
  conformalQuantile,
  intervalCoverage,
  intervalWidths,
  stretchIntervals,
} from "../../lib/stats/conformal_interval.ts";
import { answered, controlRisk, controlRiskByGroup } from "../../lib/stats/conformal_risk.ts";
import { guaranteeSelectiveRisk } from "../../lib/stats/selective_guarantee.ts";
import {
  checkIntervals,
  checkRiskControl,
  checkSelectiveGuarantee,
  type GuaranteeCheck,
} from "../../lib/stats/simulate/conformal.ts";
import { assertAllClose, assertClose } from "../support.ts";

/** Three Monte Carlo errors; the long form (5000 samples) is tests/bench/conformal_guarantees.ts. */
function assertHolds({ method, level, mean, monteCarloError, atMost, atLeast }: GuaranteeCheck) {
  const what = `${method} at ${level}: ${mean} +- ${monteCarloError}`;
  assert.ok(mean <= atMost + 3 * monteCarloError, what);
  assert.ok(mean >= (atLeast ?? 0) - 3 * monteCarloError, what);
}

for (const alpha of [0.05, 0.1, 0.2]) {
  const options = () => ({ nSimulations: 500, nItems: 150, alpha, rng: defaultRng(31) });

  Deno.test(`controlRisk() and controlRiskByGroup() hold the risk at ${alpha}, a common threshold does not`, () => {
    const checks = checkRiskControl(options());
    checks.forEach(assertHolds);
    const common = checks.at(-1)!;
    assert.ok(
      common.mean > alpha + 3 * common.monteCarloError,
      "the hardest group breaks the common threshold",
    );
  });

  Deno.test(`guaranteeSelectiveRisk() breaks ${alpha} in at most a tenth of samples`, () => {
    const check = checkSelectiveGuarantee({ ...options(), nItems: 1000 });
    assertHolds(check);
    assert.ok(check.mean > 0.02, "the least favourable threshold does pass sometimes");
  });

  Deno.test(`conformalizePoints() and conformalizeQuantiles() cover ${1 - alpha}`, () => {
    checkIntervals(options()).forEach(assertHolds);
  });
}

Deno.test("controlRisk() is the largest threshold that the bound allows, found by trying all", () => {
  const rng = defaultRng(5);
  for (let trial = 0; trial < 200; trial++) {
    const n = 1 + rng.integers(40);
    const scores = Array.from({ length: n }, () => rng.integers(12));
    const errors = scores.map(() => rng.integers(3) / 2);
    const alpha = (1 + rng.integers(9)) / 10;
    const bound = (t: number) =>
      (scores.reduce((sum, s, i) => sum + (s < t ? errors[i]! : 0), 0) + 1) / (n + 1);
    const candidates = [-Infinity, ...scores, Infinity].filter((t) => bound(t) <= alpha + 1e-12);
    const expected = candidates.length === 0 ? -Infinity : Math.max(...candidates);
    const control = controlRisk(scores, errors, { alpha });
    assert.equal(control.threshold, expected, `trial ${trial}`);
    const kept = answered(scores, control);
    assertClose(control.coverage, kept.reduce((sum, k) => sum + k, 0) / n, 1e-15);
    assertClose(control.risk, kept.reduce((sum, k, i) => sum + k * errors[i]!, 0) / n, 1e-15);
  }
});

Deno.test("controlRiskByGroup() is controlRisk() inside each group; strangers are not answered", () => {
  const scores = [1, 2, 3, 4, 5, 6];
  const errors = [0, 0, 1, 1, 1, 0];
  const groups = ["a", "b", "a", "b", "a", "b"];
  const byGroup = controlRiskByGroup(scores, errors, groups, { alpha: 0.5 });
  assert.deepEqual(byGroup.get("a"), controlRisk([1, 3, 5], [0, 1, 1], { alpha: 0.5 }));
  assert.deepEqual(byGroup.get("b"), controlRisk([2, 4, 6], [0, 1, 0], { alpha: 0.5 }));
  assert.deepEqual([...answered([0, 0], { byGroup, groups: ["a", "c"] })], [1, 0]);
});

Deno.test("controlRisk() answers nothing with too few items, and scales with the largest error", () => {
  assert.equal(controlRisk([1, 2], [0, 0], { alpha: 0.3 }).threshold, -Infinity); // needs 1 / 0.3 - 1 = 2.3 items
  assert.equal(controlRisk([1, 2, 3], [0, 0, 0], { alpha: 0.3 }).threshold, Infinity);
  const unit = controlRisk([1, 2, 3, 4], [0, 0.5, 1, 1], { alpha: 0.4 });
  const crps = controlRisk([1, 2, 3, 4], [0, 5, 10, 10], { alpha: 4, maxError: 10 });
  assert.equal(unit.threshold, crps.threshold);
});

Deno.test("guaranteeSelectiveRisk() p values are exact binomial tails", () => {
  // 20 answered, none wrong: P(Bin(20, 0.1) = 0) = 0.9^20 = 0.1216
  const scores = Array.from({ length: 20 }, () => 0);
  const zeros = scores.map(() => 0);
  const run = (delta: number) =>
    guaranteeSelectiveRisk(scores, zeros, { alpha: 0.1, delta, candidates: [1] });
  assert.equal(run(0.1217).threshold, 1);
  assert.equal(run(0.1215).threshold, null);
  const two = guaranteeSelectiveRisk(scores, zeros, { alpha: 0.1, delta: 0.1217, candidates: [1, -1] });
  assert.equal(two.threshold, null); // Bonferroni
});

Deno.test("conformalQuantile() covers exactly ceil((n + 1)(1 - alpha)) / (n + 1) of exchangeable draws", () => {
  // Leave one out of n + 1 distinct scores: the share of them at or below the others' quantile is exact.
  for (const [n, alpha] of [[9, 0.1], [20, 0.3], [19, 0.05], [7, 0.5]] as const) {
    const rng = defaultRng(n);
    const all = Array.from({ length: n + 1 }, () => rng.random());
    const covered = all.filter((score, i) => score <= conformalQuantile(all.toSpliced(i, 1), alpha).amount);
    assert.equal(covered.length, Math.ceil((n + 1) * (1 - alpha) - 1e-9), `${n} items, alpha ${alpha}`);
  }
});

Deno.test("conformalizePoints() with a scale gives intervals proportional to it", () => {
  const forecast = Float64Array.of(0, 0, 0, 0);
  const scale = [1, 2, 3, 4];
  const correction = conformalizePoints([1, -4, 3, 8], forecast, { alpha: 0.4, scale });
  assert.equal(correction.amount, 2);
  const { lower, upper } = stretchIntervals({ lower: forecast, upper: forecast }, correction, scale);
  assert.deepEqual([...upper], [2, 4, 6, 8]);
  assert.deepEqual([...intervalWidths({ lower, upper })], [4, 8, 12, 16]);
});

Deno.test("conformalizeQuantiles() shrinks a band that is too wide; limits that would cross meet", () => {
  const wide = { lower: Float64Array.of(-10, -10, -10), upper: Float64Array.of(10, 10, 10) };
  const correction = conformalizeQuantiles([1, -2, 3], wide, { alpha: 0.25 });
  assert.equal(correction.amount, -7);
  assert.deepEqual([...stretchIntervals(wide, correction).upper], [3, 3, 3]);
  const narrow = { lower: Float64Array.of(0), upper: Float64Array.of(2) };
  const { lower, upper } = stretchIntervals(narrow, correction);
  assert.deepEqual([lower[0], upper[0]], [1, 1]);
});

Deno.test("conformalizePaths() scores an item by its worst step", () => {
  const intervals = { lower: new Float64Array(6), upper: new Float64Array(6).fill(1) };
  const observed = [0.5, 0.5, 2, 0.5, 0.5, -3]; // three items of two steps: -0.5, 1, 3
  assert.equal(conformalizePaths(observed, intervals, { alpha: 0.5, nSteps: 2 }).amount, 1);
  assert.equal(conformalizePaths(observed, intervals, { alpha: 0.25, nSteps: 2 }).amount, 3);
  assert.throws(() => conformalizePaths(observed, intervals, { alpha: 0.5, nSteps: 4 }), RangeError);
});

Deno.test("intervalCoverage() counts by band of width, limits included", () => {
  const lower = Float64Array.of(0, 0, 0, 0);
  const upper = Float64Array.of(1, 2, 3, 4);
  const { coverage, meanWidth, byWidth } = intervalCoverage([1, 3, 3, -1], { lower, upper }, 2);
  assert.deepEqual([coverage, meanWidth], [0.5, 2.5]);
  assert.deepEqual(byWidth.map(({ coverage: share, count }) => [share, count]), [[0.5, 2], [0.5, 2]]);
  assertAllClose(byWidth.map((band) => band.meanWidth), [1.5, 3.5], 1e-15);
  assertAllClose(intervalWidths({ lower, upper }, 2), [1.5, 3.5], 1e-15);
});

Deno.test("conformal functions refuse what has no answer", () => {
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  assert.throws(() => controlRisk([], [], { alpha: 0.1 }), refuses("empty-split"));
  assert.throws(() => controlRisk([NaN], [0], { alpha: 0.1 }), refuses("non-finite"));
  assert.throws(() => controlRisk([1], [2], { alpha: 0.1 }), RangeError);
  assert.throws(() => controlRisk([1], [0], { alpha: 0 }), RangeError);
  assert.throws(() => controlRisk([1, 2], [0], { alpha: 0.1 }), RangeError);
  assert.throws(() => controlRiskByGroup([1], [0], [], { alpha: 0.1 }), RangeError);
  assert.throws(() => answered([NaN], controlRisk([1], [0], { alpha: 0.5 })), refuses("non-finite"));
  assert.throws(() => conformalQuantile([], 0.1), refuses("empty-split"));
  assert.throws(() => conformalQuantile([NaN], 0.1), refuses("non-finite"));
  assert.throws(() => conformalQuantile([1], 1), RangeError);
  assert.throws(() => conformalizePoints([1], [1], { alpha: 0.1, scale: [0] }), RangeError);
  assert.throws(() => conformalizePoints([1], [], { alpha: 0.1 }), RangeError);
  const guarantee = { alpha: 0.1, delta: 0.1, candidates: [1] };
  assert.throws(() => guaranteeSelectiveRisk([], [], guarantee), refuses("empty-split"));
  assert.throws(() => guaranteeSelectiveRisk([NaN], [0], guarantee), refuses("non-finite"));
  assert.throws(() => guaranteeSelectiveRisk([1], [0.5], guarantee), RangeError);
  assert.throws(() => guaranteeSelectiveRisk([1], [0, 1], guarantee), RangeError);
  assert.throws(() => guaranteeSelectiveRisk([1], [0], { ...guarantee, candidates: [] }), RangeError);
  assert.throws(() => guaranteeSelectiveRisk([1], [0], { ...guarantee, delta: 1 }), RangeError);
  const empty = { lower: new Float64Array(0), upper: new Float64Array(0) };
  assert.throws(() => intervalCoverage([], empty), refuses("empty-split"));
  assert.throws(() => intervalWidths({ lower: new Float64Array(1), upper: new Float64Array(2) }), RangeError);
});
