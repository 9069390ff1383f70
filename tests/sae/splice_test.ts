/** Splicing into a real (tiny) model: an SAE that loses nothing, one that loses everything, one of another width. */
import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { run } from "lib/model/model.ts";
import { openSaeEncoder } from "lib/sae/encoder.ts";
import { spliceSae } from "lib/sae/splice.ts";
import { assertClose } from "../support.ts";
import { HOOK, identitySae, OPTIONS, ownText, withModel } from "./splicing.ts";

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
