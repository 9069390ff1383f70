import assert from "node:assert/strict";
import { UsageError } from "lib/guardrail.ts";
import { type HookableStack, parseHook } from "lib/model/hooks.ts";
import { loadModel, run } from "lib/model/model.ts";
import { expectedOf, goldenModels } from "./parity_support.ts";

const stacks: readonly HookableStack[] = [
  { name: "encoder", nBlocks: 2, sublayers: ["attn_out"] },
  { name: "decoder", nBlocks: 12, sublayers: ["attn_out", "cross_attn_out"] },
];

Deno.test("parseHook() knows that after a block and before the next is one place", () => {
  assert.deepEqual(
    parseHook("encoder.0.hook_resid_post", stacks),
    parseHook("encoder.1.hook_resid_pre", stacks),
  );
  assert.deepEqual(parseHook("decoder.11.hook_cross_attn_out", stacks), {
    stack: "decoder",
    site: "cross_attn_out",
    block: 11,
  });
});

Deno.test("parseHook() refuses what the model does not have, saying what it has", () => {
  const wrong = [
    "blocks.0.hook_resid_post",
    "encoder.2.hook_resid_post",
    "encoder.01.hook_resid_post",
    "encoder.0.hook_cross_attn_out",
    "encoder.0.hook_mlp_out",
    "encoder.0.hook_resid_post.extra",
    "",
  ];
  for (const hook of wrong) {
    assert.throws(() => parseHook(hook, stacks), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.ok(error.message.endsWith(`got ${hook}`));
      return error.message.includes("encoder.0..1.hook_{resid_pre, resid_post, attn_out}");
    });
  }
});

Deno.test("run() reads the embedding before the first block, and a patched hook as patched", async () => {
  const directory = goldenModels("neox_pythia")[0]!;
  const model = await loadModel(directory, { engine: "portable" });
  const tokens = expectedOf(directory).tokens("0.tokens");
  const value = new Float32Array(32).fill(0.25);
  for (const hook of ["blocks.0.hook_resid_pre", "blocks.1.hook_resid_post", "blocks.1.hook_attn_out"]) {
    const patch = [{ hook, positions: [2], value }];
    const natural = await run(model, [tokens], { want: "residual", read: [hook] });
    const patched = await run(model, [tokens], { want: "residual", read: [hook], patch });
    assert.deepEqual(patched.read[hook]![0]!.subarray(64, 96), value);
    assert.deepEqual(patched.read[hook]![0]!.subarray(0, 64), natural.read[hook]![0]!.subarray(0, 64));
    if (hook.endsWith("resid_pre")) assert.deepEqual(natural.read[hook]![0], model.embed(tokens));
  }
  await model.close();
});
