import assert from "node:assert/strict";
import type { EngineName } from "lib/model/engine.ts";
import { loadModel, run } from "lib/model/model.ts";
import { assertParity, expectedOf, goldenModels } from "./parity_support.ts";

const directories = goldenModels("t5_");
const engines: readonly EngineName[] = ["native", "portable"];

Deno.test("there are T5 checkpoints of at least six configurations", () => {
  assert.ok(directories.length >= 6);
});

for (const directory of directories) {
  const name = directory.split("/").at(-1);
  for (const engine of engines) {
    Deno.test(`run() equals transformers on ${name}, engine ${engine}`, async () => {
      const expected = expectedOf(directory);
      const model = await loadModel(directory, { engine });
      const items = [0, 1].map((item) => expected.tokens(`${item}.tokens`));
      const targets = [0, 1].map((item) => expected.tokens(`${item}.targets`));
      const hooks = expected.names.filter((key) => /^0\.(en|de)coder\./.test(key)).map((key) => key.slice(2));
      assert.ok(model.kind === "encoder-decoder");
      assert.equal(hooks.length, 2 * model.config.nEncoderBlocks + 3 * model.config.nDecoderBlocks);
      const result = await run(model, items, { want: "logits", read: hooks, targets });
      await model.close();
      for (const item of [0, 1]) {
        for (const hook of hooks) {
          assertParity(result.read[hook]?.[item], expected.values(`${item}.${hook}`), `${item}.${hook}`);
        }
        assertParity(result.logits?.[item], expected.values(`${item}.logits`), `${item}.logits`);
      }
    });

    Deno.test(`masked positions are seen by nobody on ${name}, engine ${engine}`, async () => {
      const expected = expectedOf(directory);
      const model = await loadModel(directory, { engine });
      const items = [expected.tokens("0.tokens")];
      const targets = [expected.tokens("0.targets")];
      const masks = [items[0]!.map((_, t) => [0, 1, 7].includes(t) ? 0 : 1)];
      const result = await run(model, items, { want: "logits", targets, masks });
      assertParity(result.logits?.[0], expected.values("masked.logits"), "masked logits");
      await model.close();
    });

    Deno.test(`a patch equals a forward hook of PyTorch on ${name}, engine ${engine}`, async () => {
      const expected = expectedOf(directory);
      const model = await loadModel(directory, { engine });
      const items = [0, 1].map((item) => expected.tokens(`${item}.tokens`));
      const targets = [0, 1].map((item) => expected.tokens(`${item}.targets`));
      const { dModel } = model.config;
      for (
        const hook of ["encoder.0.hook_resid_post", "encoder.1.hook_attn_out", "decoder.0.hook_resid_post"]
      ) {
        const value = expected.values(`1.${hook}`).subarray(5 * dModel, 6 * dModel);
        const patch = [{ hook, positions: [3], value }];
        const result = await run(model, items, { want: "logits", targets, patch });
        assertParity(result.logits?.[0], expected.values(`patched.${hook}.logits`), `patched ${hook}`);
        assertParity(result.logits?.[1], expected.values("1.logits"), "the item that was not patched");
      }
      await model.close();
    });
  }
}
