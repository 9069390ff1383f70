import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { type SelectivePrediction, selectivePrediction } from "../../lib/questions/selective.ts";
import { numberColumn, readTable } from "../../lib/io/tables.ts";
import { assertAllClose, assertClose, dataDirectory, dataGolden, dataTest, golden } from "../support.ts";

function published(
  scores: Record<string, ArrayLike<number>>,
  errors: ArrayLike<number>,
  nResamples: number,
  seed: number,
  coverages?: readonly number[],
): SelectivePrediction {
  const streams = { baselineRng: defaultRng(seed), bootstrapRng: defaultRng(seed) };
  return selectivePrediction(scores, errors, { nResamples, ...streams, ...(coverages && { coverages }) });
}

function assertMatches(actual: SelectivePrediction, expected: SelectivePrediction, tol: number, id: string) {
  assert.equal(actual.n_test, expected.n_test, id);
  assertClose(actual.mean_error_no_abstention, expected.mean_error_no_abstention, tol, `${id} mean error`);
  if (expected.coverages) assert.deepEqual(actual.coverages, expected.coverages, id);
  assertAllClose(actual.oracle_curve, expected.oracle_curve, tol, `${id} oracle`);
  assertAllClose(actual.random_curve, expected.random_curve, tol, `${id} random`);
  assertClose(actual.oracle_aurc, expected.oracle_aurc, tol, `${id} oracle aurc`);
  assertClose(actual.random_aurc, expected.random_aurc, tol, `${id} random aurc`);
  assert.deepEqual(Object.keys(actual.probes), Object.keys(expected.probes), id);
  for (const [name, want] of Object.entries(expected.probes)) {
    const got = actual.probes[name]!;
    assertAllClose(got.curve, want.curve, tol, `${id} ${name} curve`);
    assertAllClose(got.ci95_lower, want.ci95_lower, tol, `${id} ${name} low`);
    assertAllClose(got.ci95_upper, want.ci95_upper, tol, `${id} ${name} high`);
    assertClose(got.aurc, want.aurc, tol, `${id} ${name} aurc`);
    // A share of a gap: the gap divides the error of the areas.
    const shareTol = 10 * tol / Math.abs(expected.random_aurc - expected.oracle_aurc);
    assertClose(got.fraction_of_oracle_aurc, want.fraction_of_oracle_aurc, shareTol, `${id} ${name} share`);
  }
}

Deno.test("selectivePrediction() meets the reference, tied and constant scores included", () => {
  for (const { id, input, expected, tol } of golden("selective_prediction")) {
    const { scores, errors, n_bootstrap, seed, coverages } = input;
    assertMatches(published(scores, errors, n_bootstrap, seed, coverages ?? undefined), expected, tol, id);
  }
});

Deno.test("selectivePrediction() is 1 for the errors themselves and does not move under a monotone map", () => {
  const rng = defaultRng(12);
  const errors = Array.from({ length: 80 }, () => rng.random());
  const noisy = errors.map((error) => error + rng.normal());
  const { probes } = published({ errors, noisy, squashed: noisy.map(Math.tanh) }, errors, 50, 1);
  assertClose(probes.errors!.fraction_of_oracle_aurc, 1, 1e-12);
  assert.deepEqual(probes.squashed, probes.noisy);
});

Deno.test("selectivePrediction() refuses empty, non-finite and constant errors, bad scores, unequal lengths", () => {
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  assert.throws(() => published({}, [], 10, 1), refuses("empty-split"));
  assert.throws(() => published({}, [0, NaN], 10, 1), refuses("non-finite"));
  assert.throws(() => published({}, [1, 1], 10, 1), refuses("single-class"));
  assert.throws(() => published({ a: [0, Infinity] }, [0, 1], 10, 1), refuses("non-finite"));
  assert.throws(() => published({ a: [0] }, [0, 1], 10, 1), RangeError);
});

dataTest("selectivePrediction() re-derives the published records", async () => {
  for (const { id, input, expected } of dataGolden("real_scores")) {
    const columns: Record<string, string> = input.columns;
    const path = `${dataDirectory}/records/${input.scores}`;
    const table = await readTable(path, [input.label_column, ...Object.values(columns)]);
    const scores = Object.fromEntries(
      Object.entries(columns).map(([rung, column]) => [rung, numberColumn(table, column)]),
    );
    const errors = numberColumn(table, input.label_column);
    assertMatches(published(scores, errors, input.n_boot, input.seed), expected.selective, 1e-12, id);
  }
});

dataTest("selectivePrediction() gives the committed artifacts' oracle, random and exact rungs", async () => {
  // SQuAD P1 is left out: the published rung is a refit with another C than the recorded column's.
  const cases = [
    ["llm_squad", "activations/squad_scores.parquet", { P4_raw_only: "pred_P4_RawOnly" }],
    ["llm_hellaswag", "activations/probe_scores.parquet", { P3_cheap_sae: "pred_P3_InputStats_SAE" }],
  ] as const;
  for (const [run, file, columns] of cases) {
    const want: SelectivePrediction = JSON.parse(
      await Deno.readTextFile(`${dataDirectory}/records/seed/results/${run}/selective_prediction.json`),
    );
    const table = await readTable(`${dataDirectory}/records/${file}`, [
      "difficulty",
      ...Object.values(columns),
    ]);
    const scores = Object.fromEntries(
      Object.entries(columns).map(([rung, column]) => [rung, numberColumn(table, column)]),
    );
    const got = published(scores, numberColumn(table, "difficulty"), 2000, 42);
    assert.equal(got.oracle_aurc, want.oracle_aurc, run);
    assert.equal(got.random_aurc, want.random_aurc, run);
    assert.deepEqual(got.random_curve, want.random_curve, run);
    for (const rung of Object.keys(columns)) {
      assert.equal(got.probes[rung]!.aurc, want.probes[rung]!.aurc, `${run} ${rung}`);
      assertClose(
        got.probes[rung]!.fraction_of_oracle_aurc,
        want.probes[rung]!.fraction_of_oracle_aurc,
        1e-12,
        `${run} ${rung}`,
      );
    }
  }
});
