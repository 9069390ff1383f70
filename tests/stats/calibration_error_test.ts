import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { calibrationError } from "../../lib/stats/calibration_error.ts";
import { assertClose, golden } from "../support.ts";

Deno.test("calibrationError() meets Kumar et al.'s implementation, ties included", () => {
  let nCases = 0;
  for (const { id, input, expected } of golden("decisions")) {
    if (!id.startsWith("kumar")) continue;
    nCases++;
    const found = calibrationError(input.labels, input.probabilities, input.nBins);
    for (const key of ["ece", "debiasedEce", "squaredError", "debiasedSquaredError"] as const) {
      assertClose(found[key], expected[key], 1e-10, `${id} ${key}`);
    }
    // Theirs averages 100,000 random draws instead of integrating.
    assertClose(found.debiasedEce, expected.debiasedEceByDraws, 3e-4, `${id} by draws`);
    assert.equal(found.bins.reduce((sum, { count }) => sum + count, 0), input.labels.length);
  }
  assert.equal(nCases, 3);
});

Deno.test("calibrationError() debiased squared error averages to the truth, the debiased ECE to 0.59 of its excess", () => {
  // Calibrated by construction, so the truth is 0; bins of 25 items.
  const rng = defaultRng(6);
  const sums = { plain: 0, debiased: 0, ece: 0, debiasedEce: 0, squares: 0 };
  const nTrials = 400;
  for (let trial = 0; trial < nTrials; trial++) {
    const p = Array.from({ length: 250 }, () => rng.random());
    const found = calibrationError(p.map((value) => rng.random() < value ? 1 : 0), p, 10);
    sums.plain += found.squaredError / nTrials;
    sums.debiased += found.debiasedSquaredError / nTrials;
    sums.squares += found.debiasedSquaredError * found.debiasedSquaredError / nTrials;
    sums.ece += found.ece / nTrials;
    sums.debiasedEce += found.debiasedEce / nTrials;
  }
  const monteCarloError = Math.sqrt((sums.squares - sums.debiased * sums.debiased) / nTrials);
  assert.ok(Math.abs(sums.debiased) < 4 * monteCarloError, `${sums.debiased} +- ${monteCarloError}`);
  assert.ok(sums.plain > 20 * monteCarloError);
  // E(2 |d| - E|N(d, s^2)|) for d ~ N(0, s^2) is (2 - sqrt 2) E|d|.
  assertClose(sums.debiasedEce / sums.ece, 2 - Math.SQRT2, 0.03);
});

Deno.test("calibrationError() bins differ by one item at most, never part equal scores nor leave one alone", () => {
  const rng = defaultRng(7);
  for (let trial = 0; trial < 50; trial++) {
    const n = 2 + rng.integers(80);
    const nBins = 1 + rng.integers(12);
    const tied = trial % 2 === 1;
    const p = Array.from({ length: n }, () => tied ? rng.integers(6) / 5 : rng.random());
    const { bins } = calibrationError(p.map(() => rng.integers(2)), p, nBins);
    const counts = bins.map(({ count }) => count);
    assert.equal(counts.reduce((sum, count) => sum + count, 0), n);
    assert.ok(Math.min(...counts) >= 2, `trial ${trial}`);
    if (!tied && n >= 2 * nBins) {
      assert.equal(counts.length, nBins);
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
    }
    for (let b = 1; b < bins.length; b++) assert.ok(bins[b]!.meanPredicted > bins[b - 1]!.meanPredicted);
  }
});

Deno.test("calibrationError() refuses what has no answer", () => {
  assert.throws(() => calibrationError([1], [0.5]), GuardrailError);
  assert.throws(() => calibrationError([1, 0], [NaN, 0.5]), GuardrailError);
  assert.throws(() => calibrationError([1, 0], [0.5]), RangeError);
  assert.throws(() => calibrationError([1, 2], [0.5, 0.5]), RangeError);
  assert.throws(() => calibrationError([1, 0], [0.5, 1.5]), RangeError);
  assert.throws(() => calibrationError([1, 0], [0.5, 0.5], 0), RangeError);
});
