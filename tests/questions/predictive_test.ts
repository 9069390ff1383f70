/**
 * tests/golden/run_probe_ladder.json was made with LIBLINEAR's default tolerance: AUROCs, intervals and scores
 * are compared at `other_solver_auroc` (scores likewise); the choice of C, the counts and the keys are exact.
 */
import assert from "node:assert/strict";
import { readRecordedItems } from "lib/data/records.ts";
import { lexicalStatistics } from "lib/features/lexical.ts";
import { GuardrailError } from "lib/guardrail.ts";
import { matrixFromRows } from "lib/math/matrix.ts";
import { defaultRng } from "lib/math/random.ts";
import { type LadderOptions, publishedRungs, runProbeLadder } from "lib/questions/predictive.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { assertAllClose, assertClose, dataDirectory, dataGolden, dataTest, golden } from "../support.ts";

const range = ([from, to]: [number, number]) => Uint32Array.from({ length: to - from }, (_, k) => from + k);

// deno-lint-ignore no-explicit-any -- the golden case's own shape
function inputs(input: any) {
  const rungs = publishedRungs({
    cheap: matrixFromRows(input.cheap),
    raw: matrixFromRows(input.raw),
    sae: matrixFromRows(input.sae),
  });
  const split = { train: range(input.train), test: range(input.test) };
  const trainLabels = Array.from(split.train, (i) => input.y[i]);
  const folds = stratifiedKFold(trainLabels, { nSplits: input.cv.n_splits, seed: input.cv.random_state });
  const options: LadderOptions = {
    labels: input.y,
    split,
    folds,
    nResamples: input.n_boot,
    rng: defaultRng(input.seed),
    protocol: "published",
    grid: input.c_grid,
  };
  return { rungs, options };
}

for (const { id, input, expected, tol } of golden("run_probe_ladder")) {
  Deno.test(`runProbeLadder() re-derives the published ladder on ${id}`, () => {
    const { rungs, options } = inputs(input);
    const ladder = runProbeLadder(rungs, options);
    for (const key of ["n_total", "n_train", "n_test", "hard_fraction"] as const) {
      assert.equal(ladder.result[key], expected.result[key], key);
    }
    const slack = tol.other_solver_auroc;
    for (const [name, figures] of Object.entries<Record<string, number>>(expected.result.probes)) {
      const probe = ladder.result.probes[name]!;
      for (const key of Object.keys(figures)) assert.ok(key in probe, `${name} has no ${key}`);
      assert.equal(probe.best_C, figures.best_C, `${name} best_C`);
      for (const key of ["auroc", "ci_low", "ci_high"] as const) {
        assertClose(probe[key], figures[key]!, slack, `${name} ${key}`);
      }
      assertAllClose(ladder.scores[name]!, expected.preds[name], slack, `${name} scores`);
    }
    assert.deepEqual(Object.keys(ladder.result.deltas), Object.keys(expected.result.deltas));
    for (const [pair, figures] of Object.entries<Record<string, number>>(expected.result.deltas)) {
      for (const key of ["point", "ci_low", "ci_high"] as const) {
        assertClose(ladder.result.deltas[pair]![key], figures[key]!, 2 * slack, `${pair} ${key}`);
      }
    }
  });
}

const [first] = golden("run_probe_ladder");

Deno.test("runProbeLadder() accepts recorded scores beside fitted rungs and draws the same bootstrap", () => {
  const { rungs, options } = inputs(first!.input);
  const fitted = runProbeLadder(rungs, options);
  const mixed = runProbeLadder([
    rungs[0]!,
    ...rungs.slice(1).map(({ name }) => ({ name, testScores: fitted.scores[name]!, bestC: 0.3 })),
  ], { ...options, rng: defaultRng(first!.input.seed) });
  assert.deepEqual(mixed.result.deltas, fitted.result.deltas);
});

Deno.test("runProbeLadder() refuses the delta of a rung without a model, and prints it when published", () => {
  const { options } = inputs(first!.input);
  const n = options.split.test.length;
  const scored = Float64Array.from({ length: n }, (_, i) => i);
  const rungs = [
    { name: "A", testScores: scored, bestC: null },
    { name: "B", testScores: new Float64Array(n).fill(0.5), bestC: 0.01 },
  ];
  const common = { ...options, nResamples: 20, deltas: [["A", "B"]] as const };
  const published = runProbeLadder(rungs, common);
  assert.ok(published.result.probes.B!.no_model && !published.result.probes.A!.no_model);
  assert.ok("A-B" in published.result.deltas);
  const corrected = runProbeLadder(rungs, { ...common, protocol: "corrected", rng: defaultRng(1) });
  assert.deepEqual(corrected.result.deltas, {});
  assert.match(corrected.result.refused_deltas["A-B"]!, /no model: every coefficient of B is zero/);
});

Deno.test("runProbeLadder() refuses empty and single-class splits, misaligned rows and NaN by name", () => {
  const { rungs, options } = inputs(first!.input);
  const refuses = (name: string, change: Partial<LadderOptions>, with_ = rungs) =>
    assert.throws(
      () => runProbeLadder(with_, { ...options, ...change }),
      (error: unknown) => error instanceof GuardrailError && error.guardrail === name,
      name,
    );
  const { train } = options.split;
  refuses("empty-split", { split: { train, test: [] } });
  refuses("misaligned-rows", { split: { train, test: [0, 1, 99999] } });
  refuses("misaligned-rows", { labels: [...first!.input.y, 0] });
  refuses("single-class", { labels: first!.input.y.map(() => 0) });
  refuses("non-finite", {}, [{ name: "X", blocks: [matrixFromRows(first!.input.y.map(() => [NaN]))] }]);
});

for (
  const { name, perplexity, c, auroc } of [
    { name: "squad", perplexity: "prompt_perplexity", c: 0.3, auroc: 0.5896589122725777 },
    { name: "hellaswag", perplexity: "perplexity", c: 1, auroc: 0.5093701305577828 },
  ]
) {
  dataTest(`runProbeLadder() re-derives P1 of the real ${name} records`, async () => {
    const { expected } = dataGolden("real_P1_rung").find(({ id }) => id === name)!;
    const items = await readRecordedItems(`${dataDirectory}/records`, {
      metadata: `activations/${name}_metadata.parquet`,
      prompt_perplexity: perplexity,
    });
    const cheap = lexicalStatistics(items.prompts.map((prompt, i) => ({
      prompt,
      category: items.topics[i]!,
      tokenCount: items.seqLen[i]!,
      perplexity: items.promptPerplexity[i]!,
      isTrain: items.split[i] === "train",
    })));
    const rowsOf = (part: string) => items.split.flatMap((split, i) => split === part ? [i] : []);
    const split = { train: rowsOf("train"), test: rowsOf("test") };
    const trainLabels = split.train.map((i) => items.labels[i]!);
    const ladder = runProbeLadder([{ name: "P1_cheap", blocks: [cheap] }], {
      labels: items.labels,
      split,
      folds: stratifiedKFold(trainLabels, { nSplits: 5, seed: 42 }),
      nResamples: 2000,
      rng: defaultRng(42),
      protocol: "published",
    });
    const probe = ladder.result.probes.P1_cheap!;
    assert.equal(probe.best_C, c);
    assertClose(probe.auroc, auroc, 2e-5);
    assertClose(probe.ci_low, expected.result.ci_low, 2e-4);
    assertClose(probe.ci_high, expected.result.ci_high, 2e-4);
    // Characters and characters per token are one column up to scale (flaw F16): only their sum is determined.
    const merge = (w: ArrayLike<number>) => Array.from(w, (x, j) => j === 0 ? x + w[4]! : j === 4 ? 0 : x);
    assertAllClose(merge(ladder.fits.P1_cheap!.coef), merge(expected.tight.coef), 1e-5, "coef");
    assertAllClose(ladder.choices.P1_cheap!.meanScores, expected.tight.mean_test_score, 1e-6, "mean scores");
  });
}
