import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { matrixFromRows } from "../../lib/math/matrix.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { routeByPrice } from "../../lib/questions/cascade_calibrated.ts";
import { correctedCascade, quantileThresholds } from "../../lib/questions/cascade_corrected.ts";
import { type CostedModels, parameterTokens } from "../../lib/questions/cascade_models.ts";
import { outOfFoldScores } from "../../lib/questions/recalibrate.ts";
import { fitStandardizedProbe, recalibrateCorrected } from "../../lib/questions/recalibrate_corrected.ts";
import { correctedSelective, guaranteedCoverage } from "../../lib/questions/selective_corrected.ts";
import { riskCoverageAreas } from "../../lib/stats/aurc.ts";
import { purgedKFold } from "../../lib/stats/purged_folds.ts";
import { assertClose } from "../support.ts";

/** Items of known difficulty: the cheap model fails hard ones, the expensive one half as many. */
function world(n: number, seed: number) {
  const rng = defaultRng(seed);
  const difficulty = Array.from({ length: n }, () => rng.random());
  const cheapErrors = difficulty.map((d) => rng.random() < d ? 1 : 0);
  const expensiveErrors = difficulty.map((d) => rng.random() < d / 2 ? 1 : 0);
  const tokens = difficulty.map(() => 20 + rng.integers(80));
  const models: CostedModels = {
    cheapErrors,
    expensiveErrors,
    cheapCosts: parameterTokens(1, tokens),
    expensiveCosts: parameterTokens(5, tokens),
  };
  return { difficulty, models, noise: difficulty.map(() => rng.random()) };
}

const cascadeOptions = (seed: number) => ({
  nResamples: 300,
  nPermutations: 299,
  bootstrapRng: defaultRng(seed),
  shuffleRng: defaultRng(seed + 1),
});

Deno.test("correctedCascade() tells a score that knows from one that does not", () => {
  const { difficulty, models, noise } = world(1200, 1);
  const { probes, always_both } = correctedCascade({ difficulty, noise }, models, cascadeOptions(2));
  assert.ok(probes.difficulty!.area.ci_low! > 0);
  assert.equal(probes.difficulty!.shuffled.p_area, 1 / 300);
  assert.ok(probes.noise!.area.ci_low! < 0 && probes.noise!.area.ci_high! > 0);
  assert.ok(probes.noise!.shuffled.p_area > 0.05);
  for (const { frontier, n_dominating_points, shuffled } of Object.values(probes)) {
    assert.equal(frontier.filter((point) => point.is_dominating).length, n_dominating_points);
    assertClose(frontier[0]!.mean_cost, always_both.cost, 1e-9); // escalated items pay both models
    assertClose(frontier[0]!.mean_error, always_both.mean_error, 1e-12);
    assert.deepEqual([frontier.at(-1)!.tau, frontier.at(-1)!.frac_to_exp], [null, 0]);
    assert.ok(shuffled.area_low < 0 && shuffled.area_high > 0);
  }
});

Deno.test("correctedCascade() dominates only below what mixing the two models at random gives for that cost", () => {
  const models = { cheapErrors: [1, 0, 0, 0], expensiveErrors: [0, 0, 0, 0], cheapCosts: [1, 1, 1, 1] };
  const at = (expensive: number) =>
    correctedCascade({ s: [4, 3, 2, 1] }, { ...models, expensiveCosts: new Array(4).fill(expensive) }, {
      ...cascadeOptions(3),
      nThresholds: 4,
    });
  // One item escalated costs 1 + c / 4; mixing reaches 1/4 (1 - (c / 4) / (c - 1)) there, and 0 at cost c.
  assert.equal(at(5).probes.s!.n_dominating_points, 3); // costs 2.25, 3.5, 4.75 < 5; all four cost 6
  assert.equal(at(1.2).probes.s!.n_dominating_points, 0); // 1.3 > 1.2: always expensive is cheaper and as good
  assert.equal(at(5).probes.s!.share_of_oracle_area, 1);
});

Deno.test("correctedCascade() thresholds are quantiles: any increasing transform routes alike", () => {
  const { difficulty, models } = world(300, 4);
  const squeezed = difficulty.map((d) => 0.4 + 0.01 * d * d * d);
  const { probes } = correctedCascade({ difficulty, squeezed }, models, cascadeOptions(5));
  const shares = (name: string) => probes[name]!.frontier.map((point) => point.frac_to_exp);
  assert.deepEqual(shares("squeezed"), shares("difficulty"));
  assert.equal(probes.squeezed!.area.point, probes.difficulty!.area.point);
  assert.equal(quantileThresholds([1, 1, 1], 41).length, 1);
});

Deno.test("correctedCascade() takes cluster t on few clusters and says when there are too few", () => {
  const { difficulty, models } = world(300, 6);
  const run = (nClusters: number) =>
    correctedCascade({ difficulty }, models, {
      ...cascadeOptions(7),
      clusters: difficulty.map((_, i) => i % nClusters),
    }).probes.difficulty!.area;
  assert.equal(run(9).method, "cluster t");
  assert.equal(run(60).method, "cluster bootstrap");
  assert.match(run(2).underpowered!, /2 clusters/);
  assert.equal(run(9).point, run(60).point);
});

Deno.test("correctedCascade() refuses models that err alike, no items, costs that are not positive", () => {
  const run = (models: CostedModels) => correctedCascade({}, models, cascadeOptions(1));
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  const two = { cheapErrors: [1, 0], expensiveErrors: [1, 0], cheapCosts: [1, 1], expensiveCosts: [5, 5] };
  assert.throws(() => run(two), refuses("single-class"));
  assert.throws(
    () => run({ cheapErrors: [], expensiveErrors: [], cheapCosts: [], expensiveCosts: [] }),
    refuses("empty-split"),
  );
  assert.throws(() => run({ ...two, expensiveErrors: [NaN, 0] }), refuses("non-finite"));
  assert.throws(() => run({ ...two, cheapCosts: [0, 1] }), RangeError);
  assert.throws(() => run({ ...two, expensiveErrors: [0, 0], expensiveCosts: [5, -1] }), RangeError);
  assert.throws(() => run({ ...two, cheapCosts: [1] }), RangeError);
});

Deno.test("routeByPrice() with true probabilities plans what happens, and a higher price escalates fewer", () => {
  const { difficulty, models } = world(20000, 8);
  const expected = { cheap: difficulty, expensive: difficulty.map((d) => d / 2) };
  const points = routeByPrice(expected, models, [0, 0.0005, 0.001, 0.01]);
  for (const { planned_error, mean_error } of points) assertClose(planned_error, mean_error, 0.012);
  for (let i = 1; i < points.length; i++) assert.ok(points[i]!.frac_to_exp < points[i - 1]!.frac_to_exp);
  assert.equal(points[0]!.frac_to_exp, 1);
  const broken = { cheap: difficulty.map(() => NaN), expensive: difficulty };
  assert.throws(() => routeByPrice(broken, models, [0]), GuardrailError);
  assert.throws(() => routeByPrice({ cheap: [0], expensive: [0] }, models, [0]), RangeError);
});

Deno.test("correctedSelective() puts the areas between chance and oracle, with intervals and deltas", () => {
  const { difficulty, models, noise } = world(800, 9);
  const errors = models.cheapErrors;
  const result = correctedSelective({ difficulty, noise, oracle: Array.from(errors) }, errors, {
    nResamples: 300,
    rng: defaultRng(10),
    deltas: [["difficulty", "noise"]],
  });
  assertClose(result.random.aurc, result.mean_error, 1e-14);
  assertClose(result.random.augrc, result.mean_error / 2, 1e-14);
  const { difficulty: knows, noise: blind, oracle } = result.probes;
  assertClose(oracle!.share_of_oracle_augrc, 1, 1e-12);
  assert.equal(oracle!.excess_aurc, 0);
  assert.ok(Math.abs(blind!.share_of_oracle_augrc) < 0.1);
  assertClose(knows!.augrc.point, riskCoverageAreas(difficulty, errors).augrc, 1e-13);
  assert.ok(knows!.augrc.ci_low! < knows!.augrc.point && knows!.augrc.point < knows!.augrc.ci_high!);
  const delta = result.deltas["difficulty-noise"]!;
  assertClose(delta.point, knows!.augrc.point - blind!.augrc.point, 1e-13);
  assert.ok(delta.ci_high! < 0);
});

Deno.test("correctedSelective() intervals follow the clusters, and equal errors are refused", () => {
  const { difficulty, models } = world(300, 11);
  const options = { nResamples: 50, rng: defaultRng(1) };
  const run = (nClusters: number) =>
    correctedSelective({ difficulty }, models.cheapErrors, {
      ...options,
      clusters: difficulty.map((_, i) => i % nClusters),
    }).probes.difficulty!.aurc.method;
  assert.deepEqual([run(9), run(30)], ["cluster t", "cluster bootstrap"]);
  assert.throws(() => correctedSelective({ a: [1, 2] }, [1, 1], options), GuardrailError);
  assert.throws(() => correctedSelective({ a: [1] }, [1, 0], options), RangeError);
  assert.throws(
    () => correctedSelective({ a: [1, 2] }, [1, 0], { ...options, deltas: [["a", "b"]] }),
    RangeError,
  );
});

Deno.test("guaranteedCoverage() keeps the risk on new items, over all and by group, and more risk buys coverage", () => {
  const part = (seed: number) => {
    const { difficulty, models } = world(6000, seed);
    const groups = difficulty.map((_, i) => i % 2 === 0 ? "even" : "odd");
    return { scores: difficulty, errors: models.cheapErrors, groups };
  };
  const points = guaranteedCoverage(part(12), part(13), { alphas: [0.05, 0.1, 0.2] });
  for (const point of points) {
    assert.ok(point.test_risk < point.alpha + 0.012, `${point.alpha}: ${point.test_risk}`); // 3 sd of 6000 items
    assert.ok(point.test_risk > point.alpha - 0.02);
    // A score equal to the chance of failing: the risk at threshold t is t^2 / 2, the coverage t.
    assertClose(point.test_coverage, Math.sqrt(2 * point.alpha), 0.03);
    assertClose(point.test_selective_risk!, point.test_risk / point.test_coverage, 1e-12);
    assert.deepEqual(Object.keys(point.by_group).sort(), ["even", "odd"]);
    for (const group of Object.values(point.by_group)) assert.ok(group.test_risk < point.alpha + 0.017);
  }
  const few = guaranteedCoverage({ scores: [1], errors: [0] }, part(13), { alphas: [0.1] })[0]!;
  assert.deepEqual([few.test_coverage, few.threshold, few.test_selective_risk], [0, null, null]);
  assert.throws(
    () => guaranteedCoverage(part(12), { scores: [], errors: [] }, { alphas: [0.1] }),
    GuardrailError,
  );
});

Deno.test("recalibrateCorrected() mends an overconfident score, by all three curves", () => {
  const part = (seed: number) => {
    const { difficulty, models } = world(4000, seed);
    const logit = difficulty.map((d) => 3 * Math.log(d / (1 - d)));
    return { scores: logit.map((z) => 1 / (1 + Math.exp(-z))), labels: models.cheapErrors };
  };
  const { calibratable, reason, metrics } = recalibrateCorrected(part(14), part(15));
  assert.deepEqual([calibratable, reason], [true, null]);
  assert.ok(metrics.raw!.ece_debiased > 0.13);
  // Platt's curve runs over probabilities, as published, and cannot undo a factor on the logit: it helps only.
  for (const [curve, most] of [["platt", 0.1], ["isotonic", 0.03], ["beta", 0.03]] as const) {
    assert.ok(metrics[curve]!.ece_debiased < most, `${curve}: ${metrics[curve]!.ece_debiased}`);
    assert.ok(metrics[curve]!.brier < metrics.raw!.brier);
  }
  // Monotone curves keep the ranking.
  assertClose(metrics.beta!.auroc, metrics.raw!.auroc, 1e-12);
  assert.equal(metrics.raw!.bins.length, 10);
});

Deno.test("recalibrateCorrected() withholds every curve when the score falls with difficulty", () => {
  const { difficulty, models } = world(500, 16);
  const upside = { scores: difficulty.map((d) => 1 - d), labels: models.cheapErrors };
  const result = recalibrateCorrected(upside, upside);
  assert.equal(result.calibratable, false);
  assert.match(result.reason!, /needs a Platt slope > 0 .* got -\d/);
  assert.deepEqual(Object.keys(result.metrics), ["raw"]);
  assert.deepEqual(Object.keys(result.probabilities), ["raw"]);
  assert.equal(result.beta, null);
});

Deno.test("outOfFoldScores() of the ladder's own fit: any scale of a column gives the same scores", () => {
  const rng = defaultRng(17);
  const rows = Array.from({ length: 120 }, () => [rng.normal(), rng.normal()]);
  const labels = rows.map(([x]) => x! + rng.normal() > 0 ? 1 : 0);
  const folds = purgedKFold(120, { nSplits: 4, purge: 5 });
  const score = (unit: number) =>
    outOfFoldScores(matrixFromRows(rows.map(([x, y]) => [unit * x!, y!])), labels, {
      folds,
      c: 0.3,
      fit: fitStandardizedProbe,
    });
  const [metres, millimetres] = [score(1), score(1000)];
  metres.forEach((value, i) => assertClose(value, millimetres[i]!, 1e-6));
  assert.ok(recalibrateCorrected({ scores: metres, labels }, { scores: metres, labels }).calibratable);
});
