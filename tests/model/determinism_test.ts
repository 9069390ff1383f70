import assert from "node:assert/strict";
import { defaultRng } from "lib/math/random.ts";
import { loadModel, prefix, run, type RunOptions, type RunResult, suffix } from "lib/model/model.ts";
import { digest, WIDE_NEOX, WIDE_T5, withCheckpoint } from "./checkpoint_fixtures.ts";
import { relativeError } from "./parity_support.ts";

const rng = defaultRng(7);
const randomTokens = (length: number) => Array.from({ length }, () => rng.integers(300));

/** Seven items of one length and five of others. */
const items = [...Array.from({ length: 7 }, () => randomTokens(23)), ...[1, 2, 9, 40, 2].map(randomTokens)];
const targets = items.map(() => randomTokens(5));

const cases = [
  {
    name: "GPT-NeoX",
    config: WIDE_NEOX,
    hooks: ["blocks.0.hook_resid_post", "blocks.1.hook_attn_out"],
    targets: [],
  },
  { name: "T5", config: WIDE_T5, hooks: ["encoder.0.hook_resid_post", "decoder.1.hook_attn_out"], targets },
];

for (const { name, config, hooks, targets } of cases) {
  const options = (want: RunOptions["want"], from = 0, to = items.length): RunOptions => ({
    want,
    read: hooks,
    targets: targets.slice(from, to),
  });

  Deno.test(`portable gives the same SHA-256 at every repetition and split of ${name} items`, async () => {
    await withCheckpoint(config, async (directory) => {
      const whole: string[] = [];
      for (let repetition = 0; repetition < 2; repetition++) {
        const model = await loadModel(directory, { engine: "portable" });
        whole.push(digest([await run(model, items, options("logits"))]));
        await model.close();
      }
      assert.equal(whole[0], whole[1]);
      const model = await loadModel(directory, { engine: "portable" });
      const all = await run(model, items, options("logits"));
      for (const size of [1, 2, 3, 5]) {
        for (let from = 0; from < items.length; from += size) {
          const to = Math.min(from + size, items.length);
          const part = await run(model, items.slice(from, to), options("logits", from, to));
          assert.equal(digest([part]), digest([slice(all, from, to)]), `items ${from} to ${to}`);
        }
      }
      const small = await run(model, items, { ...options("logits"), maxBatchPositions: 30 });
      assert.equal(digest([small]), digest([all]), "smaller batches");
      await model.close();
    });
  });

  Deno.test(`native gives the same bits with 1 and 2 threads: ${name}`, async () => {
    await withCheckpoint(config, async (directory) => {
      const digests: string[] = [];
      for (const threads of [1, 2]) {
        const model = await loadModel(directory, { engine: "native", threads });
        assert.deepEqual([model.engine.provider, model.engine.threads], ["cpu", threads]);
        digests.push(
          digest([await run(model, items, options("logits")), await run(model, items, options("nats"))]),
        );
        await model.close();
      }
      assert.equal(digests[0], digests[1]);
    });
  });

  Deno.test(`native gives a padded item what it has alone, within 1e-6: ${name}`, async () => {
    await withCheckpoint(config, async (directory) => {
      const model = await loadModel(directory, { engine: "native", threads: 2 });
      const together = await run(model, items, options("logits"));
      for (let item = 0; item < items.length; item++) {
        const alone = await run(model, items.slice(item, item + 1), options("logits", item, item + 1));
        assert.ok(relativeError(alone.logits![0]!, together.logits![item]!) <= 1e-6);
        for (const hook of hooks) {
          assert.ok(relativeError(alone.read[hook]![0]!, together.read[hook]![item]!) <= 1e-6);
        }
      }
      await model.close();
    });
  });
}

Deno.test("suffix() on portable gives the same bits at every split of the conditions", async () => {
  await withCheckpoint(WIDE_NEOX, async (directory) => {
    const model = await loadModel(directory, { engine: "portable" });
    const own = items.slice(0, 3);
    const from = await prefix(model, own, "blocks.0.hook_resid_post");
    const conditions = own.flatMap((_, item) =>
      [4, 20].map((position) => (
        { item, patch: { positions: [position], value: from.values[(item + 1) % 3]!.slice(0, 256) } }
      ))
    );
    // An item's conditions share its unchanged positions, so they are split by item.
    const all = await suffix(model, from, conditions, { want: "logits", positions: own.map(() => [21, 22]) });
    for (let item = 0; item < 3; item++) {
      const part = await suffix(model, from, conditions.filter((one) => one.item === item), {
        want: "logits",
        positions: own.map(() => [21, 22]),
      });
      assert.equal(digest([part]), digest([slice(all, 2 * item, 2 * item + 2)]));
    }
    await model.close();
  });
});

function slice({ read, logits }: RunResult, from: number, to: number): RunResult {
  return {
    read: Object.fromEntries(Object.entries(read).map(([hook, values]) => [hook, values.slice(from, to)])),
    logits: logits!.slice(from, to),
  };
}
