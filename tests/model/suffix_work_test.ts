/** What prefix and suffix compute, counted: positions that pass through each block. */
import assert from "node:assert/strict";
import { type CausalModel, loadModel, prefix, run, suffix } from "lib/model/model.ts";
import { WIDE_NEOX, withCheckpoint } from "./checkpoint_fixtures.ts";

const CONFIG = {
  ...WIDE_NEOX,
  hidden_size: 16,
  intermediate_size: 32,
  num_attention_heads: 2,
  num_hidden_layers: 4,
};
const hook = "blocks.1.hook_resid_post";

/** The same model, counting positions by block and opened heads. */
function counting(model: CausalModel): { model: CausalModel; slots: number[]; opened: Set<string> } {
  const slots = new Array<number>(model.blocks.nBlocks).fill(0);
  const opened = new Set<string>();
  return {
    slots,
    opened,
    model: {
      ...model,
      blocks: {
        ...model.blocks,
        async block(index) {
          opened.add(`block ${index}`);
          const session = await model.blocks.block(index);
          return {
            ...session,
            run(feeds, fetches) {
              const [batch, length] = feeds["resid"]!.dims as readonly [number, number];
              slots[index]! += batch * length;
              return session.run(feeds, fetches);
            },
          };
        },
      },
      head: {
        ...model.head,
        logitsSession() {
          opened.add("head");
          return model.head.logitsSession();
        },
      },
    },
  };
}

async function withCounted(body: (counted: ReturnType<typeof counting>) => Promise<void>): Promise<void> {
  await withCheckpoint(CONFIG, async (directory) => {
    const model = await loadModel(directory, { engine: "portable" });
    assert.ok(model.kind === "causal");
    await body(counting(model));
    await model.close();
  });
}

const item = Array.from({ length: 30 }, (_, t) => (7 * t) % 300);

Deno.test("run() stops at the last hook it needs and opens nothing after it", async () => {
  await withCounted(async ({ model, slots, opened }) => {
    await run(model, [item], { want: "residual", read: ["blocks.0.hook_attn_out", hook] });
    assert.deepEqual(slots, [30, 30, 0, 0]);
    assert.deepEqual([...opened], ["block 0", "block 1"]);
  });
});

Deno.test("suffix() runs no block before the hook, and after it only positions that can change", async () => {
  await withCounted(async ({ model, slots }) => {
    const from = await prefix(model, [item], hook);
    assert.deepEqual(slots, [30, 30, 0, 0]);
    const value = from.values[0]!.slice(0, 16);
    const conditions = [0, 1, 2, 3, 4, 5].map((i) => (
      { item: 0, patch: { positions: [25], value: value.map((x) => x + i) } }
    ));
    await suffix(model, from, [{ item: 0 }, ...conditions], { want: "nats", positions: [[25, 26, 27, 28]] });
    // 25 unchanged positions once, then 5 positions of 7 conditions
    assert.deepEqual(slots, [30, 30, 25 + 7 * 5, 25 + 7 * 5]);
  });
});

Deno.test("run() gives logits of wanted positions only", async () => {
  await withCounted(async ({ model }) => {
    const all = (await run(model, [item], { want: "logits" })).logits![0]!;
    const some = (await run(model, [item], { want: "logits", positions: [[29, 3]] })).logits![0]!;
    assert.deepEqual(some, Float32Array.from([...all.slice(29 * 300), ...all.slice(3 * 300, 4 * 300)]));
  });
});
