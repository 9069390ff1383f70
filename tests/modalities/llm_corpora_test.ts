import assert from "node:assert/strict";
import { readRecordedItems } from "lib/data/records.ts";
import type { HellaswagItem } from "lib/data/hellaswag.ts";
import { tokenItems } from "lib/modalities/llm.ts";
import { publishedCheapBlock } from "lib/modalities/llm_blocks.ts";
import { hellaswagPrompts, squadPrompts } from "lib/modalities/llm_corpora.ts";
import { labelItems, lessLengthMean, purgedSplits } from "lib/modalities/llm_labels.ts";
import { selectRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { confoundReport } from "lib/questions/confounds_corrected.ts";
import { auroc } from "lib/stats/auroc.ts";
import { assertClose, dataDirectory, dataGolden, dataTest } from "../support.ts";
import { recordedSquad, words } from "./recorded_squad.ts";

dataTest("the adapter gives SQuAD's recorded prompts, splits, purge and labels, all 5000", async () => {
  const { recorded, items } = await recordedSquad();
  assert.equal(items.length, 5000);
  assert.deepEqual(items.map(({ prompt }) => prompt), recorded.prompts);
  const splits = purgedSplits(items, recorded.promptPerplexity);
  assert.deepEqual(splits, recorded.split);
  const outcomes = {
    nats: recorded.targetPerplexity!.map(Math.log),
    errors: new Float64Array(5000),
  };
  const { labels } = labelItems(tokenItems(items, words), outcomes, {
    kind: "perplexity",
    splits,
    hardQuantile: 0.75,
  });
  assert.deepEqual(labels, recorded.labels);
});

dataTest("the adapter gives the published lexical block of SQuAD", async () => {
  const { recorded, items } = await recordedSquad();
  const { matrix } = publishedCheapBlock(items, {
    promptPerplexity: recorded.promptPerplexity,
    nVectors: 1,
  });
  const { input, expected } = dataGolden("real_lexical_stats").find(({ id }) => id === "squad")!;
  assert.deepEqual([...selectRows(matrix, input.rows).data], expected.X_rows.flat());
  for (const split of ["train", "test"] as const) {
    const rows = items.flatMap((item, i) => item.split === split ? [i] : []);
    for (let j = 0; j < matrix.nCols; j++) {
      const mean = rows.reduce((sum, row) => sum + matrix.data[row * matrix.nCols + j]!, 0) / rows.length;
      assertClose(mean, expected[`${split}_mean`][j], 1e-9, `${split} mean of column ${j}`);
    }
  }
});

dataTest("the confound report of the published SQuAD label names answer length: AUROC 0.815", async () => {
  const { recorded, items } = await recordedSquad();
  const splits = purgedSplits(items, recorded.promptPerplexity);
  const test = splits.flatMap((split, i) => split === "test" ? [i] : []);
  const outcomes = { nats: recorded.targetPerplexity!.map(Math.log), errors: new Float64Array(5000) };
  const labelAs = (kind: "perplexity" | "length_free_nats") =>
    labelItems(tokenItems(items, words), outcomes, { kind, splits, hardQuantile: 0.75 });
  const reportOf = ({ labels, trivial }: ReturnType<typeof labelAs>) =>
    confoundReport({
      labels: Uint8Array.from(test, (row) => labels[row]!),
      trivial: { names: trivial.names, matrix: selectRows(trivial.matrix, test) },
      scores: {},
      clusters: test.map((row) => items[row]!.group),
    });
  const published = reportOf(labelAs("perplexity"));
  const words_ = published.predictors.find(({ name }) => name === "answer_words")!;
  assertClose(words_.strength, 0.815, 5e-4, "answer words");
  assertClose(words_.auroc, 1 - words_.strength, 1e-12, "fewer words are harder");
  assert.ok(published.is_confounded && published.strongest!.startsWith("answer_"), published.strongest!);
  const corrected = reportOf(labelAs("length_free_nats"));
  const left = corrected.predictors.find(({ name }) => name === "answer_words")!.strength;
  assert.ok(left < words_.strength - 0.1, `residualised: ${left}`);
});

dataTest("the grouped split keeps SQuAD's articles whole and leaves about three tenths to test", async () => {
  const { questions } = await recordedSquad();
  const items = squadPrompts(questions, { split: "grouped", seed: 42 });
  const splitsOf = new Map<number, Set<string>>();
  items.forEach(({ group, split }) => splitsOf.set(group, (splitsOf.get(group) ?? new Set()).add(split)));
  assert.equal(splitsOf.size, 21);
  assert.ok([...splitsOf.values()].every((own) => own.size === 1));
  const share = items.filter(({ split }) => split === "test").length / items.length;
  assert.ok(Math.abs(share - 0.3) < 0.03, `${share}`);
});

dataTest("the adapter gives HellaSwag's recorded splits and its one purged item", async () => {
  const source = { metadata: "activations/hellaswag_metadata.parquet", prompt_perplexity: "perplexity" };
  const recorded = await readRecordedItems(`${dataDirectory}/records`, source);
  const rows = recorded.prompts.map((prompt, row): HellaswagItem => ({
    ...{ row, activity: recorded.topics[row]!, domain: "", sourceId: `${row}`, label: 0 },
    ...{ contextA: prompt, contextB: "", endings: ["a", "b", "c", "d"] },
  }));
  const items = hellaswagPrompts(rows, { split: "published", seed: 42 });
  const published = recorded.split.map((split) => split === "purge" ? "purged" : split);
  assert.deepEqual(purgedSplits(items, recorded.promptPerplexity), published);
});

Deno.test("hellaswagPrompts() joins both contexts, trims endings, and splits both domains alike by source", () => {
  const row = (i: number): HellaswagItem => ({
    ...{ row: i, activity: "Baking", label: i % 4, endings: [" one ", "two", "three", "four"] },
    ...{ contextA: "A cook stirs.", contextB: i % 2 ? "she" : "" },
    domain: i < 300 ? "activitynet" : "wikihow",
    sourceId: `${i < 300 ? "activitynet" : "wikihow"}~${i >> 1}`,
  });
  const rows = Array.from({ length: 1000 }, (_, i) => row(i));
  const items = hellaswagPrompts(rows, { split: "grouped", seed: 3 });
  assert.deepEqual([items[0]!.prompt, items[1]!.prompt], ["A cook stirs.", "A cook stirs. she"]);
  assert.deepEqual(items[0]!.candidates, [" one", " two", " three", " four"]);
  for (const [from, to] of [[0, 300], [300, 1000]] as const) {
    const own = items.slice(from, to);
    assertClose(own.filter(({ split }) => split === "train").length / own.length, 0.7, 0.01);
  }
  for (let i = 0; i < 1000; i += 2) assert.equal(items[i]!.split, items[i + 1]!.split);
  assert.deepEqual(items, hellaswagPrompts(rows, { split: "grouped", seed: 3 }));
  assert.notDeepEqual(items, hellaswagPrompts(rows, { split: "grouped", seed: 4 }));
});

Deno.test("tokenItems() cuts the beginning of long prompts only where it is told to", () => {
  const question = { row: 0, title: "T", context: "a b c", question: "d?", answers: ["a"], answerStart: 0 };
  const items = squadPrompts([question], { split: "published", seed: 1 });
  const count = { encode: (text: string) => Uint32Array.from(text.split(/\s+/), (_, i) => i) };
  assert.deepEqual([...tokenItems(items, count)[0]!.promptTokens], [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...tokenItems(items, count, 2)[0]!.promptTokens], [5, 6]);
});

Deno.test("lessLengthMean() leaves a label that lengths do not predict, its means fitted on train alone", () => {
  const rng = randomStream(5, "test");
  const lengths = Array.from({ length: 4000 }, () => 1 + rng.integers(6));
  const values = Float64Array.from(lengths, (length) => 6 / length + rng.normal());
  const train = Array.from({ length: 2000 }, (_, i) => i);
  const left = lessLengthMean(values, lengths, train);
  const above = (own: Float64Array) => Uint8Array.from(own.subarray(2000), (x) => Number(x > 1));
  const short = lengths.slice(2000).map((length) => -length);
  assert.ok(auroc(short, above(values)) > 0.75);
  assertClose(auroc(short, above(left)), 0.5, 0.04);
  values.fill(99, 2000);
  assert.deepEqual(lessLengthMean(values, lengths, train).subarray(0, 2000), left.subarray(0, 2000));
});

Deno.test("lessLengthMean() gives rare lengths a neighbour's mean", () => {
  const lengths = [...Array.from({ length: 40 }, () => 1), 7, 9];
  const values = [...Array.from({ length: 40 }, () => 2), 4, 8];
  const left = lessLengthMean(values, lengths, lengths.map((_, i) => i));
  assertClose(left[40]!, 4 - 92 / 42, 1e-12);
  assertClose(left[41]!, 8 - 92 / 42, 1e-12);
  assert.equal(left[0], 0);
});

Deno.test("lessLengthMean() scaled leaves neither mean nor scatter to lengths, and divides by no zero", () => {
  const rng = randomStream(6, "test");
  const lengths = Array.from({ length: 3000 }, () => 1 + rng.integers(3));
  const values = Float64Array.from(lengths, (length) => 5 - length + rng.normal() / length);
  const train = Array.from({ length: 3000 }, (_, i) => i);
  const left = lessLengthMean(values, lengths, train, { isScaled: true });
  for (const length of [1, 2, 3]) {
    const own = left.filter((_, i) => lengths[i] === length);
    assertClose(own.reduce((sum, x) => sum + x, 0) / own.length, 0, 1e-12);
    assertClose(own.reduce((sum, x) => sum + x * x, 0) / (own.length - 1), 1, 1e-12);
  }
  assert.deepEqual([...lessLengthMean([3, 3, 3], [1, 1, 1], [0, 1, 2], { isScaled: true })], [0, 0, 0]);
});
