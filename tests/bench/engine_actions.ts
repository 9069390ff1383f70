/** What the engine's benchmarks time, on checkpoints with random weights at the sizes of the study's models. */
import { openEngine } from "lib/model/engine.ts";
import { encode, loadModel, run, startDecoding } from "lib/model/model.ts";
import { graphBuilder } from "lib/model/onnx/graph.ts";
import { defaultRng } from "lib/math/random.ts";
import { benchmarkCheckpoint } from "./engine_shapes.ts";

const rng = defaultRng(1);

/** A forward pass to all logits, extraction at block 11, and the matrix product that bounds them. */
export async function pythiaActions(threads: number, { batch, length }: { batch: number; length: number }) {
  const directory = benchmarkCheckpoint("pythia-410m", { dtype: "F16" });
  const model = await loadModel(directory, { engine: "native", threads });
  const product = await matrixProduct(threads);
  const items = Array.from({ length: batch }, () => randomTokens(length, 50304));
  const nTokens = batch * length;
  // 24 blocks of 12 d^2 weights and their biases and norms, and the output matrix; not the input embedding.
  const parameters = 24 * (12 * 1024 * 1024 + 13 * 1024) + 2 * 1024 + 50304 * 1024;
  return {
    full: () => run(model, items, { want: "logits" }),
    extraction: () => run(model, items, { want: "residual", read: ["blocks.11.hook_resid_post"] }),
    product: product.run,
    work: { nTokens, fullFlops: nTokens * 2 * parameters, productFlops: product.flops },
    async close() {
      await product.close();
      await model.close();
    },
  };
}

/** One window of 512 context tokens and EOS: its encoder, and all of it with 20 paths x 64 steps. */
export async function chronosActions(threads: number) {
  const directory = benchmarkCheckpoint("chronos-t5-small", { dtype: "F32" });
  const model = await loadModel(directory, { engine: "native", threads });
  if (model.kind !== "encoder-decoder") throw new TypeError("not a T5");
  const context = randomTokens(513, 4096);
  return {
    async window() {
      const decoding = startDecoding(model, await encode(model, [context]), 20);
      let tokens: ArrayLike<number> = new Array(20).fill(0);
      for (let step = 0; step < 64; step++) tokens = argmaxRows(await decoding.step(tokens), 20);
    },
    encoder: () => encode(model, [context]),
    close: () => model.close(),
  };
}

/** Twenty products [512 x 1024] x [1024 x 4096] with a constant second factor. */
async function matrixProduct(threads: number) {
  const engine = await openEngine({ engine: "native", threads });
  const g = graphBuilder("product");
  const weights = Float32Array.from({ length: 4096 * 1024 }, () => rng.random() - 0.5);
  const x = g.input("x", "float32", [512, 1024]);
  const w = g.weight("w", "float32", [4096, 1024], new Uint8Array(weights.buffer));
  g.output("y", g.linear("product", x, w));
  const session = await engine.open(g.build());
  const data = Float32Array.from({ length: 512 * 1024 }, () => rng.random() - 0.5);
  return {
    flops: 20 * 2 * 512 * 1024 * 4096,
    async run() {
      for (let i = 0; i < 20; i++) {
        await session.run({ x: { type: "float32", data, dims: [512, 1024] } }, ["y"]);
      }
    },
    close: session.close,
  };
}

/** Ids that are no special token. */
export function randomTokens(length: number, vocabSize: number): number[] {
  return Array.from({ length }, () => 2 + rng.integers(vocabSize - 2));
}

function argmaxRows(logits: Float32Array, nRows: number): number[] {
  const width = logits.length / nRows;
  return Array.from({ length: nRows }, (_, row) => {
    let best = 2;
    for (let j = 2; j < width; j++) if (logits[row * width + j]! > logits[row * width + best]!) best = j;
    return best;
  });
}
