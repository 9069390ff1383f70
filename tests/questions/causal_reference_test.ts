/** Per-item values of the causal question against PyTorch forward hooks, and patches against the published hook. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { llmCausalSubject } from "lib/modalities/llm_causal.ts";
import { tsfmCausalSubject } from "lib/modalities/tsfm_causal.ts";
import type { CausalSubject } from "lib/modality.ts";
import { readChronosConfig } from "lib/model/chronos_config.ts";
import { chronosBins, decodeTokens } from "lib/model/chronos_tokens.ts";
import { openEngine } from "lib/model/engine.ts";
import { loadModel } from "lib/model/model.ts";
import { conditionValues, planConditions } from "lib/questions/causal_conditions.ts";
import { askCausal } from "lib/questions/causal_corrected.ts";
import { hookReference } from "lib/questions/causal_reference.ts";
import { openSaeEncoder, type SaeEncoder } from "lib/sae/encoder.ts";
import { writeTinyChronos } from "../model/tiny_chronos.ts";
import { golden } from "../support.ts";

const engine = await openEngine({ engine: "portable" });

interface Arrays {
  readonly W_enc: readonly number[];
  readonly b_enc: readonly number[];
  readonly W_dec: readonly number[];
  readonly b_dec: readonly number[];
}

function encoderOf(arrays: Arrays, k: number): Promise<SaeEncoder> {
  return openSaeEncoder({
    ...{ dModel: arrays.b_dec.length, dSae: arrays.b_enc.length },
    ...{ wEnc: Float32Array.from(arrays.W_enc), bEnc: Float32Array.from(arrays.b_enc) },
    ...{ wDec: Float32Array.from(arrays.W_dec), bDec: Float32Array.from(arrays.b_dec) },
    activation: { kind: "topk", k },
    ...{ subtractsDecoderBias: true, inputNormalization: "none", rescalesByDecoderNorm: false },
  }, { engine, nThreads: 1 });
}

for (const { id, input, expected, tol } of golden("recon_hook")) {
  Deno.test(`conditionValues() equals the published hook: ${id}`, async () => {
    const { weights: { W_enc, b_enc, W_dec, b_dec }, k, hidden, ablated: { f } } = input;
    const encoder = await encoderOf({ W_enc: W_enc.flat(), b_enc, W_dec: W_dec.flat(), b_dec }, k);
    const d = b_dec.length;
    for (const [item, rows] of (hidden as number[][][]).entries()) {
      const x = Float32Array.from(rows.flat());
      const patched = async (from: number, to: number, condition: string) => {
        const own = x.slice(from * d, to * d);
        const reference = await hookReference(encoder, [own]);
        const conditions = planConditions({ latents: f, matched: [], directions: [] });
        const { values } = await conditionValues(encoder, own, { conditions, reference });
        const out = x.slice();
        out.set((values.get(condition) ?? values.get("reconstruction"))!, from * d);
        return out;
      };
      const n = rows.length;
      const cases = {
        recon_all: await patched(0, n, "reconstruction"),
        recon_last: await patched(n - 1, n, "reconstruction"),
        ablate_all: await patched(0, n, "ablate_top"),
        ablate_last: await patched(n - 1, n, "ablate_top"),
        ablate_slice_1_3: await patched(1, 3, "ablate_top"),
        single_2: await patched(2, 3, "ablate_top"),
      };
      for (const [name, values] of Object.entries(cases)) {
        const wanted = (expected[name][item] as number[][]).flat();
        const off = Math.max(...wanted.map((value, i) => Math.abs(value - values[i]!)));
        assert.ok(off <= Math.max(tol, 2e-6), `${name} of item ${item}: off by ${off}`);
      }
    }
    await encoder.close();
  });
}

for (const { id, input, expected, tol } of golden("causal_hooks")) {
  Deno.test(`askCausal() gives the nats that PyTorch forward hooks give, item by item: ${id}`, async () => {
    const { subject, close } = id === "t5" ? await openSeries(input.items) : await openCausal(input.items);
    const encoder = await encoderOf(input.sae, input.k);
    const rows = (input.items as unknown[]).map((_, row) => row);
    const { values } = await askCausal({
      ...{ subject, encoder, rows, groups: rows, latents: input.latents, chosenBy: "golden", saeHash: "" },
      reference: await hookReference(encoder, await subject.natural(rows)),
      isHard: rows.map((row) => row % 2),
      controls: { nMatched: 0, nDirections: 0 },
      coverages: ["all", "last"],
      ...{ seed: 1, nResamples: 10 },
    });
    let nCompared = 0;
    for (const { row, coverage, condition, nats } of values) {
      const own = expected[row];
      const wanted = condition === "natural" ? own.natural : own[coverage][condition];
      if (wanted === undefined) continue;
      assert.ok(Math.abs(nats - wanted) <= tol, `item ${row}, ${coverage}, ${condition}: ${nats}, ${wanted}`);
      nCompared++;
    }
    assert.equal(nCompared, rows.length * 2 * (2 + input.latents.length));
    await encoder.close();
    await close();
  });
}

interface Opened {
  readonly subject: CausalSubject;
  readonly close: () => Promise<void>;
}

async function openCausal(items: readonly { prompt: number[]; answer: number[] }[]): Promise<Opened> {
  const directory = fileURLToPath(new URL("../golden/models/neox_wide_init", import.meta.url));
  const model = await loadModel(directory, { engine: "native" });
  assert.ok(model.kind === "causal");
  const tokenized = items.map(({ prompt, answer }, id) => ({
    ...{ id, group: id, split: "test" as const, category: "", prompt: "", candidates: [""], truth: 0 },
    ...{ factors: {}, untouched: 0, trivial: {}, promptTokens: Uint32Array.from(prompt) },
    candidateTokens: [Uint32Array.from(answer)],
  }));
  const subject = llmCausalSubject(model, tokenized, { hook: "blocks.0.hook_resid_post", isChoice: false });
  return { subject, close: () => model.close() };
}

async function openSeries(items: readonly { context: number[]; future: number[] }[]): Promise<Opened> {
  const directory = Deno.makeTempDirSync();
  writeTinyChronos(directory);
  const model = await loadModel(directory, { engine: "native" });
  assert.ok(model.kind === "encoder-decoder");
  const bins = chronosBins(readChronosConfig(directory));
  const tokens = items.map(({ context }) => ({
    ids: Int32Array.from([...context, 1]),
    mask: new Uint8Array(context.length + 1).fill(1),
    scale: 1,
  }));
  const windows = items.map(({ context, future }, id) => ({
    ...{ id, group: id, split: "test" as const, start: 0, seasonalError: 1, seasonalNaive: 1 },
    ...{ factors: {}, untouched: {}, context: new Float64Array(context.length) },
    future: Float64Array.from(decodeTokens(bins, future, 1)),
  }));
  const options = { hook: "encoder.0.hook_resid_post", seed: 1, nPaths: 4, tokens, bins };
  const close = async () => {
    await model.close();
    Deno.removeSync(directory, { recursive: true }); // weights are read when a block first runs
  };
  return { subject: tsfmCausalSubject(model, windows, options), close };
}
