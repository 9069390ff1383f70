/**
 * Models whose answer is known to depend on a planted direction and on nothing else, and an SAE with an atom along it.
 * A random checkpoint is edited: every matrix that reads the residual stream behind the hook is projected, and norms
 * get an eps of 1e6 with gains of 1e3, so that they do not see the length that a projection would leave visible.
 */
import { join } from "node:path";
import { llmCausalSubject } from "lib/modalities/llm_causal.ts";
import { tsfmCausalSubject } from "lib/modalities/tsfm_causal.ts";
import type { CausalSubject } from "lib/modality.ts";
import { randomStream } from "lib/math/random.ts";
import { readChronosConfig } from "lib/model/chronos_config.ts";
import { chronosBins, decodeTokens, encodeContext } from "lib/model/chronos_tokens.ts";
import { loadModel, run } from "lib/model/model.ts";
import { writeRandomCheckpoint } from "lib/model/random_checkpoint.ts";
import { readFloat32, readSafetensorsHeader } from "lib/model/safetensors.ts";
import { writeSafetensors } from "lib/model/safetensors_write.ts";
import type { SaeWeights } from "lib/sae/weights.ts";
import { transpose } from "lib/sae/weights.ts";
import { tinyChronosConfig } from "../model/tiny_chronos.ts";

export const D_MODEL = 32;
const N_ITEMS = 40;
const PROMPT_LENGTH = 12;

/** What readers behind the hook see of the residual stream: `only` the planted direction, or all `but` it. */
export type Readers = "only" | "but";

/** A subject of some items with their true continuation set to what the model says. */
export interface Constructed {
  readonly subject: CausalSubject;
  readonly rows: readonly number[];
  readonly close: () => Promise<void>;
}

export const ARCHITECTURES = ["gpt_neox", "t5"] as const;

/** Opens the constructed model of one architecture; the planted direction is atom 0 of basisSae(). */
export async function constructedSubject(
  architecture: typeof ARCHITECTURES[number],
  readers: Readers,
): Promise<Constructed> {
  const directory = Deno.makeTempDirSync();
  const opened = architecture === "gpt_neox"
    ? await constructedNeox(directory, readers)
    : await constructedT5(directory, readers);
  return {
    ...opened,
    async close() {
      await opened.close();
      Deno.removeSync(directory, { recursive: true }); // weights are read when a block first runs
    },
  };
}

async function constructedNeox(directory: string, readers: Readers): Promise<Constructed> {
  const config = {
    ...{ model_type: "gpt_neox", vocab_size: 60, hidden_size: D_MODEL, num_hidden_layers: 2 },
    ...{ num_attention_heads: 4, intermediate_size: 64, max_position_embeddings: 64, layer_norm_eps: 1e6 },
  };
  writeProjected(directory, config, {
    readers,
    reads: /layers\.1\.(attention\.query_key_value|mlp\.dense_h_to_4h)\.weight|embed_out\.weight/,
  });
  const model = await loadModel(directory, { engine: "native" });
  if (model.kind !== "causal") throw new TypeError("needs a causal model");
  const rng = randomStream(11, "test/prompts");
  const prompts = Array.from(
    { length: N_ITEMS },
    () => Uint32Array.from({ length: PROMPT_LENGTH }, () => rng.integers(60)),
  );
  const { logits } = await run(model, prompts, {
    want: "logits",
    positions: prompts.map(() => [PROMPT_LENGTH - 1]),
  });
  const items = prompts.map((promptTokens, id) => ({
    ...{ id, group: id, split: "test" as const, category: "", prompt: "", candidates: [""], truth: 0 },
    ...{ factors: {}, untouched: 0, trivial: {}, promptTokens },
    candidateTokens: [Uint32Array.of(argmax(logits![id]!))],
  }));
  const subject = llmCausalSubject(model, items, { hook: "blocks.0.hook_resid_post", isChoice: false });
  return { subject, rows: [...prompts.keys()], close: () => model.close() };
}

async function constructedT5(directory: string, readers: Readers): Promise<Constructed> {
  writeProjected(directory, { ...tinyChronosConfig, layer_norm_epsilon: 1e6 }, {
    readers,
    // The output matrix is the embedding, which the hook does not feed: the decoder's stream does.
    reads: /encoder\.block\.1\..*(SelfAttention\.[qkv]|wi)\.weight|EncDecAttention\.[kv]\.weight/,
  });
  const model = await loadModel(directory, { engine: "native" });
  if (model.kind !== "encoder-decoder") throw new TypeError("needs an encoder-decoder model");
  const bins = chronosBins(readChronosConfig(directory));
  const rng = randomStream(12, "test/windows");
  const contexts = Array.from(
    { length: N_ITEMS },
    () => Float64Array.from({ length: PROMPT_LENGTH }, () => 2 + rng.normal()),
  );
  const tokens = contexts.map((context) => encodeContext(bins, context));
  const { logits } = await run(model, tokens.map(({ ids }) => ids), {
    want: "logits",
    targets: contexts.map(() => [2]),
  });
  const windows = contexts.map((context, id) => ({
    ...{ id, group: id, split: "test" as const, start: 0, context, seasonalError: 1, seasonalNaive: 1 },
    ...{ factors: {}, untouched: {} },
    // Special tokens are no values.
    future: Float64Array.from(decodeTokens(bins, [3 + argmax(logits![id]!.subarray(3))], tokens[id]!.scale)),
  }));
  const options = { hook: "encoder.0.hook_resid_post", seed: 1, nPaths: 4, tokens, bins };
  const subject = tsfmCausalSubject(model, windows, options);
  return { subject, rows: [...contexts.keys()], close: () => model.close() };
}

function writeProjected(
  directory: string,
  config: Readonly<Record<string, unknown>>,
  { readers, reads }: { readonly readers: Readers; readonly reads: RegExp },
): void {
  writeRandomCheckpoint(directory, config, { seed: 5, dtype: "F32", scale: readers === "only" ? 0.3 : 0.15 });
  const path = join(directory, "model.safetensors");
  const { tensors } = readSafetensorsHeader(path);
  const planted = basis().subarray(0, D_MODEL);
  const edited = new Map(Array.from(tensors.values(), (tensor) => {
    const values = readFloat32(tensor);
    if (/norm\.weight$/.test(tensor.name)) values.fill(1e3);
    if (reads.test(tensor.name)) projectRowsInPlace(values, planted, readers);
    return [tensor.name, values];
  }));
  const headers = Array.from(tensors.values(), ({ name, shape, dtype }) => ({ name, shape, dtype }));
  writeSafetensors(path, headers, ({ name }) => new Uint8Array(edited.get(name)!.buffer));
}

/** How much louder the planted direction is read where it alone is: its effect must be large. */
const GAIN = 10;
/** Where the SAE has its origin along the planted direction: so far out that the planted latent always fires. */
const ORIGIN = -4;

/** Each row w becomes GAIN (w . u) u, or w less (w . u) u. */
function projectRowsInPlace(matrix: Float32Array, unit: Float32Array, readers: Readers): void {
  for (let from = 0; from < matrix.length; from += unit.length) {
    let along = 0;
    for (let j = 0; j < unit.length; j++) along += matrix[from + j]! * unit[j]!;
    for (let j = 0; j < unit.length; j++) {
      const part = along * unit[j]!;
      matrix[from + j] = readers === "only" ? GAIN * part : matrix[from + j]! - part;
    }
  }
}

/**
 * Random orthonormal rows, shape [D_MODEL, D_MODEL]; the last is constant, so all others have mean zero, which a layer
 * norm's centring leaves alone.
 */
function basis(): Float32Array {
  const rng = randomStream(7, "test/basis");
  const rows = [new Float64Array(D_MODEL).fill(1 / Math.sqrt(D_MODEL))];
  while (rows.length < D_MODEL) {
    const row = Float64Array.from({ length: D_MODEL }, () => rng.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const other of rows) {
        const along = row.reduce((sum, x, j) => sum + x * other[j]!, 0);
        for (let j = 0; j < D_MODEL; j++) row[j]! -= along * other[j]!;
      }
    }
    const norm = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    rows.push(row.map((x) => x / norm));
  }
  return Float32Array.from([...rows.slice(1), rows[0]!].flatMap((row) => [...row]));
}

/** An SAE that loses nothing: latents 2i and 2i + 1 are basis row i and its opposite. Latent 0 is planted. */
export function basisSae(): SaeWeights {
  const rows = basis();
  const dSae = 2 * D_MODEL;
  const wDec = new Float32Array(dSae * D_MODEL);
  for (let f = 0; f < dSae; f++) {
    for (let j = 0; j < D_MODEL; j++) {
      wDec[f * D_MODEL + j] = (f % 2 === 0 ? 1 : -1) * rows[(f >> 1) * D_MODEL + j]!;
    }
  }
  return {
    ...{ dModel: D_MODEL, dSae, wDec, wEnc: transpose(wDec, dSae, D_MODEL) },
    ...{ bEnc: new Float32Array(dSae), bDec: rows.slice(0, D_MODEL).map((x) => ORIGIN * x) },
    activation: { kind: "topk", k: D_MODEL },
    ...{ subtractsDecoderBias: true, inputNormalization: "none", rescalesByDecoderNorm: false },
  };
}

function argmax(values: Float32Array): number {
  return values.indexOf(values.reduce((a, b) => Math.max(a, b), -Infinity));
}
