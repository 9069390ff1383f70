import assert from "node:assert/strict";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { fitDifficulty, labelAboveQuantile, labelDifficulty } from "lib/data/labels.ts";
import { GuardrailError } from "lib/guardrail.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertClose, dataDirectory, dataGolden, dataTest, golden } from "../support.ts";

const readRows = async (path: string) => {
  return await parquetReadObjects({
    file: await asyncBufferFromFile(`${dataDirectory}/records/${path}`),
    compressors,
  });
};

for (const { id, input, expected, tol } of golden("tsfm_labels")) {
  Deno.test(`labelAboveQuantile() has the published labels, ${id}`, () => {
    const rows = Array.from({ length: input.n_train }, (_, i) => i);
    for (const [scope, chosen] of [["all", {}], ["train", { rows }]] as const) {
      const { labels, threshold } = labelAboveQuantile(input.crps_norm, {
        quantile: input.hard_quantile,
        ...chosen,
      });
      assert.deepEqual([...labels], expected[scope].labels);
      assertClose(threshold, expected[scope].threshold, tol, `${id} ${scope}`);
    }
  });
}

Deno.test("fitDifficulty() and labelDifficulty() call the hardest quarter of train hard, random errors", () => {
  for (let seed = 0; seed < 20; seed++) {
    const stream = defaultRng(seed);
    const errors = Array.from({ length: 100 }, () => Math.exp(stream.normal()));
    const train = Array.from({ length: 80 }, (_, i) => i);
    const scale = fitDifficulty(errors, train, { quantile: 0.75 });
    const { normalized, labels } = labelDifficulty(errors, scale);
    const trainZ = [...normalized.subarray(0, 80)];
    assert.equal(labels.subarray(0, 80).reduce((sum, label) => sum + label, 0), 20);
    assertClose(trainZ.reduce((sum, z) => sum + z, 0), 0, 1e-12, "sum of z");
    assertClose(trainZ.reduce((sum, z) => sum + z * z, 0), 79, 1e-5, "squares of z, divisor n - 1");
    // the label is monotone in the error, on test rows too
    const hardest = Math.max(...errors.filter((_, i) => labels[i] === 0));
    assert.ok(errors.every((error, i) => labels[i] === (error > hardest ? 1 : 0)));
  }
});

Deno.test("fitDifficulty() ignores test rows", () => {
  const train = [0, 1, 2, 3];
  assert.deepEqual(
    fitDifficulty([1, 2, 3, 4, 5], train, { quantile: 0.75 }),
    fitDifficulty([1, 2, 3, 4, 5e9], train, { quantile: 0.75 }),
  );
});

Deno.test("fitDifficulty() refuses an empty train split, labels refuse errors that are not finite", () => {
  const refuses = (guardrail: string) => (error: unknown) => {
    return error instanceof GuardrailError && error.guardrail === guardrail;
  };
  assert.throws(() => fitDifficulty([1, 2], [0], { quantile: 0.75 }), refuses("empty-split"));
  assert.throws(() => fitDifficulty([1, NaN, 2], [0, 1], { quantile: 0.75 }), refuses("non-finite"));
  assert.throws(() => labelDifficulty([Infinity], { mean: 0, std: 1, threshold: 0 }), refuses("non-finite"));
  assert.throws(() => labelAboveQuantile([NaN], { quantile: 0.5 }), refuses("non-finite"));
  assert.throws(() => labelAboveQuantile([1], { quantile: 0.5, rows: [] }), refuses("empty-split"));
});

dataTest("fitDifficulty() re-derives all 5000 SQuAD labels and z-scores from the perplexities", async () => {
  for (const { input, expected, tol } of dataGolden("real_squad_labels")) {
    const rows = await readRows(input.metadata);
    const perplexities = rows.map((row) => Number(row.perplexity));
    const train = rows.flatMap((row, i) => row.split === "train" ? [i] : []);
    const scale = fitDifficulty(perplexities, train, { quantile: 0.75 });
    assertClose(scale.mean, expected.train_mean, tol * expected.train_mean, "mean");
    assertClose(scale.std, expected.train_std_ddof1, tol * expected.train_std_ddof1, "standard deviation");
    assertClose(scale.threshold, expected.threshold_norm, tol, "threshold");
    const { normalized, labels } = labelDifficulty(perplexities, scale);
    assert.deepEqual([...labels], rows.map((row) => Number(row.difficulty)));
    assert.deepEqual([...normalized], rows.map((row) => row.perplexity_norm)); // bit for bit
    const nHard = (split: string) => rows.filter((row, i) => row.split === split && labels[i] === 1).length;
    assert.deepEqual([nHard("train"), nHard("test")], [expected.n_hard_train, expected.n_hard_test]);

    const expensive = await readRows("activations_base/squad_metadata.parquet");
    const outcome = labelDifficulty(expensive.map((row) => Number(row.perplexity)), scale);
    assert.deepEqual([...outcome.labels], expensive.map((row) => Number(row.difficulty)));
    expensive.forEach((row, i) =>
      assertClose(outcome.normalized[i]!, Number(row.perplexity_norm), tol, `row ${i}`)
    );
  }
});
