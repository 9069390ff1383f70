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

function spread(name: string, shape: readonly number[], nWriters: number): number {
  if (name.includes("relative_attention_bias")) return 0.1;
  if (name.includes("embed_in") || name === "shared.weight") return 0.5;
  const base = 1 / Math.sqrt(shape[1]!);
  // T5 does not scale its scores: the query's matrix does it from the start.
  if (/Attention\.q\.weight$/.test(name)) return base / 2;
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
