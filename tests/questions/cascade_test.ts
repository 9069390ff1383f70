import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { alignById, numberColumn, readTable, takeRows } from "../../lib/io/tables.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { cascade, type CascadeModels, type CascadeResult } from "../../lib/questions/cascade.ts";
import { assertAllClose, assertClose, dataDirectory, dataGolden, dataTest, golden } from "../support.ts";

function assertMatches(actual: CascadeResult, expected: CascadeResult, tol: number, id: string) {
  assert.equal(actual.n_windows, expected.n_windows);
  assertClose(actual.always_cheap.mean_error, expected.always_cheap.mean_error, tol, `${id} cheap`);
  assertClose(
    actual.always_expensive.mean_error,
    expected.always_expensive.mean_error,
    tol,
    `${id} expensive`,
  );
  assertClose(actual.win_rate_expensive, expected.win_rate_expensive, tol, `${id} win rate`);
  assertAllClose(actual.random_curve.flat(), expected.random_curve.flat(), tol, `${id} random`);
  assertAllClose(actual.oracle_curve.flat(), expected.oracle_curve.flat(), tol, `${id} oracle`);
  for (const [name, want] of Object.entries(expected.probes)) {
    const got = actual.probes[name]!;
    assert.equal(got.n_dominating_points, want.n_dominating_points, `${id} ${name}`);
    // The reference writes frontier points as records in one file and as lists in another.
    const points = want.frontier.map((point) => Array.isArray(point) ? point : numbers(point));
    assertAllClose(got.frontier.flatMap(numbers), points.flat(), tol, `${id} ${name} frontier`);
    if (want.best_dominating === null) assert.equal(got.best_dominating, null);
    else {assertAllClose(
        numbers(got.best_dominating!),
        numbers(want.best_dominating),
        tol,
        `${id} ${name} best`,
      );}
  }
}

function numbers(point: CascadeResult["probes"][string]["frontier"][number]): number[] {
  return [point.tau, point.mean_error, point.mean_cost, point.frac_to_exp];
}

Deno.test("cascade() meets the reference", () => {
  for (const { id, input, expected, tol } of golden("cascade")) {
    const models = {
      cheapErrors: input.err_cheap,
      expensiveErrors: input.err_exp,
      cheapCost: input.cost_cheap,
      expensiveCost: input.cost_exp,
    };
    const options = { nTrials: input.n_random_trials, rng: defaultRng(input.seed) };
    assertMatches(cascade(input.scores, models, options), expected, tol, id);
  }
});

const FOUR: CascadeModels = {
  cheapErrors: [1, 0.5, 0, 2],
  expensiveErrors: [0, 0.5, 0.5, 0],
  cheapCost: 1,
  expensiveCost: 3,
};

Deno.test("cascade() oracle is the best subset of its size, and no subset lies below it", () => {
  const { oracle_curve } = cascade({}, FOUR, { nTrials: 1, rng: defaultRng(1) });
  for (const [cost, error] of oracle_curve) {
    const size = Math.round((cost - 1) / 2 * 4);
    let best = Infinity;
    for (let subset = 0; subset < 16; subset++) {
      const inSubset = (i: number) => (subset >> i & 1) === 1;
      if ([0, 1, 2, 3].filter(inSubset).length !== size) continue;
      const errors = [0, 1, 2, 3].map((i) => (inSubset(i) ? FOUR.expensiveErrors : FOUR.cheapErrors)[i]!);
      best = Math.min(best, errors.reduce((sum, value) => sum + value, 0) / 4);
    }
    assertClose(error, best, 1e-15, `${size} items`);
  }
});

Deno.test("cascade() random routing lies on the line between the two models", () => {
  const { random_curve, always_cheap, always_expensive } = cascade({}, FOUR, {
    nTrials: 5000,
    rng: defaultRng(2),
  });
  for (const [cost, error] of random_curve) {
    const t = (cost - 1) / 2;
    const line = (1 - t) * always_cheap.mean_error + t * always_expensive.mean_error;
    assertClose(error, line, 0.02);
  }
});

Deno.test("cascade() counts a point as dominating only strictly inside the costs and below the line", () => {
  const models = { cheapErrors: [1, 0], expensiveErrors: [0, 0], cheapCost: 1, expensiveCost: 5 };
  const result = cascade({ good: [0.5, 0], bad: [0, 0.5], all: [1, 1] }, models, {
    nTrials: 1,
    rng: defaultRng(1),
  });
  assert.equal(result.probes.good!.n_dominating_points, 20); // taus 0.025 ... 0.5
  assert.equal(result.probes.bad!.n_dominating_points, 0); // above the line
  assert.equal(result.probes.all!.n_dominating_points, 0); // at the costs of the two models
});

Deno.test("cascade() refuses no items, non-finite numbers, unequal lengths and costs out of order", () => {
  const run = (models: CascadeModels, scores = {}) =>
    cascade(scores, models, { nTrials: 1, rng: defaultRng(1) });
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  assert.throws(() => run({ ...FOUR, cheapErrors: [], expensiveErrors: [] }), refuses("empty-split"));
  assert.throws(() => run({ ...FOUR, cheapErrors: [1, NaN, 0, 0] }), refuses("non-finite"));
  assert.throws(() => run({ ...FOUR, expensiveErrors: [1, Infinity, 0, 0] }), refuses("non-finite"));
  assert.throws(() => run(FOUR, { a: [0, 0, 0, NaN] }), refuses("non-finite"));
  assert.throws(() => run({ ...FOUR, expensiveErrors: [1] }), RangeError);
  assert.throws(() => run(FOUR, { a: [0] }), RangeError);
  assert.throws(() => run({ ...FOUR, cheapCost: 3 }), RangeError);
});

/** Recorded routing scores and outcomes of one dataset, joined by id. */
async function recordedCascade(dataset: "squad" | "hellaswag", columns: readonly string[]) {
  const records = `${dataDirectory}/records`;
  const scoreFile = dataset === "squad" ? "squad_scores" : "probe_scores";
  const scored = await readTable(`${records}/activations/${scoreFile}.parquet`, ["window_id", ...columns]);
  const ids = numberColumn(scored, "window_id");
  const errors = async (folder: string) => {
    const table = await readTable(`${records}/${folder}/${dataset}_metadata.parquet`, [
      "window_id",
      "correct",
    ]);
    const rows = alignById(ids, numberColumn(table, "window_id"), `${folder} ${dataset}`);
    return numberColumn(takeRows(table, rows), "correct").map((correct) => 1 - correct);
  };
  const models = {
    cheapErrors: await errors("activations"),
    expensiveErrors: await errors("activations_base"),
    cheapCost: 1,
    expensiveCost: 5,
  };
  const scores = Object.fromEntries(columns.map((column) => [column, numberColumn(scored, column)]));
  return cascade(scores, models, { nTrials: 500, rng: defaultRng(42) });
}

dataTest("cascade() re-derives the reference on the published records", async () => {
  for (const { id, input, expected } of dataGolden("real_scores")) {
    const rungs: string[] = input.cascade.score_cols;
    const dataset = id.startsWith("squad") ? "squad" : "hellaswag";
    const got = await recordedCascade(dataset, rungs.map((rung) => input.columns[rung]));
    const probes = Object.fromEntries(rungs.map((rung) => [rung, got.probes[input.columns[rung]]!]));
    assertMatches({ ...got, probes }, expected.cascade, 1e-12, id);
  }
});

dataTest(
  "cascade() re-derives the parent's raw and Platt-calibrated routing: 31 / 24 and 17 / 15 points",
  async () => {
    const cases = [
      ["squad", "squad/calibrated", { P3_InputStats_SAE: 31, P1_InputStats: 24 }, {
        P3_InputStats_SAE: 17,
        P1_InputStats: 15,
      }],
      ["hellaswag", "calibrated", { P3_InputStats_SAE: 0, P1_InputStats: 1 }, {
        P3_InputStats_SAE: 0,
        P1_InputStats: 2,
      }],
    ] as const;
    for (const [dataset, folder, raw, calibrated] of cases) {
      const want = JSON.parse(
        await Deno.readTextFile(`${dataDirectory}/records/eval/results/${folder}/cascade_results.json`),
      );
      const columns = Object.keys(raw).flatMap((rung) => [`pred_${rung}_platt`, `pred_${rung}`]);
      const got = await recordedCascade(dataset, columns);
      assert.deepEqual(got.random_curve, want.random_curve, dataset);
      assert.deepEqual(got.oracle_curve, want.oracle_curve, dataset);
      assert.equal(got.win_rate_expensive, want.win_rate_base, dataset);
      for (const column of columns) {
        const theirs: { tau: number; mean_error: number; mean_cost: number; frac_to_base: number }[] =
          want.probes[column].frontier;
        const points = theirs.map((point) => ({
          tau: point.tau,
          mean_error: point.mean_error,
          mean_cost: point.mean_cost,
          frac_to_exp: point.frac_to_base,
        }));
        assert.deepEqual(got.probes[column]!.frontier, points, `${dataset} ${column}`);
      }
      const counts = (suffix: string) =>
        Object.fromEntries(
          Object.keys(raw).map((rung) => [rung, got.probes[`pred_${rung}${suffix}`]!.n_dominating_points]),
        );
      assert.deepEqual([counts(""), counts("_platt")], [raw, calibrated], dataset);
    }
  },
);
