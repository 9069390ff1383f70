/** Labels of the full profile and what trivially predicts them, on the published records and real series. */
import assert from "node:assert/strict";
import { readRecordedTest } from "lib/data/records.ts";
import { openLlmStudy } from "lib/modalities/llm.ts";
import { promptItems } from "lib/modalities/llm_prompts.ts";
import { itemLabels, LLM_LABELS, type LlmLabel } from "lib/modalities/llm_labels.ts";
import { labelWindows, SERIES_ERRORS, windowLabels } from "lib/modalities/tsfm_labels.ts";
import { openTsfmStudy } from "lib/modalities/tsfm.ts";
import { csvWindows, organismWindows } from "lib/modalities/tsfm_windows.ts";
import type { Outcomes } from "lib/modality.ts";
import { blockOf, columnOf } from "lib/modalities/columns.ts";
import { randomStream } from "lib/math/random.ts";
import { CONFOUND_AUROC } from "lib/questions/confounds_corrected.ts";
import { confoundsArtifact, type LabelConfounds, withinStrataArtifact } from "lib/run/embedded/confounds.ts";
import { joinOutcomes, outcomesOf, plainOutcomes } from "lib/run/embedded/plain_outcomes.ts";
import { assertClose, dataDirectory, dataTest } from "../support.ts";
import { SQUAD } from "../modalities/recorded_squad.ts";
import { squadLabels } from "./squad_labels.ts";

dataTest(
  "confounds.json of SQuAD names the gold answer's words: AUROC 0.815 against the published label, before any probe",
  async () => {
    const { recorded, labels, cheap, groups, split } = await squadLabels();
    const report = confoundsArtifact({ labels: () => labels, groups }, {
      label: labels["perplexity"]!,
      extracted: { cheap, split },
    });
    assert.equal(report.n_test, 1500);
    assert.deepEqual(labels["perplexity"]!.labels, recorded.labels);
    const of = (label: string) => report.labels[label] as LabelConfounds;
    const predictor = (label: string, name: string) => of(label).predictors.find((own) => own.name === name)!;
    const answer = predictor("perplexity", "answer_words");
    assertClose(1 - answer.auroc, 0.815, 5e-4, "minus the answer's words");
    const { inference } = answer;
    assert.ok(
      inference?.status === "underpowered" || inference!.ciHigh < 0,
      "far from chance, or too few articles",
    );
    assert.ok(of("perplexity").is_confounded && of("nats").is_confounded);
    assert.ok(predictor("length_free_nats", "answer_words").strength < answer.strength - 0.1);
    // Less its mean at every length, nats still scatter more where answers are short: the scatter must go too.
    assert.ok(predictor("length_free_nats", "answer_words").strength > CONFOUND_AUROC);
    assert.ok(predictor("length_scaled_nats", "answer_words").strength < 0.55);
    for (const name of ["answer_tokens", "prompt_tokens", "context_words", "position", "article_order"]) {
      assert.ok(predictor("perplexity", name).strength >= 0.5, name);
    }
    assert.ok(predictor("perplexity", "category_train_rate").strength > 0.5);
    assert.equal(of("perplexity").n_hard, split.test.reduce((sum, row) => sum + recorded.labels[row]!, 0));
  },
);

dataTest(
  "within_strata.json of SQuAD: P2's recorded scores reach 0.671 over all pairs, 0.717 among answers of equal length",
  async () => {
    const { recorded, labels, groups, split } = await squadLabels();
    const files = {
      scores: "activations/squad_scores.parquet",
      expensive: "activations_base/squad_metadata.parquet",
    };
    const test = await readRecordedTest(`${dataDirectory}/records`, { ...SQUAD, ...files }, recorded);
    assert.deepEqual([...test.rows], [...split.test]);
    const { all_pairs, by_predictor } = withinStrataArtifact(test.scores, labels["perplexity"]!, {
      test: split.test,
      testLabels: test.labels,
      testGroups: Array.from(split.test, (row) => groups[row]!),
    });
    assertClose(all_pairs["P2_cheap_raw"]!, 0.671, 5e-4);
    const { rungs, share_of_pairs } = by_predictor["answer_words"]!;
    assertClose(rungs["P2_cheap_raw"]!.within_auroc, 0.717, 5e-4);
    const nHard = test.labels.reduce((sum, hard) => sum + hard, 0);
    assertClose(share_of_pairs, 66290 / (nHard * (1500 - nHard)), 1e-12);
  },
);

Deno.test("itemLabels() gives every kind of label that items allow", () => {
  const item = (id: number, nCandidates: number) => ({
    ...{
      id,
      group: id,
      category: `c${id % 3}`,
      prompt: "a b",
      truth: 0,
      factors: {},
      trivial: { position: id },
    },
    ...{ split: id < 60 ? "train" as const : "test" as const, promptTokens: new Uint32Array(2) },
    candidates: new Array<string>(nCandidates).fill(" x"),
    candidateTokens: Array.from({ length: nCandidates }, () => new Uint32Array(1 + id % 4)),
  });
  const rng = randomStream(1, "test");
  const of = (nCandidates: number) => {
    const items = Array.from({ length: 90 }, (_, id) => item(id, nCandidates));
    const outcomes = {
      nats: Float64Array.from(items, () => rng.random()),
      errors: Float64Array.from(items, (_, i) => i % 2),
    };
    return itemLabels(items, outcomes, { splits: items.map(({ split }) => split), hardQuantile: 0.75 });
  };
  assert.deepEqual(Object.keys(of(4)), LLM_LABELS.filter((kind) => kind !== "exact_match"));
  const single = of(1);
  assert.ok(!("wrong_ending" in single) && "length_free_nats" in single && "perplexity" in single);
  const { names, matrix } = single["nats"]!.trivial;
  const at = names.indexOf("category_train_rate");
  for (const row of [0, 1, 2]) {
    const own = Array.from({ length: 20 }, (_, k) => single["nats"]!.labels[3 * k + row]!);
    assertClose(matrix.data[row * matrix.nCols + at]!, own.reduce((a, b) => a + b) / 20, 1e-12);
  }
});

Deno.test("exact_match: the organism's own greedy answers, scored; the label, the error and the measures agree", async () => {
  const items = promptItems("facts", { seed: 42, nItems: 300 }).slice(0, 40).map((item) => ({
    ...item,
    answers: ["no such answer", item.candidates[0]!.trim()],
  }));
  const model = "results/organisms/facts_cheap";
  const open = (label: LlmLabel, answerTokens?: number) =>
    openLlmStudy({
      ...{
        dataset: "squad",
        items,
        label,
        answerTokens,
        hook: "blocks.0.hook_resid_post",
        hardQuantile: 0.75,
      },
      models: { cheap: model, expensive: model },
      engine: { engine: "native" },
    });
  await assert.rejects(open("exact_match"), /answer_tokens/);
  const study = await open("exact_match", 8);
  const plain = await open("nats");
  try {
    const rows = items.map((_, i) => i);
    const own = await study.outcomes("cheap", rows), forced = await plain.outcomes("cheap", rows);
    // the organism was taught to end after its answer: it is right where teacher forcing says so
    assert.deepEqual(own.errors, forced.errors);
    assert.ok(new Set(own.errors).size === 2 && forced.measures === undefined);
    const matches = columnOf(own.measures!, "exact_match"), f1 = columnOf(own.measures!, "f1");
    assert.deepEqual([...matches], [...own.errors].map((error) => 1 - error));
    const { labels, difficulty } = study.label(own);
    assert.deepEqual([...labels], [...own.errors]);
    assert.deepEqual([...difficulty], [...f1].map((value) => 1 - value));
    assert.deepEqual(Object.keys(study.labels(own)), LLM_LABELS.filter((kind) => kind !== "wrong_ending"));
    assert.ok(!("exact_match" in plain.labels(forced)));
  } finally {
    await study.close();
    await plain.close();
  }
});

Deno.test("windowLabels() labels by every measure on train, and the published CRPS over all windows", () => {
  const values = Float64Array.from({ length: 400 }, (_, t) => Math.sin(t / 3) + t / 100);
  const windows = csvWindows(values, { context: 24, horizon: 6, stride: 4, seasonLength: 6 });
  const n = windows.length, rng = randomStream(2, "test");
  const column = () => Float64Array.from({ length: n }, () => rng.random());
  const measures = blockOf(Object.fromEntries(SERIES_ERRORS.map((error) => [error, column()])), n);
  const errors = column();
  const outcomes: Outcomes = {
    errors,
    nats: column(),
    costs: column(),
    uncertainty: blockOf({}, n),
    measures,
  };
  const kept = outcomesOf(joinOutcomes([plainOutcomes(outcomes)]));
  assert.deepEqual(kept, outcomes, "stages keep measures");
  const labels = windowLabels(windows, kept, { hardQuantile: 0.75 });
  assert.deepEqual(Object.keys(labels), [...SERIES_ERRORS, "crps_all"]);
  const rateOn = (name: string, isJudged: (split: string) => boolean) => {
    const rows = windows.flatMap(({ split }, i) => isJudged(split) ? [i] : []);
    return rows.reduce((sum, row) => sum + labels[name]!.labels[row]!, 0) / rows.length;
  };
  for (const error of SERIES_ERRORS) {
    assertClose(rateOn(error, (split) => split === "train"), 0.25, 0.02, error);
  }
  assertClose(rateOn("crps_all", () => true), 0.25, 0.02);
  const own = labelWindows(windows, { errors: labels["mase"]!.difficulty }, {
    hardQuantile: 0.75,
    rules: { error: "mase" },
  });
  assert.deepEqual(own.labels, labels["mase"]!.labels);
});

Deno.test("expected_crps: through the adapter, the sampled CRPS's mean over seeds at less scatter", async () => {
  const windows = organismWindows({ seed: 3, nItems: 60 }).filter((_, i) => i % 20 === 0);
  const model = "results/organisms/series_cheap";
  const rows = windows.map((_, i) => i), nSeeds = 24;
  const expected: number[][] = [], sampled: number[][] = [];
  for (let seed = 0; seed < nSeeds; seed++) {
    const study = await openTsfmStudy({
      ...{ dataset: "series", windows, seed, nPaths: 6, hardQuantile: 0.75, seasonLength: 24 },
      ...{ hook: "encoder.1.hook_resid_post", rules: { error: "expected_crps" } },
      models: { cheap: model, expensive: model },
      engine: { engine: "native", threads: 1 },
    });
    const { errors, measures } = await study.outcomes("cheap", rows);
    await study.close();
    assert.deepEqual(errors, columnOf(measures!, "expected_crps"));
    expected.push([...errors]);
    sampled.push([...columnOf(measures!, "scaled_crps")]);
  }
  let quieter = 0;
  for (const row of rows) {
    const [a, b] = [expected, sampled].map((own) => momentsOf(own.map((errors) => errors[row]!)));
    assertClose(a!.mean, b!.mean, 4 * Math.sqrt((a!.variance + b!.variance) / nSeeds), `window ${row}`);
    if (a!.variance < b!.variance) quieter++;
  }
  assert.equal(quieter, rows.length);
});

function momentsOf(values: readonly number[]) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return {
    mean,
    variance: values.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / (values.length - 1),
  };
}
