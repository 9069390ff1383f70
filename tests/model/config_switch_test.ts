import assert from "node:assert/strict";
import { copyFileSync, readdirSync } from "node:fs";
import { GuardrailError } from "lib/guardrail.ts";
import { loadModel, run } from "lib/model/model.ts";
import { expectedOf, goldenModels, PARITY, relativeError } from "./parity_support.ts";

/** A switch of the config turned the wrong way, in a checkpoint where it matters. */
const switches: readonly (readonly [model: string, change: Readonly<Record<string, unknown>>])[] = [
  ["neox_wide_init", { hidden_act: "gelu_new" }],
  ["neox_tanh_full_rotary", { hidden_act: "gelu" }],
  ["neox_wide_init", { rope_parameters: { rope_theta: 10000, partial_rotary_factor: 0.5 } }],
  ["neox_pythia", { rotary_pct: 0.5 }],
  ["neox_wide_init", { rope_parameters: { rope_theta: 500, partial_rotary_factor: 0.25 } }],
  ["neox_tanh_full_rotary", { rope_parameters: { rope_theta: 10000, partial_rotary_factor: 1 } }],
  ["neox_pythia", { layer_norm_eps: 1e-6 }],
  ["neox_tied_eps", { layer_norm_eps: 1e-5 }],
  ["neox_wide_init", { use_parallel_residual: false }],
  ["neox_sequential", { use_parallel_residual: true }],
  ["neox_wide_init", { num_attention_heads: 4 }],
  ["neox_wide_init", { tie_word_embeddings: true }],
  ["neox_tied_eps", { tie_word_embeddings: false }],
  ["neox_no_bias_f16", { attention_bias: true }],
  ["neox_wide_init", { attention_bias: false }],
  ["t5_wide_init", { feed_forward_proj: "silu", dense_act_fn: "silu" }],
  ["t5_gated_gelu_untied", { feed_forward_proj: "gated-gelu_python", dense_act_fn: "gelu_python" }],
  ["t5_gated_silu", { feed_forward_proj: "gated-gelu", dense_act_fn: "gelu_new" }],
  ["t5_chronos", { layer_norm_epsilon: 1e-5 }],
  ["t5_narrow_heads", { layer_norm_epsilon: 1e-6 }],
  ["t5_wide_init", { relative_attention_max_distance: 40 }],
  ["t5_gated_silu", { relative_attention_max_distance: 12 }],
  ["t5_wide_init", { scale_decoder_outputs: false }],
  ["t5_gated_gelu_untied", { scale_decoder_outputs: true }],
  ["t5_gated_gelu_untied", { tie_word_embeddings: true }],
  ["t5_wide_init", { tie_word_embeddings: false }],
  ["t5_wide_init", { decoder_start_token_id: 1 }],
];

for (const [name, change] of switches) {
  Deno.test(`parity of ${name} breaks with ${JSON.stringify(change)}`, async () => {
    const original = goldenModels(name)[0]!;
    const directory = Deno.makeTempDirSync();
    try {
      for (const file of readdirSync(original)) copyFileSync(`${original}/${file}`, `${directory}/${file}`);
      const path = `${directory}/config.json`;
      const config = JSON.parse(Deno.readTextFileSync(path));
      Deno.writeTextFileSync(path, JSON.stringify({ ...config, ...change }));
      assert.ok(await errorOfLogits(original) <= PARITY);
      assert.ok(await errorOfLogits(directory) > 2 * PARITY);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

/** Relative to PyTorch; infinite if the checkpoint's tensors do not fit the config. */
async function errorOfLogits(directory: string): Promise<number> {
  const expected = expectedOf(directory);
  const items = [expected.tokens("0.tokens")];
  const targets = expected.names.includes("0.targets") ? [expected.tokens("0.targets")] : [];
  try {
    const model = await loadModel(directory, { engine: "portable" });
    const { logits } = await run(model, items, { want: "logits", targets });
    await model.close();
    return relativeError(logits![0]!, expected.values("0.logits"));
  } catch (error) {
    if (error instanceof GuardrailError) return Infinity;
    throw error;
  }
}
