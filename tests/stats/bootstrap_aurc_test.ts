import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { riskCoverageAreas } from "../../lib/stats/aurc.ts";
import { areaDeltaInfluence, areaInfluence } from "../../lib/stats/aurc_influence.ts";
import { AREAS, bootstrapAreas } from "../../lib/stats/bootstrap_aurc.ts";
import { bootstrapRiskCurve } from "../../lib/stats/bootstrap_risk_curve.ts";
import { estimateArea } from "../../lib/stats/infer_areas.ts";
import { assertAllClose, assertClose } from "../support.ts";

/** Scores with and without ties, continuous errors, clusters of unequal size. */
function study(n: number, seed: number) {
  const rng = defaultRng(seed);
  const errors = Array.from({ length: n }, () => Math.max(0, rng.normal()));
  const fine = errors.map((error) => error + rng.normal());
  return {
    errors,
    scores: { fine, coarse: fine.map((score) => Math.round(score)) },
    clusters: errors.map((_, i) => `c${Math.floor(Math.sqrt(i))}`),
  };
}

Deno.test("bootstrapAreas() resamples the ranking: each draw is riskCoverageAreas() of the drawn items", () => {
  const { errors, scores } = study(40, 1);
  const { draws } = bootstrapAreas(scores, errors, { nResamples: 30, rng: defaultRng(2) });
  const rng = defaultRng(2);
  for (let r = 0; r < 30; r++) {
    const rows = rng.choice(40, 40, { replace: true });
    const pick = (values: readonly number[]) => Array.from(rows, (row) => values[row]!);
    for (const rung of ["fine", "coarse"] as const) {
      const naive = riskCoverageAreas(pick(scores[rung]), pick(errors));
      for (const area of AREAS) {
        assertClose(draws[rung]![area][r]!, naive[area], 1e-12, `${rung} ${area} ${r}`);
      }
    }
  }
});

Deno.test("bootstrapAreas() draws whole clusters, all their items each time", () => {
  const { errors, scores, clusters } = study(50, 3);
  const { draws } = bootstrapAreas(scores, errors, { nResamples: 20, rng: defaultRng(4), clusters });
  const names = [...new Set(clusters)];
  const rng = defaultRng(4);
  const sizes = new Set<number>();
  for (let r = 0; r < 20; r++) {
    const rows = Array.from(
      rng.choice(names.length, names.length, { replace: true }),
      (drawn) => clusters.flatMap((cluster, row) => cluster === names[drawn] ? [row] : []),
    ).flat();
    sizes.add(rows.length);
    const naive = riskCoverageAreas(rows.map((row) => scores.coarse[row]!), rows.map((row) => errors[row]!));
    for (const area of AREAS) assertClose(draws.coarse![area][r]!, naive[area], 1e-12, `${area} ${r}`);
  }
  assert.ok(sizes.size > 5, "resamples of clusters differ in size");
});

Deno.test("bootstrapAreas() pairs its rungs: a delta is the difference of draws, 0 for equal scores", () => {
  const { errors, scores } = study(60, 5);
  const twins = { a: scores.fine, b: scores.fine.map((score) => Math.exp(score)), c: scores.coarse };
  const result = bootstrapAreas(twins, errors, { nResamples: 200, rng: defaultRng(6) });
  assert.deepEqual(result.delta("a", "b", "aurc"), { value: 0, ciLow: 0, ciHigh: 0, nResamples: 200 });
  const { value, ciLow, ciHigh } = result.delta("c", "a", "augrc");
  assertClose(value, result.estimates.c!.augrc.value - result.estimates.a!.augrc.value, 1e-15);
  assert.ok(ciLow < value && value < ciHigh);
  assert.throws(() => result.delta("a", "z", "aurc"), RangeError);
});

Deno.test("areaInfluence() is the jackknife to first order, with and without ties", () => {
  const { errors, scores } = study(400, 7);
  for (const rung of ["fine", "coarse"] as const) {
    for (const area of ["aurc", "augrc"] as const) {
      const { value, influence } = areaInfluence(scores[rung], errors, area);
      assertClose(value, riskCoverageAreas(scores[rung], errors)[area], 1e-13);
      assertClose(influence.reduce((sum, x) => sum + x, 0), 0, 1e-13);
      const scale = Math.sqrt(influence.reduce((sum, x) => sum + x * x, 0) / 400);
      for (let i = 0; i < 400; i += 13) {
        const without = riskCoverageAreas(scores[rung].toSpliced(i, 1), errors.toSpliced(i, 1))[area];
        assertClose(influence[i]!, (value - without) * 399 / 400, 0.05 * scale, `${rung} ${area} ${i}`);
      }
    }
  }
});

Deno.test("areaInfluence() and the bootstrap agree on the standard error of a paired difference", () => {
  const { errors, scores } = study(500, 8);
  const { influence, value } = areaDeltaInfluence(scores.fine, scores.coarse, errors, "aurc");
  const analytic = Math.sqrt(influence.reduce((sum, x) => sum + x * x, 0));
  const { draws } = bootstrapAreas(scores, errors, { nResamples: 1000, rng: defaultRng(9) });
  const differences = draws.fine!.aurc.map((draw, r) => draw - draws.coarse!.aurc[r]!);
  const deviation = Math.sqrt(differences.reduce((sum, x) => sum + (x - value) * (x - value), 0) / 1000);
  assertClose(deviation / analytic, 1, 0.12);
});

Deno.test("estimateArea() takes the bootstrap with many clusters, t with few, and refuses two", () => {
  const { errors, scores } = study(90, 10);
  const influence = areaInfluence(scores.fine, errors, "augrc");
  const of = (nClusters: number) => errors.map((_, i) => i % nClusters);
  assert.equal(estimateArea(influence, [1, 2, 3], undefined).method, "bootstrap");
  assert.equal(estimateArea(influence, [1, 2, 3], of(30)).method, "cluster bootstrap");
  const few = estimateArea(influence, [], of(9));
  assert.equal(few.method, "cluster t");
  assert.ok(few.ci_low! < few.point && few.point < few.ci_high!);
  const refused = estimateArea(influence, [], of(2));
  assert.equal(refused.ci_low, null);
  assert.match(refused.underpowered!, /2 clusters/);
});

Deno.test("bootstrapRiskCurve() bands hold the curve and resample its ranking", () => {
  const { errors, scores, clusters } = study(60, 11);
  const coverages = [0.25, 0.5, 1];
  const bands = bootstrapRiskCurve(scores.coarse, errors, { coverages, nResamples: 25, rng: defaultRng(12) });
  const rng = defaultRng(12);
  const naive = Array.from({ length: 25 }, () => {
    const rows = rng.choice(60, 60, { replace: true });
    const drawn = Array.from(rows, (row) => ({ score: scores.coarse[row]!, error: errors[row]! }));
    return coverages.map((coverage) => keptError(drawn, coverage * 60) / 60);
  });
  coverages.forEach((_, c) => {
    const sorted = naive.map((row) => row[c]!).sort((a, b) => a - b);
    assertClose(bands.generalizedRisk.low[c]!, sorted[0]! + (sorted[1]! - sorted[0]!) * 0.6, 1e-12);
  });
  const items = errors.map((error, i) => ({ score: scores.coarse[i]!, error }));
  assertAllClose(bands.generalizedRisk.value, coverages.map((c) => keptError(items, c * 60) / 60), 1e-12);
  assertClose(bands.selectiveRisk.value[1]!, bands.generalizedRisk.value[1]! / 0.5, 1e-15);
  const wide = bootstrapRiskCurve(scores.coarse, errors, {
    coverages,
    nResamples: 99,
    rng: defaultRng(1),
    clusters,
  });
  assert.ok(wide.generalizedRisk.low[2]! < wide.generalizedRisk.high[2]!);
  const refused = { coverages: [0], nResamples: 1, rng: defaultRng(1) };
  assert.throws(() => bootstrapRiskCurve(scores.fine, errors, refused), RangeError);
});

Deno.test("bootstrapAreas() refuses no items, non-finite numbers and unequal lengths", () => {
  const options = { nResamples: 2, rng: defaultRng(1) };
  assert.throws(() => bootstrapAreas({ a: [] }, [], options), GuardrailError);
  assert.throws(() => bootstrapAreas({ a: [NaN] }, [1], options), GuardrailError);
  assert.throws(() => bootstrapAreas({ a: [1] }, [1, 2], options), RangeError);
  assert.throws(() => bootstrapAreas({ a: [1, 2] }, [1, 2], { ...options, clusters: ["x"] }), RangeError);
});

/** Expected error of the first `count` items, a group of ties in any order. */
function keptError(
  items: readonly { readonly score: number; readonly error: number }[],
  count: number,
): number {
  let left = count;
  let sum = 0;
  for (const score of [...new Set(items.map((item) => item.score))].sort((a, b) => a - b)) {
    const group = items.filter((item) => item.score === score);
    const share = Math.min(1, left / group.length);
    sum += share * group.reduce((total, { error }) => total + error, 0);
    left -= share * group.length;
  }
  return sum;
}
