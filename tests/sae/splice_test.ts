/** Splicing into a real (tiny) model: an SAE that loses nothing, one that loses everything, one of another width. */
import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { openEngine } from "lib/model/engine.ts";
import { type HookedModel, loadModel, run } from "lib/model/model.ts";
import { openSaeEncoder } from "lib/sae/encoder.ts";
import { spliceSae } from "lib/sae/splice.ts";
import { type SaeWeights, transpose } from "lib/sae/weights.ts";
import { expectedOf, goldenModels } from "../model/parity_support.ts";
import { assertClose } from "../support.ts";

const HOOK = "blocks.0.hook_resid_post";
const OPTIONS = { engine: await openEngine({ engine: "portable" }), nThreads: 1 };

async function withModel(
  prefix: string,
  body: (
    model: Awaited<ReturnType<typeof loadModel>>,
    items: Int32Array[] | ArrayLike<number>[],
  ) => Promise<void>,
): Promise<void> {
  const directory = goldenModels(prefix)[0]!;
  const expected = expectedOf(directory);
  const model = await loadModel(directory, { engine: "portable" });
  try {
    await body(model, [expected.tokens("0.tokens"), expected.tokens("1.tokens")]);
  } finally {
    await model.close();
  }
}

/** What the model itself says next, ten times: text that it predicts well, so that cutting a hook out costs it something. */
async function ownText(model: HookedModel, prompt: readonly number[]): Promise<number[]> {
  const text = model.kind === "causal" ? [...prompt] : [0];
  for (let i = 0; i < 10; i++) {
    const items = model.kind === "causal" ? [text] : [prompt];
    const targets = model.kind === "causal" ? {} : { targets: [text] };
    const { logits } = await run(model, items, {
      want: "logits",
      positions: [[text.length - 1]],
      ...targets,
    });
    const next = logits![0]!.indexOf(Math.max(...logits![0]!));
    if (model.kind === "causal") text.push(next);
    else text.splice(text.length - 1, 1, next, 0); // position t predicts target t
  }
  return model.kind === "causal" ? text : text.slice(0, -1);
}

/** Both signs of every axis: k = d of them say any vector exactly. */
function identitySae(d: number, bDec: Float32Array): SaeWeights {
  const wDec = new Float32Array(2 * d * d);
  for (let j = 0; j < d; j++) [wDec[2 * j * d + j], wDec[(2 * j + 1) * d + j]] = [1, -1];
  return {
    dModel: d,
    dSae: 2 * d,
    wEnc: transpose(wDec, 2 * d, d),
    bEnc: new Float32Array(2 * d),
    wDec,
    bDec,
    activation: { kind: "topk", k: d },
    subtractsDecoderBias: true,
    inputNormalization: "none",
    rescalesByDecoderNorm: false,
  };
}

Deno.test("spliceSae() recovers all of the loss with a lossless SAE and none with a constant one", () =>
  withModel("neox_wide_init", async (model, prompts) => {
    const items = [];
    for (const prompt of prompts) items.push(await ownText(model, Array.from(prompt).slice(0, 4)));
    const { read, nats } = await run(model, items, { want: "nats", read: [HOOK] });
    const d = read[HOOK]![0]!.length / items[0]!.length;
    const all = [...read[HOOK]![0]!, ...read[HOOK]![1]!];
    const mean = Float32Array.from(
      { length: d },
      (_, j) => all.reduce((sum, v, i) => sum + (i % d === j ? v : 0), 0) * d / all.length,
    );
    const lossless = await openSaeEncoder(identitySae(d, mean), OPTIONS);
    const kept = await spliceSae(model, items, { hook: HOOK, encoder: lossless });
    const natural = nats!.flatMap((item) => [...item]);
    assertClose(kept.naturalNats, natural.reduce((a, b) => a + b, 0) / natural.length, 1e-6);
    assertClose(kept.deltaNats, 0, 1e-5);
    assertClose(kept.lossRecovered, 1, 1e-3);
    await lossless.close();

    const silent = identitySae(d, mean);
    const constant = await openSaeEncoder({ ...silent, bEnc: silent.bEnc.map(() => -1e9) }, OPTIONS);
    const lost = await spliceSae(model, items, { hook: HOOK, encoder: constant, itemsPerBatch: 1 });
    assertClose(lost.splicedNats, lost.meanAblatedNats, 1e-5);
    assertClose(lost.lossRecovered, 0, 1e-3);
    assertClose(lost.naturalNats, kept.naturalNats, 1e-6);
    await constant.close();
  }));

Deno.test("spliceSae() runs in an encoder-decoder model with targets", () =>
  withModel("t5_wide_init", async (model, items) => {
    const hook = "encoder.0.hook_resid_post";
    const targets: number[][] = [];
    for (const item of items) targets.push(await ownText(model, Array.from(item)));
    const { read } = await run(model, items, { want: "nats", read: [hook], targets });
    const d = read[hook]![0]!.length / items[0]!.length;
    const encoder = await openSaeEncoder(identitySae(d, new Float32Array(d)), OPTIONS);
    const { deltaNats, meanAblatedNats, naturalNats } = await spliceSae(model, items, {
      hook,
      encoder,
      targets,
    });
    assertClose(deltaNats, 0, 1e-4);
    assert.ok(meanAblatedNats > naturalNats);
    await encoder.close();
  }));

Deno.test("spliceSae() refuses a hook that the model can do without", () =>
  withModel("neox_wide_init", async (model, items) => {
    const d = (await run(model, items, { want: "residual", read: [HOOK] })).read[HOOK]![0]!.length /
      items[0]!.length;
    const encoder = await openSaeEncoder(identitySae(d, new Float32Array(d)), OPTIONS);
    // Random weights on random tokens: cutting the hook out makes the predictions no worse.
    await assert.rejects(
      () => spliceSae(model, items, { hook: HOOK, encoder }),
      (error: GuardrailError) => error.guardrail === "underpowered",
    );
    await encoder.close();
  }));

Deno.test("spliceSae() refuses an SAE of another width", () =>
  withModel("neox_wide_init", async (model, items) => {
    const encoder = await openSaeEncoder(identitySae(3, new Float32Array(3)), OPTIONS);
    await assert.rejects(
      () => spliceSae(model, items, { hook: HOOK, encoder }),
      (error: GuardrailError) => error.guardrail === "sae-foreign",
    );
    await encoder.close();
  }));
