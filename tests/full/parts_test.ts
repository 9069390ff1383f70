import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "lib/guardrail.ts";
import { activationsInMemory } from "lib/io/activation_memory.ts";
import { type ActivationStore, joinStores, openActivationStore } from "lib/io/activation_store.ts";
import { openActivationWriter } from "lib/io/activation_writer.ts";
import { randomStream } from "lib/math/random.ts";
import { partsOf } from "lib/run/embedded/extraction_stages.ts";
import { fullConfigs } from "lib/run/embedded/full_configs.ts";
import { openItemActivations } from "lib/run/embedded/item_activations.ts";
import { weightsHash } from "lib/run/embedded/model_files.ts";
import { limited } from "lib/run/embedded/open_study.ts";
import { planTable } from "lib/run/embedded/plan.ts";
import { parseShard } from "lib/run/embedded/shards.ts";
import { runOf } from "lib/run/embedded/study_config.ts";
import { sweepOf, variantOf } from "lib/run/embedded/variants.ts";

const D = 3;

async function withFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A store of items of random lengths, in several shards and batches that cut through items. */
async function drawStore(folder: string, items: readonly number[], dtype: "float32" | "float16" = "float32") {
  const rng = randomStream(items[0]!, "tests/full/parts");
  const written = new Map<number, Float32Array>();
  const options = { d: D, dtype, rowsPerShard: 12, rowsPerBatch: 5, metadata: { hook: "h" } };
  const writer = await openActivationWriter(folder, options);
  for (const item of items) {
    const n = 1 + rng.integers(9);
    const values = Float32Array.from({ length: n * D }, () => rng.normal());
    written.set(item, values);
    await writer.append(item, Uint32Array.from({ length: n }, (_, t) => t), values);
  }
  await writer.close();
  return { store: await openActivationStore(folder), written };
}

Deno.test("openItemActivations() gives every item whole, from memory and from disk alike, in any order", () =>
  withFolder(async (folder) => {
    const a = await drawStore(join(folder, "a"), [0, 2, 3, 7, 8, 9, 12]);
    const b = await drawStore(join(folder, "b"), [1, 4, 5, 6]);
    for (const maxBytes of [Infinity, 0]) {
      const activations = await openItemActivations([a.store, b.store], { maxBytes });
      assert.deepEqual(activations.rows, [0, 2, 3, 7, 8, 9, 12, 1, 4, 5, 6]);
      for (const row of [...activations.rows, 6, 0, 12, 2]) {
        assert.deepEqual(await activations.get(row), a.written.get(row) ?? b.written.get(row), `${row}`);
      }
      await assert.rejects(async () => await activations.get(10), /item 10 is in no store/);
    }
    await a.store.close();
    await b.store.close();
  }));

Deno.test("joinStores() reads as the stores one after the other, and refuses stores of two extractions", () =>
  withFolder(async (folder) => {
    const a = await drawStore(join(folder, "a"), [0, 1, 2, 3, 4]);
    const b = await drawStore(join(folder, "b"), [5, 6, 7]);
    const joined = joinStores([a.store, b.store]);
    const rowsOf = async (store: ActivationStore) => {
      const items: number[] = [], values: number[] = [];
      for (const batch of store.batches) {
        const rows = await store.read({ ...batch }); // whatever the object
        items.push(...rows.items);
        values.push(...rows.values);
      }
      return { items, values };
    };
    const [first, second] = [await rowsOf(a.store), await rowsOf(b.store)];
    assert.deepEqual(await rowsOf(joined), {
      items: [...first.items, ...second.items],
      values: [...first.values, ...second.values],
    });
    assert.equal(joined.nRows, a.store.nRows + b.store.nRows);
    const c = await drawStore(join(folder, "c"), [8], "float16");
    assert.throws(() => joinStores([a.store, c.store]), UsageError);
    assert.throws(() => joinStores([]), UsageError);
    const other = activationsInMemory([{ item: 1, positions: [0], values: new Float32Array(D) }], { d: D });
    assert.throws(() => joinStores([a.store, other]), /needs .*"hook":"h".* everywhere/);
    await joined.close();
    await c.store.close();
  }));

Deno.test("partsOf() covers every row once, and is one part without an extraction section", () => {
  assert.deepEqual(partsOf(7, {}), [{ suffix: "", from: 0, to: 7 }]);
  const extraction = { engine: "native", positions: "all", dtype: "float16", part_items: 3 } as const;
  assert.deepEqual(partsOf(7, { extraction }).map(({ from, to }) => [from, to]), [[0, 3], [3, 6], [6, 7]]);
});

Deno.test("parseShard() counts from one and refuses what is no share", () => {
  assert.deepEqual(parseShard("2/4"), { index: 1, count: 4 });
  for (const text of ["0/4", "5/4", "1", "a/b", "1/2/3", ""]) {
    assert.throws(() => parseShard(text), UsageError, text);
  }
});

Deno.test("limited() spaces items evenly over the list", () => {
  const items = Array.from({ length: 5000 }, (_, i) => i);
  const some = limited(items, 40);
  assert.equal(some.length, 40);
  assert.deepEqual(new Set(some.slice(1).map((item, i) => item - some[i]!)), new Set([125]));
  assert.equal(limited(items, undefined), items);
});

Deno.test("variantOf() and sweepOf() name what they set, in the order of the file, and refuse what is not there", () => {
  const axes = {
    layer: { late: { hook: "b" } },
    protocol: { published: { "sae.seeds": [0], "label.kind": "x" } },
  };
  assert.deepEqual(variantOf(axes, { protocol: "published", layer: "late" }), {
    name: "late_published",
    overrides: ['hook="b"', "sae.seeds=[0]", 'label.kind="x"'],
  });
  assert.deepEqual(variantOf(axes, {}), { overrides: [] });
  assert.throws(() => variantOf(axes, { depth: "late" }), /Unknown axis "depth".*layer, protocol/);
  assert.throws(() => variantOf(axes, { layer: "early" }), /Unknown layer "early"; known: late/);
  assert.deepEqual(sweepOf({ "sae.d_sae": [4096, 8192], seed: [1] }).map(({ name }) => name), [
    "d_sae-4096_seed-1",
    "d_sae-8192_seed-1",
  ]);
  assert.deepEqual(sweepOf(), [{ overrides: [] }]);
  assert.throws(() => sweepOf({ seed: [1, 1] }), UsageError);
});

Deno.test("every variant of every configuration of the full profile is a valid configuration of its own", () => {
  const configs = (variants: Readonly<Record<string, string>>) => fullConfigs({ variants, limit: 40 });
  assert.deepEqual(configs({}).map(runOf), ["llm_hellaswag", "llm_squad", "tsfm_etth1"]);
  assert.deepEqual(configs({ layer: "late", protocol: "published" }).map(runOf), [
    "llm_hellaswag_late_published",
    "llm_squad_late_published",
    "tsfm_etth1_late_published",
  ]);
  const [hellaswag, squad, etth1] = configs({ layer: "late", protocol: "published" });
  assert.deepEqual([hellaswag!.hook, etth1!.hook], [
    "blocks.17.hook_resid_post",
    "encoder.5.hook_resid_post",
  ]);
  assert.deepEqual(squad!.corpus, {
    file: "squad/validation.parquet",
    fallback: "squad/dev-v1.1.json",
    split: "published",
    max_prompt_tokens: 200,
    published_cheap: true,
    answer_tokens: 32,
  });
  assert.deepEqual(etth1!.label, { error: "crps", threshold_over: "all", hard_quantile: 0.75 });
  assert.ok(configs({}).every((config) => config.limit === 40 && !("variants" in config)));
  assert.throws(
    () => fullConfigs({ studies: ["llm_facts"] }),
    /Unknown study "llm_facts"; known: llm_hellaswag/,
  );
});

Deno.test("a sweep of a configuration becomes a run a point", () =>
  withFolder(async (folder) => {
    const text = await Deno.readTextFile("configs/tsfm_etth1_full.yaml");
    await Deno.writeTextFile(
      join(folder, "x.yaml"),
      `${text}\nsweep: { sae.d_sae: [2048, 4096], hook: [encoder.1.hook_resid_post] }\n`,
    );
    const configs = fullConfigs({ configFolder: folder });
    assert.deepEqual(configs.map(runOf), [
      "tsfm_etth1_d_sae-2048_hook-encoder.1.hook-resid-post",
      "tsfm_etth1_d_sae-4096_hook-encoder.1.hook-resid-post",
    ]);
    assert.deepEqual(configs.map(({ sae }) => sae.d_sae), [2048, 4096]);
  }));

Deno.test("weightsHash() is the file's hash, or that of all shards: none can be swapped", () =>
  withFolder(async (folder) => {
    const whole = join(folder, "whole"), cut = join(folder, "cut");
    for (const each of [whole, cut]) mkdirSync(each);
    writeFileSync(join(whole, "model.safetensors"), "a");
    writeFileSync(join(cut, "model-00001-of-00002.safetensors"), "a");
    writeFileSync(join(cut, "model-00002-of-00002.safetensors"), "b");
    assert.equal(
      await weightsHash(whole),
      "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
    );
    const before = await weightsHash(cut);
    writeFileSync(join(cut, "model-00002-of-00002.safetensors"), "c");
    assert.notEqual(await weightsHash(cut), before);
  }));

Deno.test("planTable() says what is left, not what is done", () => {
  const stage = { run: "llm_squad", stage: "activations", nParts: 4, bytes: 2e9, seconds: 8000 };
  const text = planTable([{ ...stage, nDone: 3 }]);
  assert.match(text, /3 \| +4 \| 2\.00 GB \| +2\.2 h/);
  assert.match(text, /About 33 min of matrix products are left/);
});
