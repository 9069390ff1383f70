import assert from "node:assert/strict";
import type { EngineName } from "lib/model/engine.ts";
import { loadModel, run } from "lib/model/model.ts";
import { assertParity, expectedOf, goldenModels } from "./parity_support.ts";

const directories = goldenModels("neox_");
const engines: readonly EngineName[] = ["native", "portable"];

Deno.test("there are GPT-NeoX checkpoints of at least six configurations", () => {
  assert.ok(directories.length >= 6);
});

for (const directory of directories) {
  const name = directory.split("/").at(-1);
  for (const engine of engines) {
    Deno.test(`run() equals transformers on ${name}, engine ${engine}`, async () => {
      const expected = expectedOf(directory);
      const items = [0, 1].map((item) => expected.tokens(`${item}.tokens`));
      const model = await loadModel(directory, { engine });
      assert.ok(model.kind === "causal");
      const hooks = expected.names.filter((key) => key.startsWith("0.blocks")).map((key) => key.slice(2));
      assert.equal(hooks.length, 2 * model.config.nBlocks);
      const result = await run(model, items, { want: "logits", read: hooks });
      await model.close();
      for (const item of [0, 1]) {
        for (const hook of hooks) {
          assertParity(result.read[hook]?.[item], expected.values(`${item}.${hook}`), `${item}.${hook}`);
        }
        assertParity(result.logits?.[item], expected.values(`${item}.logits`), `${item}.logits`);
      }
    });

    Deno.test(`a patch equals a forward hook of PyTorch on ${name}, engine ${engine}`, async () => {
      const expected = expectedOf(directory);
      const items = [0, 1].map((item) => expected.tokens(`${item}.tokens`));
      const model = await loadModel(directory, { engine });
      const { dModel } = model.config;
      for (const hook of ["blocks.0.hook_resid_post", "blocks.1.hook_attn_out"]) {
        const value = expected.values(`1.${hook}`).subarray(3 * dModel, 4 * dModel);
        const result = await run(model, items, { want: "logits", patch: [{ hook, positions: [6], value }] });
        assertParity(result.logits?.[0], expected.values(`patched.${hook}.logits`), `patched ${hook}`);
        assertParity(result.logits?.[1], expected.values("1.logits"), "the item that was not patched");
      }
      await model.close();
    });
  }
}
