/** An SAE's whole assessment inside a real (tiny) model, in the process and from the command line. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GuardrailError, UsageError } from "lib/guardrail.ts";
import { activationsInMemory } from "lib/io/activation_memory.ts";
import type { ActivationStore } from "lib/io/activation_store.ts";
import { openActivationWriter } from "lib/io/activation_writer.ts";
import { type HookedModel, run } from "lib/model/model.ts";
import { readSpliceItems } from "lib/run/splice_items.ts";
import { assessSae } from "lib/sae/assess.ts";
import { writeSae } from "lib/sae/formats/checkpoint.ts";
import { loadSaeFor } from "lib/sae/load_for.ts";
import { goldenModels } from "../model/parity_support.ts";
import { assertClose } from "../support.ts";
import { HOOK, identitySae, OPTIONS, ownText, withModel } from "./splicing.ts";

const MODEL = goldenModels("neox_wide_init")[0]!;
const ASSESS = { ...OPTIONS, maxRows: 10_000, seed: 1 };

/** Texts that the model predicts well, and its activations on them. */
async function textsAndStore(model: HookedModel, nItems: number) {
  const items: number[][] = [];
  for (let i = 0; i < nItems; i++) items.push(await ownText(model, [1 + i, 50 - i, 2 * i]));
  const { read } = await run(model, items, { want: "residual", read: [HOOK] });
  const rows = items.map(({ length }, item) => ({
    item,
    positions: Array.from({ length }, (_, position) => position),
    values: read[HOOK]![item]!,
  }));
  const d = rows[0]!.values.length / rows[0]!.positions.length;
  return { items, rows, store: activationsInMemory(rows, { d, metadata: { hook: HOOK }, rowsPerBatch: 64 }) };
}

function meanOf({ d }: ActivationStore, rows: readonly { readonly values: Float32Array }[]): Float32Array {
  const mean = new Float64Array(d);
  for (const { values } of rows) values.forEach((v, i) => (mean[i % d]! += v * d));
  const n = rows.reduce((sum, { values }) => sum + values.length, 0);
  return Float32Array.from(mean, (sum) => sum / n);
}

Deno.test("assessSae() splices the SAE and its controls, and the gate judges what was lost", () =>
  withModel("neox_wide_init", async (model) => {
    const { items, rows, store } = await textsAndStore(model, 12);
    const lossless = identitySae(store.d, meanOf(store, rows));
    const splice = { model, items, hook: HOOK };
    const kept = await assessSae(lossless, store, { ...ASSESS, splice });
    const { sae, pca, random } = kept.figures.splice!.spliced;
    assertClose(sae.lossRecovered!, 1, 1e-3);
    // As many components as the data have dimensions lose nothing either; a random dictionary does.
    assertClose(pca.lossRecovered!, 1, 1e-3);
    assert.ok(random.deltaNats > 100 * Math.abs(sae.deltaNats), JSON.stringify(kept.figures.splice));
    const check = (name: string, { gate } = kept) => gate.checks.find((one) => one.name === name)!;
    assert.equal(check("loss recovered").passed, true);
    assert.equal(
      check("loss recovered less a random decoder's").value,
      sae.lossRecovered! - random.lossRecovered!,
    );
    assert.deepEqual(JSON.parse(JSON.stringify(kept)), kept, "plain JSON");
    const { counts, nSilent } = kept.evaluation.firingHistogram;
    assert.equal(counts.reduce((sum, n) => sum + n, 0) + nSilent, lossless.dSae);
    assert.equal(nSilent, kept.evaluation.deadFraction * lossless.dSae);

    const silent = { ...lossless, bEnc: lossless.bEnc.map(() => -1e9) };
    const lost = await assessSae(silent, store, { ...ASSESS, splice });
    assertClose(check("loss recovered", lost).value!, 0, 1e-3);
    assert.equal(check("loss recovered less a random decoder's", lost).passed, false);
    assert.equal(lost.gate.verdict, "refuse");

    // Text of chance: cutting the hook out does not make the predictions worse, so nothing can be shown.
    const noise = items.map((_, i) => Array.from({ length: 12 }, (_, j) => (7 * i + 13 * j + i * j) % 61));
    const idle = await assessSae(lossless, store, { ...ASSESS, splice: { ...splice, items: noise } });
    assert.equal(idle.figures.splice!.spliced.sae.lossRecovered, null);
    assert.ok(idle.gate.reasons.includes("loss recovered: needs at least 0.8, got nothing to measure"));
    const unspliced = await assessSae(lossless, store, ASSESS);
    assert.equal(unspliced.figures.splice, undefined);
    assert.deepEqual(unspliced.figures.controlFvu, kept.figures.controlFvu, "same controls again");
  }));

Deno.test("sae eval --model measures the loss recovered on a file of items", () =>
  withModel("neox_wide_init", async (model) => {
    const folder = Deno.makeTempDirSync();
    try {
      const { items, rows, store } = await textsAndStore(model, 12);
      const options = { d: store.d, dtype: "float32", rowsPerShard: 500, rowsPerBatch: 64 } as const;
      const writer = await openActivationWriter(join(folder, "store"), {
        ...options,
        metadata: { hook: HOOK },
      });
      for (const { item, positions, values } of rows) await writer.append(item, positions, values);
      await writer.close();
      await writeSae(identitySae(store.d, meanOf(store, rows)), join(folder, "sae"), "saelens");
      const lines = items.map((tokens) => JSON.stringify({ tokens }));
      Deno.writeTextFileSync(join(folder, "items.jsonl"), lines.join("\n"));
      const script = fileURLToPath(new URL("../../scripts/sae.ts", import.meta.url));
      const evaluate = async (...flags: string[]) => {
        const args = ["run", "--no-check", "--no-prompt", "-ERWS", script, "eval", join(folder, "sae")];
        const command = new Deno.Command(Deno.execPath(), {
          args: [...args, "--store", join(folder, "store"), "--model", MODEL, ...flags],
        });
        const { code, stdout, stderr } = await command.output();
        return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
      };
      const spliced = await evaluate("--items", join(folder, "items.jsonl"));
      const assessed = JSON.parse(spliced.out);
      // Few tokens: refused for that, but the splice is measured, at the hook that the store names.
      assert.equal(spliced.code, 3, spliced.err);
      assertClose(assessed.figures.splice.spliced.sae.lossRecovered, 1, 1e-3);
      assert.equal(assessed.sae.hook, HOOK);
      assert.equal((await evaluate()).code, 2);
      assert.equal((await evaluate("--items", join(folder, "none"))).code, 2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }));

Deno.test("loadSaeFor() takes a checkpoint for what it is, or refuses it by name", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = join(folder, "sae");
    await writeSae({ ...identitySae(4, new Float32Array(4)), hook: HOOK }, path, "saelens");
    const named = loadSaeFor(path, { d: 4, metadata: { hook: HOOK, model: "organism" } });
    assert.deepEqual([named.hook, named.model], [HOOK, "organism"]);
    const refused = (where: string, d: number, hook: string) => {
      let name: string | undefined;
      try {
        loadSaeFor(where, { d, metadata: { hook } });
      } catch (error) {
        if (error instanceof GuardrailError) name = error.guardrail;
      }
      return name;
    };
    assert.equal(refused(path, 5, HOOK), "sae-foreign");
    assert.equal(refused(path, 4, "blocks.1.hook_resid_post"), "sae-foreign");
    assert.equal(refused(join(folder, "none"), 4, HOOK), "sae-missing");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("readSpliceItems() reads tokens, targets and text, and names a bad line", async () => {
  const path = Deno.makeTempFileSync({ suffix: ".jsonl" });
  const tokenizer = fileURLToPath(new URL("../golden/tokenizers/byte_bpe", import.meta.url));
  const read = (...lines: unknown[]) => {
    Deno.writeTextFileSync(path, lines.map((line) => JSON.stringify(line)).join("\n"));
    return readSpliceItems(path, tokenizer);
  };
  const withTargets = { tokens: [1, 2], targets: [3] };
  assert.deepEqual(await read(withTargets), { items: [[1, 2]], targets: [[3]] });
  const { items } = await read({ text: " the question" }, { tokens: [5] });
  assert.ok(items[0]!.length > 0);
  assert.deepEqual(items[1], [5]);
  const message = (pattern: RegExp) => (error: Error) =>
    error instanceof UsageError && pattern.test(error.message);
  await assert.rejects(() => read({ tokens: [1] }, { token: [1] }), message(/line 2: needs/));
  await assert.rejects(() => read({ tokens: [1.5] }), message(/line 1: needs/));
  await assert.rejects(() => read(withTargets, { tokens: [1] }), message(/targets on all lines or none/));
  await assert.rejects(() => read(), message(/needs an item or more/));
  Deno.removeSync(path);
});
