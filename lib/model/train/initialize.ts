/** Initial weights. */
import { type RandomStream, randomStream } from "../../math/random.ts";
import type { TensorShapes } from "../checkpoint.ts";
import type { FlatParameters } from "./session.ts";

/**
 * Draws weights: norms 1, biases 0, embeddings and tables of small spread, matrices normal with variance
 * 1 / (inputs), those that write into the residual stream smaller by the square root of how many do.
 */
export function initializeInPlace(
  parameters: FlatParameters,
  { seed, nWriters }: { readonly seed: number; readonly nWriters: number },
): void {
  for (const [name, shape] of parameters.shapes) {
    const view = parameters.view(name);
    if (shape.length === 1) view.fill(name.endsWith("norm.weight") ? 1 : 0);
    else fillNormal(view, randomStream(seed, `initialize/${name}`), spread(name, shape, nWriters));
  }
}

/** What an offset head needs to know of a GPT-NeoX. */
export interface RotaryHeads {
  readonly nHeads: number;
  readonly dHead: number;
  readonly rotaryDims: number;
  readonly rotaryBase: number;
}

/**
 * Makes the heads of the first block look back by fixed distances, one each: biases q = s (1, 0) and
 * k = s (cos o w, sin o w) in every rotated pair of frequency w score s^2 cos((i - j - o) w), which is largest o
 * tokens back. It is only a start, all of it is trained; without it a small model sits for thousands of steps before
 * it finds out that the word three tokens back says whom a value belongs to.
 */
export function initializeOffsetHeadsInPlace(
  bias: Float32Array,
  { nHeads, dHead, rotaryDims, rotaryBase }: RotaryHeads,
): void {
  const half = rotaryDims / 2;
  for (let head = 0; head < nHeads; head++) {
    const offset = OFFSETS[head % OFFSETS.length]!;
    for (let pair = 0; pair < half; pair++) {
      const angle = offset * Math.exp(-2 * pair / rotaryDims * Math.log(rotaryBase));
      const q = 3 * dHead * head + pair;
      const k = q + dHead;
      bias[q] = OFFSET_STRENGTH;
      bias[k] = OFFSET_STRENGTH * Math.cos(angle);
      bias[k + half] = OFFSET_STRENGTH * Math.sin(angle);
    }
  }
}

/** Tokens back: from a value and from an answer's place to the person, from an ending's, and the neighbours. */
const OFFSETS = [3, 2, 1, 4];
const OFFSET_STRENGTH = 6;

/**
 * Starts a GPT-NeoX near what retrieval needs: first-block heads that look back, later heads that attend to what
 * resembles the query (keys = queries where positions do not turn them), values that are written as they were read
 * (output = transposed value matrix), and an output matrix like the embedding, so that what is attended to is said.
 * @see Trockman & Kolter 2023, arXiv:2305.09828 (mimetic initialization)
 */
export function initializeRetrievalInPlace(
  parameters: FlatParameters,
  { nBlocks, dModel, ...heads }: RotaryHeads & { readonly nBlocks: number; readonly dModel: number },
): void {
  const { nHeads, dHead, rotaryDims } = heads;
  for (let i = 0; i < nBlocks; i++) {
    const prefix = `gpt_neox.layers.${i}.attention`;
    const qkv = parameters.view(`${prefix}.query_key_value.weight`);
    const out = parameters.view(`${prefix}.dense.weight`);
    if (i === 0) initializeOffsetHeadsInPlace(parameters.view(`${prefix}.query_key_value.bias`), heads);
    for (let head = 0; head < nHeads; head++) {
      const q = 3 * dHead * head;
      for (let row = 0; row < dHead; row++) {
        const scale = row < rotaryDims ? TURNED_SCALE : i === 0 ? 1 : MATCH_SCALE;
        for (let at = (q + row) * dModel; at < (q + row + 1) * dModel; at++) {
          qkv[at]! *= scale;
          const key = at + dHead * dModel;
          qkv[key] = i > 0 && row >= rotaryDims ? qkv[at]! : scale * qkv[key]!;
        }
      }
      for (let row = 0; row < dHead; row++) {
        const value = (q + 2 * dHead + row) * dModel;
        for (let k = 0; k < dModel; k++) out[k * dModel + head * dHead + row] = WRITE_SCALE * qkv[value + k]!;
      }
    }
  }
  const embedding = parameters.view("gpt_neox.embed_in.weight");
  const output = parameters.view("embed_out.weight");
  for (let k = 0; k < output.length; k++) output[k] = OUTPUT_SCALE * embedding[k]!;
}

/** Of queries and keys: what positions turn matters less at the start, what can match matters more. */
const TURNED_SCALE = 0.2;
const MATCH_SCALE = 1.5;

/** As the embedding's spread: what is moved weighs as much as what is there. */
const WRITE_SCALE = 0.5;
const OUTPUT_SCALE = 0.2;

function spread(name: string, shape: readonly number[], nWriters: number): number {
  if (name.includes("relative_attention_bias")) return 0.1;
  if (name.includes("embed_in") || name === "shared.weight") return 0.5;
  const base = 1 / Math.sqrt(shape[1]!);
  // T5 does not scale its scores: the query's matrix does it from the start.
  if (/Attention\.q\.weight$/.test(name)) return base / 4;
  if (/(attention\.dense|dense_4h_to_h|\.o|\.wo)\.weight$/.test(name)) return base / Math.sqrt(nWriters);
  return base;
}

function fillNormal(out: Float32Array, rng: RandomStream, scale: number): void {
  for (let i = 0; i < out.length; i++) out[i] = scale * rng.normal();
}

/** 1 for matrices, which decay; 0 for norms, biases and tables of embeddings and positions. */
export function decayMask(shapes: TensorShapes): Uint8Array {
  return Uint8Array.from(shapes.flatMap(([name, shape]) => {
    const decays = shape.length === 2 && !/embed_in|shared|relative_attention_bias/.test(name);
    return new Array<number>(shape.reduce((product, dim) => product * dim, 1)).fill(Number(decays));
  }));
}
