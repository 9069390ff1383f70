/** Seeds, confounds, forecast intervals and blocked claims: the corrected protocol's reports beside each claim. */
import assert from "node:assert/strict";
import { defaultRng } from "../../lib/math/random.ts";
import { type ClaimEvidence, gateRequirement, judgeClaim } from "../../lib/questions/claims_corrected.ts";
import { confoundReport, strataOf } from "../../lib/questions/confounds_corrected.ts";
import { conformalForecast } from "../../lib/questions/intervals_corrected.ts";
import { effectOverSeeds } from "../../lib/questions/seeds_corrected.ts";
import { auroc } from "../../lib/stats/auroc.ts";
import { equivalenceTest } from "../../lib/stats/equivalence.ts";
import { type Inference, tInterval } from "../../lib/stats/interval.ts";
import { stratifiedAuroc } from "../../lib/stats/stratified_auroc.ts";
import { assertClose } from "../support.ts";

const within = (value: number, standardError: number): Inference =>
  tInterval({ method: "z", value, standardError, df: Infinity, nUnits: 1000 });

function normal(rng: { random(): number }): number {
  return Math.sqrt(-2 * Math.log(1 - rng.random())) * Math.cos(2 * Math.PI * rng.random());
}

Deno.test("effectOverSeeds() covers the expected effect in 95 % when seeds and items both vary, items alone in far fewer", () => {
  const rng = defaultRng(3);
  let covered = 0, naive = 0;
  const nSimulations = 2000;
  for (let k = 0; k < nSimulations; k++) {
    const shared = normal(rng); // the seeds see the same items
    const seeds = Array.from({ length: 5 }, () => within(shared + 2 * normal(rng), 1));
    const { inference } = effectOverSeeds(seeds);
    assert.ok(inference.status === "valid");
    if (inference.ciLow <= 0 && inference.ciHigh >= 0) covered++;
    if (Math.abs(seeds[0]!.value) <= 1.96) naive++;
  }
  assert.ok(covered / nSimulations >= 0.95 - 3 * 0.005, `${covered / nSimulations}`);
  assert.ok(naive / nSimulations < 0.7, `${naive / nSimulations}`);
});

Deno.test("effectOverSeeds() keeps the item noise when seeds agree, and refuses too few or underpowered seeds", () => {
  const same = effectOverSeeds(Array.from({ length: 5 }, () => within(0.2, 0.1)));
  assert.ok(same.inference.status === "valid");
  assertClose(same.inference.standardError, 0.1, 1e-15);
  assert.equal(same.inference.df, 4);
  const four = effectOverSeeds([1, 2, 3, 4].map((value) => within(value, 0.1)));
  assert.ok(four.inference.status === "underpowered" && four.inference.reason.includes("got 4"));
  assertClose(four.seed_sd!, Math.sqrt(5 / 3), 1e-15);
  assert.equal(effectOverSeeds([within(1, 0.1)]).seed_sd, null);
  const refused: Inference = {
    status: "underpowered",
    method: "t",
    value: 1,
    nUnits: 3,
    reason: "3 clusters",
  };
  const some = effectOverSeeds([refused, ...[1, 2, 3, 4, 5].map((value) => within(value, 0.1))]);
  assert.ok(some.inference.status === "underpowered" && some.inference.reason.includes("3 clusters"));
  assert.throws(() => effectOverSeeds([]), RangeError);
});

Deno.test("confoundReport() ranks trivial columns, flags the strong one and compares within its strata", () => {
  const rng = defaultRng(8);
  const length = Array.from({ length: 600 }, () => rng.integers(9));
  const labels = length.map((words) => rng.random() < 0.9 - 0.09 * words ? 1 : 0);
  const noise = length.map(() => rng.random());
  const rung = labels.map((label, i) => label + length[i]! / 2 + 2 * rng.random()); // masked by length
  const report = confoundReport({
    labels,
    trivial: {
      names: ["noise", "constant", "length"],
      matrix: {
        data: Float64Array.from(length.flatMap((words, i) => [noise[i]!, 1, words])),
        nRows: 600,
        nCols: 3,
      },
    },
    scores: { rung },
    clusters: length.map((_, i) => i % 60),
  });
  assert.deepEqual(report.predictors.map(({ name }) => name), ["length", "noise", "constant"]);
  assert.deepEqual([report.strongest, report.is_confounded, report.n_strata], ["length", true, 9]);
  assert.equal(report.predictors[0]!.auroc, auroc(length, labels));
  assert.equal(report.predictors[0]!.strength, auroc(length.map((x) => -x), labels));
  assert.equal(report.predictors[2]!.inference, null);
  const own = stratifiedAuroc(rung, labels, length);
  assert.equal(report.rungs.rung!.within_auroc, own.value);
  assert.equal(report.share_of_pairs, own.nPairs / own.nAllPairs);
  assert.ok(own.value > report.rungs.rung!.auroc, "length masked the rung");
  const { inference } = report.rungs.rung!;
  assert.ok(inference.status === "valid" && inference.nUnits === 60);
  assert.throws(
    () =>
      confoundReport({
        labels: [0, 1],
        trivial: { names: [], matrix: { data: new Float64Array(), nRows: 1, nCols: 0 } },
        scores: {},
      }),
    RangeError,
  );
});

Deno.test("strataOf() keeps few values apart, cuts many into tenths and never parts equal ones", () => {
  assert.deepEqual([...strataOf([5, -1, 5, 2])], [2, 0, 2, 1]);
  const rng = defaultRng(1);
  const column = Array.from({ length: 1000 }, () => rng.integers(300));
  const strata = strataOf(column);
  const sizes = new Map<number, number>();
  column.forEach((value, i) => {
    sizes.set(strata[i]!, (sizes.get(strata[i]!) ?? 0) + 1);
    assert.equal(strata[i], strata[column.indexOf(value)]);
  });
  assert.equal(sizes.size, 10);
  for (const size of sizes.values()) assert.ok(size > 80 && size < 120, `${size}`);
});

Deno.test("conformalForecast() makes a band that covers 59 % cover whole paths at its level; width tells hard from easy", () => {
  const rng = defaultRng(11);
  const nSteps = 4;
  const draw = (n: number) => {
    const scale = Array.from({ length: n }, () => 0.5 + rng.random());
    const half = scale.flatMap((s) => Array.from({ length: nSteps }, () => 0.83 * s));
    return {
      observed: scale.flatMap((s) => Array.from({ length: nSteps }, () => s * normal(rng))),
      intervals: [{ lower: Float64Array.from(half, (x) => -x), upper: Float64Array.from(half) }],
      labels: scale.map((s) => s > 1 ? 1 : 0),
    };
  };
  const test = draw(4000);
  const options = { alphas: [0.1], nSteps, labels: test.labels };
  const { levels: [level], widths, auroc: area } = conformalForecast(draw(2000), test, options);
  assertClose(level!.raw.coverage, 0.594, 0.02);
  assertClose(level!.path_coverage!, 0.9, 0.025);
  assert.equal(widths.length, 4000);
  assert.equal(area, 1); // the label is the width's
  const few = conformalForecast(draw(5), test, options).levels[0]!;
  assert.deepEqual([few.correction, few.corrected], [null, null]);
  assert.throws(() => conformalForecast(draw(5), test, { ...options, alphas: [0.1, 0.2] }), RangeError);
});

Deno.test("judgeClaim() blocks whatever the interval says, and tells no evidence from evidence of none", () => {
  const pass = gateRequirement([{ verdict: "pass", reasons: [], checks: [] }]);
  const refuse = gateRequirement([
    { verdict: "pass", reasons: [], checks: [] },
    { verdict: "refuse", reasons: ["dead latents: needs at most 0.1, got 0.94"], checks: [] },
  ]);
  const judge = (claims: ClaimEvidence["claims"], inference: Inference, rest: Partial<ClaimEvidence> = {}) =>
    judgeClaim("codes matter", { claims, inference, requirements: [pass], ...rest }).status;
  const up = within(0.1, 0.01),
    down = within(-0.1, 0.01),
    unclear = within(0, 0.1),
    tiny = within(0.003, 0.001);
  const bounds = { low: -0.02, high: 0.02 };
  assert.equal(judge("above zero", up), "supported");
  assert.equal(judge("above zero", down), "contradicted");
  assert.equal(judge("above zero", unclear), "undecided");
  assert.equal(judge("below zero", down), "supported");
  assert.equal(judge("different from zero", down), "supported");
  assert.equal(judge("no effect", unclear), "undecided");
  assert.equal(judge("no effect", unclear, { equivalence: equivalenceTest(unclear, bounds) }), "undecided");
  assert.equal(judge("no effect", tiny, { equivalence: equivalenceTest(tiny, bounds) }), "equivalent");
  assert.equal(judge("no effect", up, { equivalence: equivalenceTest(up, bounds) }), "contradicted");
  const few: Inference = { status: "underpowered", method: "t", value: 1, nUnits: 6, reason: "6 blocks" };
  assert.equal(judge("above zero", few), "underpowered");
  const blocked = judgeClaim("codes matter", { claims: "above zero", inference: up, requirements: [refuse] });
  assert.equal(blocked.status, "blocked");
  assert.equal(
    blocked.text,
    "BLOCKED: codes matter (SAE gate, 1 of 2 refused: dead latents: needs at most 0.1, got 0.94)",
  );
  assert.equal(judge("above zero", up, { requirements: [gateRequirement([])] }), "blocked");
});
