import assert from "node:assert/strict";
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError, UsageError } from "lib/guardrail.ts";
import { openActivationStore } from "lib/io/activation_store.ts";
import { openActivationWriter } from "lib/io/activation_writer.ts";
import { randomStream } from "lib/math/random.ts";

const D = 7;
const OPTIONS = { d: D, rowsPerShard: 50, rowsPerBatch: 16, metadata: { model: "m", hook: "blocks.1" } };

/** 30 items of 1 to 12 rows. */
function items() {
  const rng = randomStream(3, "tests/io/store");
  return Array.from({ length: 30 }, (_, item) => {
    const n = 1 + rng.integers(12);
    const values = Float32Array.from({ length: n * D }, () => 100 * rng.normal());
    return { item, positions: Array.from({ length: n }, (_, i) => i), values };
  });
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function readAll(folder: string) {
  const store = await openActivationStore(folder);
  const rows = { items: [] as number[], positions: [] as number[], values: [] as number[] };
  for (const batch of store.batches) {
    const part = await store.read(batch);
    assert.equal(part.items.length, batch.nRows);
    rows.items.push(...part.items);
    rows.positions.push(...part.positions);
    rows.values.push(...part.values);
  }
  await store.close();
  return { store, rows };
}

for (const dtype of ["float16", "float32"] as const) {
  Deno.test(`openActivationStore() reads back what was written as ${dtype}`, () =>
    withFolder(async (folder) => {
      const writer = await openActivationWriter(folder, { ...OPTIONS, dtype });
      for (const { item, positions, values } of items()) await writer.append(item, positions, values);
      await writer.close();
      const { store, rows } = await readAll(folder);
      assert.deepEqual([store.d, store.dtype, store.metadata], [D, dtype, OPTIONS.metadata]);
      assert.ok(readdirSync(folder).length > 2);
      assert.ok(store.batches.every(({ nRows }) => nRows <= OPTIONS.rowsPerBatch));
      assert.deepEqual(rows.items, items().flatMap(({ item, positions }) => positions.map(() => item)));
      assert.deepEqual(rows.positions, items().flatMap(({ positions }) => positions));
      const stored = (value: number) => dtype === "float16" ? Math.f16round(value) : value;
      assert.deepEqual(rows.values, items().flatMap(({ values }) => [...values].map(stored)));
    }));
}

Deno.test("openActivationWriter() goes on after the last whole shard and gives the same files", async () => {
  const options = { ...OPTIONS, dtype: "float16" as const };
  const whole = new Map<string, Uint8Array>();
  await withFolder(async (folder) => {
    const writer = await openActivationWriter(folder, options);
    for (const { item, positions, values } of items()) await writer.append(item, positions, values);
    await writer.close();
    for (const name of readdirSync(folder)) whole.set(name, Deno.readFileSync(join(folder, name)));
  });
  await withFolder(async (folder) => {
    const killed = await openActivationWriter(folder, options);
    for (const { item, positions, values } of items().slice(0, 20)) {
      await killed.append(item, positions, values);
    }
    // no close(): what was pending is lost, and a half-written temporary file stays behind
    writeFileSync(join(folder, "shard-00009.arrow.1-1.tmp"), "half");
    const writer = await openActivationWriter(folder, options);
    assert.ok(writer.nItemsDone > 0 && writer.nItemsDone < 20);
    for (const { item, positions, values } of items().slice(writer.nItemsDone)) {
      await writer.append(item, positions, values);
    }
    await writer.close();
    for (const [name, bytes] of whole) assert.deepEqual(Deno.readFileSync(join(folder, name)), bytes, name);
    await assert.rejects(
      () => openActivationWriter(folder, { ...options, metadata: { model: "other" } }),
      UsageError,
    );
  });
});

Deno.test("openActivationWriter() refuses rows that do not fit and values that are not finite", () =>
  withFolder(async (folder) => {
    const writer = await openActivationWriter(folder, { ...OPTIONS, dtype: "float32" });
    await assert.rejects(() => writer.append(0, [0], new Float32Array(3)), RangeError);
    const wrong = new Float32Array(D).fill(NaN);
    await assert.rejects(
      () => writer.append(0, [0], wrong),
      (error: GuardrailError) => error.guardrail === "non-finite",
    );
    await writer.append(4, [0], new Float32Array(D));
    await assert.rejects(() => writer.append(4, [1], new Float32Array(D)), /needs an id from 5/);
  }));

Deno.test("openActivationStore() refuses missing and broken shards", () =>
  withFolder(async (folder) => {
    await assert.rejects(() => openActivationStore(join(folder, "none")), UsageError);
    const writer = await openActivationWriter(folder, { ...OPTIONS, dtype: "float32" });
    for (const { item, positions, values } of items()) await writer.append(item, positions, values);
    await writer.close();
    truncateSync(join(folder, "shard-00001.arrow"), 700);
    await assert.rejects(() => openActivationStore(folder), (error: GuardrailError) =>
      error.guardrail === "corrupt-file");
  }));
