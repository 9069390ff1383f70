import assert from "node:assert/strict";
import { GuardrailError, UsageError } from "lib/guardrail.ts";
import { loadModel, prefix, run, suffix } from "lib/model/model.ts";
import { readSafetensorsHeader } from "lib/model/safetensors.ts";
import { writeSafetensors } from "lib/model/safetensors_write.ts";
import { readSlice } from "lib/model/file_slice.ts";
import { WIDE_NEOX, WIDE_T5, withCheckpoint } from "./checkpoint_fixtures.ts";

const NEOX = { ...WIDE_NEOX, hidden_size: 16, intermediate_size: 32, num_attention_heads: 2, vocab_size: 50 };
const T5 = { ...WIDE_T5, d_model: 16, d_kv: 8, d_ff: 32, num_heads: 2, vocab_size: 50 };
const portable = { engine: "portable" } as const;

/** A config key set wrong, and what the one line must say. */
const refusals: readonly (readonly [Record<string, unknown>, Record<string, unknown>, RegExp])[] = [
  [NEOX, { model_type: "llama" }, /"model_type" needs gpt_neox or t5, got "llama"/],
  [NEOX, { hidden_act: "mish" }, /"hidden_act" needs an activation .*, got "mish"/],
  [NEOX, { num_attention_heads: 3 }, /"num_attention_heads" needs a divisor of hidden_size 16, got 3/],
  [NEOX, { hidden_size: "16" }, /"hidden_size" needs a positive integer, got "16"/],
  [NEOX, { hidden_size: undefined }, /"hidden_size" needs a positive integer, got nothing/],
  [NEOX, { layer_norm_eps: 0 }, /"layer_norm_eps" needs a positive number, got 0/],
  [NEOX, { rotary_pct: 0.4 }, /"rotary_pct" needs an even number of rotated dimensions/],
  [NEOX, { rope_scaling: { type: "linear", factor: 2 } }, /"rope_scaling" needs null/],
  [
    NEOX,
    { rope_parameters: { rope_type: "yarn" } },
    /"rope_parameters\.rope_type" needs "default", got "yarn"/,
  ],
  [NEOX, { rope_parameters: { factor: 2 } }, /key "rope_parameters\.factor" is not supported/],
  [NEOX, { use_parallel_residual: "yes" }, /"use_parallel_residual" needs true or false, got "yes"/],
  [NEOX, { sliding_window: 12 }, /key "sliding_window" is not supported/],
  [T5, { feed_forward_proj: "gated-mish" }, /"feed_forward_proj" needs an activation .*, got "gated-mish"/],
  [T5, { dense_act_fn: "gelu" }, /"dense_act_fn" needs "relu", got "gelu"/],
  [T5, { is_gated_act: true }, /"is_gated_act" needs false, got true/],
  [
    T5,
    { relative_attention_num_buckets: 6 },
    /"relative_attention_num_buckets" needs a multiple of 4, got 6/,
  ],
  [T5, { is_decoder: true }, /"is_decoder" needs false, got true/],
];

for (const [config, wrong, message] of refusals) {
  Deno.test(`loadModel() refuses ${JSON.stringify(wrong)} naming the key`, async () => {
    await withCheckpoint(config, async (directory) => {
      Deno.writeTextFileSync(`${directory}/config.json`, JSON.stringify({ ...config, ...wrong }));
      await assertRefused(directory, UsageError, message);
    });
  });
}

Deno.test("loadModel() refuses a vocabulary size that is not the embedding's", async () => {
  await withCheckpoint(NEOX, async (directory) => {
    Deno.writeTextFileSync(`${directory}/config.json`, JSON.stringify({ ...NEOX, vocab_size: 51 }));
    const message =
      /"gpt_neox\.embed_in\.weight" as F32, F16 or BF16 \[51, 16\], got F32 \[50, 16\] in .*model\.safetensors/;
    await assertRefused(directory, GuardrailError, message);
  });
});

Deno.test("loadModel() refuses a missing tensor, a tensor of integers and a tensor of another model", async () => {
  const name = "gpt_neox.layers.1.mlp.dense_h_to_4h.bias";
  await withCheckpoint(NEOX, async (directory) => {
    rewrite(directory, (tensors) => tensors.filter((tensor) => tensor.name !== name));
    await assertRefused(
      directory,
      GuardrailError,
      new RegExp(`needs tensor "${name}" .*\\[32\\], got no such tensor`),
    );
  });
  await withCheckpoint(NEOX, async (directory) => {
    rewrite(directory, (tensors) => tensors.map((one) => one.name === name ? { ...one, dtype: "I32" } : one));
    await assertRefused(
      directory,
      GuardrailError,
      new RegExp(`"${name}" as F32, F16 or BF16 \\[32\\], got I32 \\[32\\]`),
    );
  });
  await withCheckpoint(NEOX, async (directory) => {
    rewrite(
      directory,
      (tensors) => tensors.map((one) => one.name === name ? { ...one, name: "lora.A" } : one),
    );
    Deno.writeTextFileSync(`${directory}/config.json`, JSON.stringify({ ...NEOX }));
    await assertRefused(directory, GuardrailError, new RegExp(`needs tensor "${name}"`));
  });
  await withCheckpoint(NEOX, async (directory) => {
    const extra = { name: "lora.A", dtype: "F32", shape: [0] } as const;
    rewrite(directory, (tensors) => [...tensors, extra]);
    await assertRefused(
      directory,
      GuardrailError,
      /needs only tensors of its architecture, got "lora\.A" \[0\]/,
    );
  });
});

Deno.test("loadModel() refuses a truncated weight file and a directory without weights", async () => {
  await withCheckpoint(NEOX, async (directory) => {
    const path = `${directory}/model.safetensors`;
    Deno.truncateSync(path, Deno.statSync(path).size - 1);
    await assertRefused(
      directory,
      GuardrailError,
      /model\.safetensors: tensor ".*" needs a file of at least \d+ bytes/,
    );
    Deno.removeSync(path);
    await assertRefused(
      directory,
      UsageError,
      /needs model\.safetensors or model\.safetensors\.index\.json, got neither/,
    );
    Deno.removeSync(`${directory}/config.json`);
    await assertRefused(directory, UsageError, /config\.json: needs the file, got no such file/);
  });
});

Deno.test("loadModel() refuses an index that lies, or points out of the directory", async () => {
  await withCheckpoint(NEOX, async (directory) => {
    const path = `${directory}/model.safetensors.index.json`;
    const index = JSON.parse(Deno.readTextFileSync(path));
    const file = index.weight_map["embed_out.weight"];
    Deno.writeTextFileSync(path, JSON.stringify({ weight_map: { ...index.weight_map, ghost: file } }));
    await assertRefused(directory, GuardrailError, /needs tensor "ghost" \(listed in the index\)/);
    Deno.writeTextFileSync(path, JSON.stringify({ weight_map: { a: "../secret.safetensors" } }));
    await assertRefused(
      directory,
      GuardrailError,
      /needs a weight_map from tensors to \.safetensors files beside it/,
    );
    Deno.writeTextFileSync(path, "[]");
    await assertRefused(directory, UsageError, /needs a JSON object/);
  }, { shardBytes: 4000 });
});

for (const engine of ["native", "portable"] as const) {
  Deno.test(`a read-only Hugging Face cache of symlinks loads, shards included, engine ${engine}`, async () => {
    await withCheckpoint(NEOX, async (directory) => {
      const expected = await firstLogits(directory, engine);
      const cache = `${directory}/hub/models--x--y`;
      const snapshot = `${cache}/snapshots/0123abcd`;
      Deno.mkdirSync(`${cache}/blobs`, { recursive: true });
      Deno.mkdirSync(snapshot, { recursive: true });
      const files = [...Deno.readDirSync(directory)].filter((entry) => entry.isFile).map((entry) =>
        entry.name
      );
      assert.ok(files.filter((file) => file.endsWith(".safetensors")).length > 1);
      files.forEach((file, i) => {
        Deno.renameSync(`${directory}/${file}`, `${cache}/blobs/blob${i}`); // blobs have no extension
        Deno.symlinkSync(`../../blobs/blob${i}`, `${snapshot}/${file}`);
        Deno.chmodSync(`${cache}/blobs/blob${i}`, 0o444);
      });
      for (const folder of [`${cache}/blobs`, snapshot]) Deno.chmodSync(folder, 0o555);
      assert.deepEqual(await firstLogits(snapshot, engine), expected);
      for (const folder of [`${cache}/blobs`, snapshot]) Deno.chmodSync(folder, 0o755);
    }, { shardBytes: 4000, dtype: "F16" });
  });
}

Deno.test("loadModel() refuses engines and threads that do not exist", async () => {
  await withCheckpoint(NEOX, async (directory) => {
    await assert.rejects(
      loadModel(directory, { engine: "gpu" as "native" }),
      /needs native or portable, got gpu/,
    );
    await assert.rejects(loadModel(directory, { engine: "portable", threads: 2 }), /needs one thread, got 2/);
    await assert.rejects(
      loadModel(directory, { engine: "native", threads: 0 }),
      /needs at least one thread, got 0/,
    );
  });
});

Deno.test("run() refuses tokens, hooks, positions and patches that do not fit, naming them", async () => {
  await withCheckpoint(NEOX, async (directory) => {
    const model = await loadModel(directory, portable);
    const items = [[1, 2, 3]];
    const value = new Float32Array(16);
    const hook = "blocks.0.hook_resid_post";
    const refuse = (options: Parameters<typeof run>[2], message: RegExp) =>
      assert.rejects(run(model, items, options), message);
    await assert.rejects(
      run(model, [[1, 50]], { want: "nats" }),
      /item 0: needs token ids in \[0, 50\), got 50 at position 1/,
    );
    await assert.rejects(run(model, [[]], { want: "nats" }), /item 0: needs 1 to 128 tokens, got 0/);
    await assert.rejects(
      run(model, [new Array(129).fill(1)], { want: "nats" }),
      /needs 1 to 128 tokens, got 129/,
    );
    await refuse(
      { want: "residual", read: ["blocks.2.hook_resid_post"] },
      /needs blocks\.0\.\.1\.hook_.*, got blocks\.2/,
    );
    await refuse({ want: "residual", read: ["encoder.0.hook_resid_post"] }, /got encoder\.0/);
    await refuse({ want: "nats", positions: [[2]] }, /from item 0: needs positions in \[0, 2\), got 2/);
    await refuse({ want: "nats", positions: [] }, /needs positions for 1 items, got 0/);
    await refuse(
      { want: "nats", patch: [{ hook, positions: [3], value }] },
      /needs positions in \[0, 3\), got 3/,
    );
    await refuse({ want: "nats", patch: [{ hook, positions: "all", value }] }, /needs 3 x 16 values, got 16/);
    await refuse(
      { want: "nats", patch: [{ hook, item: 1, positions: [0], value }] },
      /needs an item in \[0, 1\)/,
    );
    const from = await prefix(model, items, "blocks.1.hook_attn_out");
    await assert.rejects(
      suffix(model, from, [{ item: 1 }], { want: "nats" }),
      /condition 0: needs an item in \[0, 1\)/,
    );
    await assert.rejects(
      suffix(model, from, [{ item: 0 }], { want: "residual", read: ["blocks.0.hook_attn_out"] }),
      /Cannot read blocks\.0\.hook_attn_out: it lies before blocks\.1\.hook_attn_out/,
    );
    await model.close();
    await assert.rejects(run(model, items, { want: "nats" }), /the model was closed/);
  });
});

Deno.test("run() of an encoder-decoder refuses missing targets and masks that do not fit", async () => {
  await withCheckpoint(T5, async (directory) => {
    const model = await loadModel(directory, portable);
    await assert.rejects(run(model, [[1]], { want: "nats" }), /needs targets for 1 items, got 0/);
    await assert.rejects(
      run(model, [[1]], { want: "nats", targets: [[60]] }),
      /targets of item 0: needs token ids/,
    );
    await assert.rejects(
      run(model, [[1]], { want: "residual", masks: [[1, 1]] }),
      /mask item 0: needs 1 values of 0 or 1/,
    );
    await model.close();
  });
});

async function firstLogits(directory: string, engine: "native" | "portable"): Promise<Float32Array> {
  const model = await loadModel(directory, { engine });
  const { logits } = await run(model, [[3, 1, 4, 1, 5]], { want: "logits" });
  await model.close();
  return logits![0]!;
}

/** Writes the weights again, with other tensors; values are zeros. */
function rewrite(
  directory: string,
  change: (tensors: { name: string; dtype: string; shape: readonly number[] }[]) => readonly unknown[],
): void {
  const path = `${directory}/model.safetensors`;
  const { tensors } = readSafetensorsHeader(path);
  const plain = [...tensors.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  const bytes = new Map([...tensors].map(([name, tensor]) => [name, readSlice(tensor)]));
  const changed = change(plain) as Parameters<typeof writeSafetensors>[1];
  writeSafetensors(
    path,
    changed,
    ({ name, shape }) =>
      bytes.get(name) ?? new Uint8Array(4 * shape.reduce((product, size) => product * size, 1)),
  );
}

async function assertRefused(
  directory: string,
  kind: typeof UsageError | typeof GuardrailError,
  message: RegExp,
): Promise<void> {
  await assert.rejects(loadModel(directory, portable), (error: Error) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, message);
    assert.ok(error.message.includes(directory) && !error.message.includes("\n"));
    return true;
  });
}
