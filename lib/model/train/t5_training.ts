/** The training graph of a T5: teacher-forced cross-entropy of the decoder's targets and its gradients. */
import { relativePositionBucket } from "../relative_position.ts";
import type { Graph } from "../onnx/types.ts";
import { T5_EMBEDDING, t5BiasTable, t5Tensors } from "../t5.ts";
import type { T5Config } from "../t5_config.ts";
import { attention, bucketBias, crossEntropy } from "./attention.ts";
import { add, gatherRows, linear, matMul, relu, reshape, rmsNorm, transpose } from "./operators.ts";
import { tape, type Tensor } from "./tape.ts";

/** Sizes of a batch: every context and every target has one length, so nothing is masked. */
export interface SeriesBatchSize {
  readonly nRows: number;
  /** Tokens of the encoder, EOS counted. */
  readonly contextLength: number;
  readonly targetLength: number;
}

/**
 * Builds the graph. Inputs beside the parameters: `context` int64 [rows * contextLength], `decoder` and `targets`
 * int64 [rows * targetLength] (the decoder sees the targets shifted right), `weights` float32 [rows * targetLength, 1].
 * Outputs: `loss`, `nats` [rows * targetLength, 1], and every gradient.
 * @throws {RangeError} for a config that training does not cover
 */
export function t5TrainingGraph(config: T5Config, size: SeriesBatchSize): Graph {
  if (config.activation !== "relu" || config.isGated || !config.tied || !config.scalesOutput) {
    throw new RangeError("Cannot train a T5: needs relu, no gate and tied, scaled embeddings");
  }
  const { nRows, contextLength, targetLength } = size;
  const t = tape("train.t5");
  const parameters = new Map(t5Tensors(config).map(([name, shape]) => [name, t.parameter(name, shape)]));
  const weight = (name: string) => parameters.get(name)!;
  const { nHeads, dHead } = config;
  const norm = (x: Tensor, name: string) => rmsNorm(t, x, weight(name), config.layerNormEps);
  const heads = (x: Tensor, name: string, length: number) =>
    transpose(t, reshape(t, linear(t, x, weight(name)), [nRows, length, nHeads, dHead]), [0, 2, 1, 3]);

  function attend(x: Tensor, source: Tensor, name: string, options: AttendOptions): Tensor {
    const { length, keys, ...extra } = options;
    const mixed = attention(t, {
      q: heads(x, `${name}.q.weight`, length),
      k: heads(source, `${name}.k.weight`, keys),
      v: heads(source, `${name}.v.weight`, keys),
      scale: 1, // T5 does not scale its scores
      ...extra,
    });
    const joined = reshape(t, transpose(t, mixed, [0, 2, 1, 3]), [nRows * length, nHeads * dHead]);
    return linear(t, joined, weight(`${name}.o.weight`));
  }

  function feedForward(x: Tensor, layer: string): Tensor {
    const name = `${layer}.DenseReluDense`;
    return linear(t, relu(t, linear(t, x, weight(`${name}.wi.weight`))), weight(`${name}.wo.weight`));
  }

  function positionBias(stack: "encoder" | "decoder", length: number): Tensor {
    const { nBuckets, maxDistance } = config;
    const options = { bidirectional: stack === "encoder", nBuckets, maxDistance };
    const buckets = Array.from(
      { length: length * length },
      (_, pair) => relativePositionBucket(pair % length - Math.floor(pair / length), options),
    );
    return bucketBias(t, weight(t5BiasTable(stack)), buckets, [length, length]);
  }

  let states = gatherRows(t, weight(T5_EMBEDDING), t.input("context", "int64", [nRows * contextLength]));
  const encoder = {
    length: contextLength,
    keys: contextLength,
    bias: positionBias("encoder", contextLength),
  };
  for (let i = 0; i < config.nEncoderBlocks; i++) {
    const layer = (index: number) => `encoder.block.${i}.layer.${index}`;
    const x = norm(states, `${layer(0)}.layer_norm.weight`);
    states = add(t, states, attend(x, x, `${layer(0)}.SelfAttention`, encoder));
    states = add(t, states, feedForward(norm(states, `${layer(1)}.layer_norm.weight`), layer(1)));
  }
  const source = norm(states, "encoder.final_layer_norm.weight");

  let resid = gatherRows(t, weight(T5_EMBEDDING), t.input("decoder", "int64", [nRows * targetLength]));
  const decoder = {
    length: targetLength,
    keys: targetLength,
    bias: positionBias("decoder", targetLength),
    mask: t.constant(causalMask(targetLength), [1, 1, targetLength, targetLength]),
  };
  for (let i = 0; i < config.nDecoderBlocks; i++) {
    const layer = (index: number) => `decoder.block.${i}.layer.${index}`;
    const x = norm(resid, `${layer(0)}.layer_norm.weight`);
    resid = add(t, resid, attend(x, x, `${layer(0)}.SelfAttention`, decoder));
    const y = norm(resid, `${layer(1)}.layer_norm.weight`);
    const cross = { length: targetLength, keys: contextLength };
    resid = add(t, resid, attend(y, source, `${layer(1)}.EncDecAttention`, cross));
    resid = add(t, resid, feedForward(norm(resid, `${layer(2)}.layer_norm.weight`), layer(2)));
  }
  const logits = matMul(t, norm(resid, "decoder.final_layer_norm.weight"), weight(T5_EMBEDDING), {
    transposeB: true,
    alpha: 1 / Math.sqrt(config.dModel),
  });
  const targets = t.input("targets", "int64", [nRows * targetLength]);
  const weights = t.input("weights", "float32", [nRows * targetLength, 1]);
  const { loss, nats } = crossEntropy(t, logits, targets, weights);
  t.output("nats", nats);
  return t.build(loss);
}

interface AttendOptions {
  readonly length: number;
  readonly keys: number;
  readonly bias?: Tensor;
  readonly mask?: Tensor;
}

/** 0 for what has happened, a large negative number for what has not; [length, length]. */
export function causalMask(length: number): Float32Array {
  return Float32Array.from(
    { length: length * length },
    (_, pair) => pair % length > Math.floor(pair / length) ? HIDDEN : 0,
  );
}

/** What is added to a score that must not count; finite, so that no sum is NaN. */
export const HIDDEN = -1e9;
