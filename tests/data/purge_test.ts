import assert from "node:assert/strict";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { purge, type PurgeItem } from "lib/data/purge.ts";
import { GuardrailError } from "lib/guardrail.ts";
import { dataDirectory, dataTest } from "../support.ts";

const withPerplexity = (prompts: readonly string[]): PurgeItem[] => {
  return prompts.map((prompt) => ({ prompt, perplexity: 20 }));
};

Deno.test("purge() drops memorised prompts of either split and names the perplexity", () => {
  const items = [{ prompt: "aa bb", perplexity: 1.5 }, { prompt: "cc dd", perplexity: 9 }, {
    prompt: "ee ff",
    perplexity: 1.2,
  }];
  const { kept, purged } = purge(items, ["train", "train", "test"]);
  assert.deepEqual([...kept], [1]);
  assert.deepEqual(purged, [
    { index: 0, reason: "perplexity", perplexity: 1.5 },
    { index: 2, reason: "perplexity", perplexity: 1.2 },
  ]);
});

Deno.test("purge() drops a test prompt that repeats a train prompt and names the neighbour", () => {
  const items = withPerplexity([
    "one two three",
    "four five six",
    "four five six",
    "seven eight nine",
    "six ten",
  ]);
  const { kept, purged } = purge(items, ["train", "train", "test", "test", "test"]);
  assert.deepEqual([...kept], [0, 1, 3, 4]);
  const [repeat] = purged;
  assert.ok(repeat?.reason === "similarity");
  assert.deepEqual([repeat.index, repeat.neighbour], [2, 1]);
  assert.ok(Math.abs(repeat.cosine - 1) < 1e-12);
});

Deno.test("purge() does not compare with memorised train prompts, nor train with train", () => {
  const items = withPerplexity(["one two three", "one two three", "one two three"]);
  assert.deepEqual([...purge(items, ["train", "train", "test"]).kept], [0, 1]);
  const memorised = items.map((item, i) => i < 2 ? { ...item, perplexity: 1 } : item);
  assert.deepEqual([...purge(memorised, ["train", "train", "test"]).kept], [2]);
});

Deno.test("purge() keeps everything when a split is empty or no term is shared", () => {
  const items = withPerplexity(["one two", "three four"]);
  assert.deepEqual([...purge(items, ["test", "test"]).kept], [0, 1]);
  assert.deepEqual([...purge(items, ["train", "test"]).kept], [0, 1]);
});

Deno.test("purge() moves with its thresholds", () => {
  const items = withPerplexity(["aa bb cc dd", "aa bb ee ff", "aa bb cc gg", "cc dd ee ff gg"]);
  const splits = ["train", "train", "test", "test"] as const;
  assert.equal(purge(items, splits, { minCosine: 0.999 }).purged.length, 0);
  assert.equal(purge(items, splits, { minCosine: 0.01 }).purged.length, 2);
  assert.equal(purge(items, splits, { maxPerplexity: 20 }).purged.length, 4);
});

Deno.test("purge() refuses a perplexity that is not a number, and lists of different length", () => {
  const items = [{ prompt: "a", perplexity: NaN }];
  assert.throws(() => purge(items, ["train"]), (error: unknown) => {
    return error instanceof GuardrailError && error.guardrail === "non-finite" &&
      /item 0 has NaN/.test(error.message);
  });
  assert.throws(() => purge(items, []), RangeError);
});

for (
  const [dataset, perplexity, nPurged] of [["hellaswag", "perplexity", 1], [
    "squad",
    "prompt_perplexity",
    0,
  ]] as const
) {
  dataTest(`purge() finds exactly the published purge on the real prompts of ${dataset}`, async () => {
    const path = `${dataDirectory}/records/activations/${dataset}_metadata.parquet`;
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
    const items = rows.map((row) => ({ prompt: String(row.prompt), perplexity: Number(row[perplexity]) }));
    const { kept, purged } = purge(items, rows.map((_, i) => i < 3500 ? "train" : "test"));
    const published = rows.flatMap((row, i) => row.split === "purge" ? [i] : []);
    assert.equal(published.length, nPurged);
    assert.deepEqual(purged.map((item) => item.index), published);
    assert.ok(purged.every((item) => item.reason === "similarity" && item.neighbour < 3500));
    assert.equal(kept.length, 5000 - nPurged);
  });
}
