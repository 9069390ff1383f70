import assert from "node:assert/strict";
import type { EngineName } from "lib/model/engine.ts";
import {
  encode,
  encodeConditions,
  type HookedModel,
  loadModel,
  prefix,
  run,
  startDecoding,
  suffix,
} from "lib/model/model.ts";
import { expectedOf, goldenModels, relativeError } from "./parity_support.ts";

const engines: readonly EngineName[] = ["native", "portable"];
const SAME = 1e-6;

interface Case {
  readonly directory: string;
  readonly items: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly hooks: readonly string[];
}

const cases: readonly Case[] = [
  ...goldenModels("neox_").map((directory) =>
    caseOf(directory, ["blocks.0.hook_resid_post", "blocks.1.hook_attn_out"])
  ),
  ...goldenModels("t5_").map((directory) =>
    caseOf(directory, ["encoder.0.hook_resid_post", "encoder.1.hook_attn_out"])
  ),
];

function caseOf(directory: string, hooks: readonly string[]): Case {
  const expected = expectedOf(directory);
  const isT5 = expected.names.includes("0.targets");
  return {
    directory,
    hooks,
    items: [0, 1].map((item) => expected.tokens(`${item}.tokens`)),
    targets: isT5 ? [0, 1].map((item) => expected.tokens(`${item}.targets`)) : [],
  };
}

for (const one of cases) {
  const { directory, hooks, items, targets } = one;
  const name = directory.split("/").at(-1);
  for (const engine of engines) {
    Deno.test(`run() with a residual replaced by itself changes nothing: ${name}, ${engine}`, async () => {
      const model = await loadModel(directory, { engine });
      const natural = await run(model, items, { want: "logits", targets, read: hooks });
      for (const hook of hooks) {
        const patch = items.map((_, item) => (
          { hook, item, positions: "all" as const, value: natural.read[hook]![item]! }
        ));
        const patched = await run(model, items, { want: "logits", targets, patch });
        items.forEach((_, i) => assert.ok(relativeError(patched.logits![i]!, natural.logits![i]!) <= SAME));
      }
      await model.close();
    });

    Deno.test(`suffix() equals run() under every condition: ${name}, ${engine}`, async () => {
      const model = await loadModel(directory, { engine });
      const { dModel } = model.config;
      for (const hook of hooks) {
        const from = await prefix(model, items, hook);
        const foreign = from.values[1]!;
        const conditions = [
          { item: 0 },
          { item: 0, patch: { positions: [5], value: foreign.subarray(0, dModel) } },
          { item: 1 },
          { item: 0, patch: { positions: [6, 4], value: foreign.subarray(dModel, 3 * dModel) } },
          { item: 1, patch: { positions: "all" as const, value: from.values[1]!.map((x) => 0.5 * x) } },
        ];
        const positions = items.map(() => [5]);
        const nats = await suffix(model, from, conditions, { want: "nats", targets, positions });
        const logits = await suffix(model, from, conditions, { want: "logits", targets });
        for (const [c, { item, patch }] of conditions.entries()) {
          const patches = patch === undefined ? [] : [{ hook, item, ...patch }];
          const expected = await run(model, items, { want: "logits", targets, patch: patches });
          const expectedNats = await run(model, items, { want: "nats", targets, patch: patches, positions });
          assert.ok(
            relativeError(logits.logits![c]!, expected.logits![item]!) <= SAME,
            `logits of condition ${c}`,
          );
          assert.equal(nats.nats![c]!.length, 1);
          assert.ok(
            Math.abs(nats.nats![c]![0]! - expectedNats.nats![item]![0]!) <= 2e-6,
            `nats of condition ${c}`,
          );
        }
      }
      await model.close();
    });

    Deno.test(`run() gives nats that are the logits' cross-entropy: ${name}, ${engine}`, async () => {
      const model = await loadModel(directory, { engine });
      const { logits } = await run(model, items, { want: "logits", targets });
      const { nats } = await run(model, items, { want: "nats", targets });
      for (const [item, tokens] of items.entries()) {
        const predicted = targets.length > 0 ? targets[item]! : tokens.slice(1);
        assert.equal(nats![item]!.length, predicted.length);
        predicted.forEach((token, t) => {
          const row = logits![item]!.subarray(t * model.config.vocabSize, (t + 1) * model.config.vocabSize);
          assert.ok(Math.abs(nats![item]![t]! - crossEntropy(row, token)) <= 1e-5);
        });
      }
      await model.close();
    });
  }
}

for (const { directory, items, targets } of cases.filter((one) => one.targets.length > 0)) {
  const name = directory.split("/").at(-1);
  for (const engine of engines) {
    Deno.test(`startDecoding() steps equal teacher forcing, for every path: ${name}, ${engine}`, async () => {
      const model = await loadT5(directory, engine);
      const own = engine === "portable" ? items.slice(0, 1) : items;
      const longest = Array.from({ length: 40 }, (_, t) => (7 * t + 3) % model.config.vocabSize);
      const { logits } = await run(model, own, { want: "logits", targets: own.map(() => longest) });
      const decoding = startDecoding(model, await encode(model, own), 3);
      assert.equal(decoding.nRows, 3 * own.length);
      const { vocabSize, decoderStartToken } = model.config;
      for (let t = 0; t < longest.length; t++) {
        const token = t === 0 ? decoderStartToken : longest[t - 1]!;
        const step = await decoding.step(new Array(decoding.nRows).fill(token));
        for (let row = 0; row < decoding.nRows; row++) {
          const expected = logits![Math.floor(row / 3)]!.subarray(t * vocabSize, (t + 1) * vocabSize);
          assert.ok(relativeError(step.subarray(row * vocabSize, (row + 1) * vocabSize), expected) <= 5e-6);
        }
      }
      await model.close();
    });

    Deno.test(`encodeConditions() hands the decoder patched states: ${name}, ${engine}`, async () => {
      const model = await loadT5(directory, engine);
      const hook = "encoder.0.hook_resid_post";
      const own = [items[0]!, items[0]!.map((token) => (token + 1) % model.config.vocabSize)];
      const from = await prefix(model, own, hook);
      const value = from.values[1]!.slice(0, model.config.dModel);
      const patch = { positions: [4], value };
      const conditions = [{ item: 0 }, { item: 0, patch }];
      const decoding = startDecoding(model, await encodeConditions(model, from, conditions), 1);
      const first = await decoding.step([model.config.decoderStartToken, model.config.decoderStartToken]);
      const own1 = targets.slice(0, 1);
      const natural = await run(model, own.slice(0, 1), { want: "logits", targets: own1 });
      const patched = await run(model, own.slice(0, 1), {
        want: "logits",
        targets: own1,
        patch: [{ hook, ...patch }],
      });
      const { vocabSize } = model.config;
      assert.ok(
        relativeError(first.subarray(0, vocabSize), natural.logits![0]!.subarray(0, vocabSize)) <= SAME,
      );
      assert.ok(relativeError(first.subarray(vocabSize), patched.logits![0]!.subarray(0, vocabSize)) <= SAME);
      await model.close();
    });
  }
}

async function loadT5(directory: string, engine: EngineName) {
  const model: HookedModel = await loadModel(directory, { engine });
  assert.ok(model.kind === "encoder-decoder");
  return model;
}

function crossEntropy(logits: Float32Array, target: number): number {
  const max = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0)) - logits[target]!;
}
