/**
 * Controls that an SAE must beat: principal components used in its place, and an SAE of the same size whose decoder
 * stays random. One that does no better has learnt no dictionary.
 */
import type { ActivationStore } from "../io/activation_store.ts";
import { symmetricEigen } from "../math/symmetric_eigen.ts";
import type { Engine } from "../model/engine.ts";
import { graphBuilder } from "../model/onnx/graph.ts";
import { spreadBatches } from "./evaluate.ts";
import { CORRECTED, type TrainingRules } from "./rules.ts";
import { type SaeTrainingOptions, type TrainedSae, trainSae } from "./train.ts";
import { type SaeWeights, transpose } from "./weights.ts";

/**
 * Principal components as an SAE: the atoms are the leading eigenvectors of the covariance with both signs, encoder and
 * decoder alike, the k largest coefficients of a row are kept. Its width is dSae, or 2 dModel where that is less: there
 * are no more components.
 * @param options `maxRows`: rows that the covariance is taken over
 */
export async function pcaSae(
  store: ActivationStore,
  { dSae, k, engine, maxRows }: {
    readonly dSae: number;
    readonly k: number;
    readonly engine: Engine;
    readonly maxRows: number;
  },
): Promise<SaeWeights> {
  const { d } = store;
  const { mean, covariance } = await covarianceOf(store, { engine, maxRows });
  const { vectors } = symmetricEigen(covariance, d);
  const width = Math.min(dSae, 2 * d);
  const wDec = new Float32Array(width * d);
  for (let f = 0; f < width; f++) {
    const from = (f >> 1) * d;
    for (let j = 0; j < d; j++) wDec[f * d + j] = f % 2 === 0 ? vectors[from + j]! : -vectors[from + j]!;
  }
  return {
    dModel: d,
    dSae: width,
    wEnc: transpose(wDec, width, d),
    bEnc: new Float32Array(width),
    wDec,
    bDec: Float32Array.from(mean),
    activation: { kind: "topk", k: Math.min(k, width) },
    subtractsDecoderBias: true,
    inputNormalization: "none",
    rescalesByDecoderNorm: false,
  };
}

/** An SAE whose decoder keeps its random unit atoms: only encoder and biases learn. */
export function randomDecoderSae(
  store: ActivationStore,
  options: Omit<SaeTrainingOptions, "rules"> & {
    readonly k: number;
    readonly rules?: Partial<TrainingRules>;
  },
): Promise<TrainedSae> {
  const rules = {
    ...CORRECTED,
    ...options.rules,
    variant: { kind: "topk", k: options.k } as const,
    auxK: 0, // its dead latents have no atom to learn
    freezesDecoder: true,
  };
  return trainSae(store, { ...options, rules });
}

/** Mean, shape [d], and covariance, shape [d, d], of about `maxRows` rows. */
async function covarianceOf(
  store: ActivationStore,
  { engine, maxRows }: { readonly engine: Engine; readonly maxRows: number },
) {
  const { d } = store;
  const batches = spreadBatches(store, maxRows);
  const g = graphBuilder("sae.covariance");
  const x = g.input("x", "float32", ["n", d]);
  g.output("products", g.matMul("product", g.transpose("transposed", x, [1, 0]), x));
  const session = await engine.open(g.build());
  const sum = new Float64Array(d);
  const products = new Float64Array(d * d);
  let origin: Float64Array | undefined;
  let nRows = 0;
  try {
    for (const batch of batches) {
      const { values } = await store.read(batch);
      const n = values.length / d;
      // Around a point near the mean, products of float32 numbers lose nothing that matters.
      origin ??= Float64Array.from({ length: d }, (_, j) => columnMean(values, d, j));
      const shifted = values.map((v, i) => v - origin![i % d]!);
      shifted.forEach((v, i) => (sum[i % d]! += v));
      const result = await session.run({ x: { type: "float32", data: shifted, dims: [n, d] } }, ["products"]);
      result.products.data.forEach((v, i) => (products[i]! += v));
      nRows += n;
    }
  } finally {
    await session.close();
  }
  const covariance = products.map((p, i) =>
    p / nRows - (sum[Math.floor(i / d)]! * sum[i % d]!) / (nRows * nRows)
  );
  return { mean: sum.map((s, j) => origin![j]! + s / nRows), covariance };
}

function columnMean(values: Float32Array, d: number, j: number): number {
  let sum = 0;
  for (let i = j; i < values.length; i += d) sum += values[i]!;
  return (sum * d) / values.length;
}
