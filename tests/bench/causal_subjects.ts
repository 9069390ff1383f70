/** Subjects of the study's shapes with random weights, for compare_causal.ts: the adapters on made-up items. */
import { llmCausalSubject } from "lib/modalities/llm_causal.ts";
import { tsfmCausalSubject } from "lib/modalities/tsfm_causal.ts";
import type { CausalSubject } from "lib/modality.ts";
import { type RandomStream, randomStream } from "lib/math/random.ts";
import { readChronosConfig } from "lib/model/chronos_config.ts";
import { chronosBins, encodeContext } from "lib/model/chronos_tokens.ts";
import { openEngine } from "lib/model/engine.ts";
import { loadModel } from "lib/model/model.ts";
import type { HookReference } from "lib/questions/causal_reference.ts";
import { openSaeEncoder, type SaeEncoder } from "lib/sae/encoder.ts";
import type { SaeWeights } from "lib/sae/weights.ts";
import type { LoopItem } from "./causal_hook_loop.ts";
import { benchmarkCheckpoint } from "./engine_shapes.ts";

const D_SAE = 4096;
const K = 32;
const PROMPT_TOKENS = 160;
const ANSWER_TOKENS = 3;
const HORIZON = 64;

/** A subject, its SAE, and what the peer needs to do the same. */
export interface BenchSubject {
  readonly subject: CausalSubject;
  readonly dModel: number;
  readonly encoder: SaeEncoder;
  readonly reference: HookReference;
  readonly checkpoint: string;
  /** The block behind which the hook sits. */
  readonly block: number;
  readonly asks: readonly LoopItem[];
  /** An item's latents that fire at its last patched position. */
  readonly firing: readonly (readonly number[])[];
  close(): Promise<void>;
}

interface Opened {
  readonly subject: CausalSubject;
  readonly checkpoint: string;
  readonly block: number;
  readonly asks: readonly LoopItem[];
  readonly close: () => Promise<void>;
}

interface Size {
  readonly nItems: number;
  readonly threads: number;
}

/** Opens one modality's shape. */
export async function openBenchSubject(modality: "llm" | "tsfm", size: Size): Promise<BenchSubject> {
  const rng = randomStream(1, "bench/causal");
  const opened = await (modality === "llm" ? openPythia(rng, size) : openChronos(rng, size));
  const { dModel } = opened.subject;
  const engine = await openEngine({ engine: "native", threads: size.threads });
  const encoder = await openSaeEncoder(randomSae(rng, dModel), { engine, nThreads: size.threads });
  const rows = opened.asks.map((_, row) => row);
  const natural = await opened.subject.natural(rows);
  const firing: number[][] = [];
  for (const x of natural) firing.push([...(await encoder.encode(x.subarray(x.length - dModel))).indices]);
  return {
    ...opened,
    ...{ dModel, encoder, firing },
    reference: noReference(dModel),
    async close() {
      await encoder.close();
      await opened.close();
    },
  };
}

/** No condition that is timed asks for train statistics, and a covariance of this width takes a minute. */
function noReference(dModel: number): HookReference {
  const zeros = (n: number) => new Float64Array(n);
  return {
    ...{ nPositions: 0, firingRate: zeros(D_SAE), act99: zeros(D_SAE) },
    ...{ mean: zeros(dModel), component: zeros(dModel), componentShare: 0 },
  };
}

function randomSae(rng: RandomStream, dModel: number): SaeWeights {
  const draw = (n: number, scale: number) => Float32Array.from({ length: n }, () => scale * rng.normal());
  return {
    ...{ dModel, dSae: D_SAE },
    ...{ wEnc: draw(dModel * D_SAE, 1), bEnc: draw(D_SAE, 0.1), bDec: draw(dModel, 0.1) },
    wDec: draw(dModel * D_SAE, 1 / dModel),
    activation: { kind: "topk", k: K },
    ...{ subtractsDecoderBias: true, inputNormalization: "none", rescalesByDecoderNorm: false },
  };
}

async function openPythia(rng: RandomStream, { nItems, threads }: Size): Promise<Opened> {
  const checkpoint = benchmarkCheckpoint("pythia-410m", { dtype: "F32" });
  const model = await loadModel(checkpoint, { engine: "native", threads });
  if (model.kind !== "causal") throw new TypeError("Cannot bench: needs a causal model");
  const draw = (n: number) => Uint32Array.from({ length: n }, () => 2 + rng.integers(50302));
  const items = Array.from({ length: nItems }, (_, id) => ({
    ...{ id, group: id, split: "test" as const, category: "", prompt: "", candidates: [""], truth: 0 },
    ...{ factors: {}, untouched: 0, trivial: {}, promptTokens: draw(PROMPT_TOKENS) },
    candidateTokens: [draw(ANSWER_TOKENS)],
  }));
  const block = 11;
  return {
    subject: llmCausalSubject(model, items, { hook: `blocks.${block}.hook_resid_post`, isChoice: false }),
    ...{ checkpoint, block },
    asks: items.map(({ promptTokens, candidateTokens }) => ({
      tokens: [...promptTokens],
      targets: [...candidateTokens[0]!],
      nPatched: PROMPT_TOKENS,
    })),
    close: () => model.close(),
  };
}

async function openChronos(rng: RandomStream, { nItems, threads }: Size): Promise<Opened> {
  const checkpoint = benchmarkCheckpoint("chronos-t5-small", { dtype: "F32", scale: 0.05 });
  const model = await loadModel(checkpoint, { engine: "native", threads });
  if (model.kind !== "encoder-decoder") throw new TypeError("Cannot bench: needs an encoder-decoder");
  const bins = chronosBins(readChronosConfig(checkpoint));
  const windows = Array.from({ length: nItems }, (_, id) => ({
    ...{ id, group: id, split: "test" as const, start: 0, seasonalError: 1, seasonalNaive: 1 },
    ...{ factors: {}, untouched: {} },
    context: Float64Array.from({ length: 512 }, (_, t) => 2 + Math.sin(t / 4) + 0.3 * rng.normal()),
    future: Float64Array.from({ length: HORIZON }, (_, t) => 2 + Math.sin(t / 4 + 128)),
  }));
  const tokens = windows.map(({ context }) => encodeContext(bins, context));
  const block = 3;
  const hook = `encoder.${block}.hook_resid_post`;
  return {
    subject: tsfmCausalSubject(model, windows, { hook, seed: 1, nPaths: 20, tokens, bins }),
    ...{ checkpoint, block },
    asks: windows.map(({ context, future }, i) => ({
      tokens: [...tokens[i]!.ids],
      targets: [...future],
      nPatched: context.length,
    })),
    close: () => model.close(),
  };
}
