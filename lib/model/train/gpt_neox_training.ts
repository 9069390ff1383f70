/** The training graph of a GPT-NeoX: weighted next-token cross-entropy of a batch and its gradients. */
import type { TensorShapes } from "../checkpoint.ts";
import { GPT_NEOX_EMBEDDING, gptNeoxTensors } from "../gpt_neox.ts";
import type { GptNeoxConfig } from "../gpt_neox_config.ts";
import type { Graph } from "../onnx/types.ts";
import { rotaryTables } from "../rotary.ts";
import { attention, crossEntropy, rotate, type Rotation } from "./attention.ts";
import {
  add,
  gatherRows,
  gelu,
  layerNorm,
  linear,
  relu,
  reshape,
  splitInThree,
  transpose,
} from "./operators.ts";
import { type Tape, tape, type Tensor } from "./tape.ts";

/** Sizes of a batch; all rows have one length. */
export interface BatchSize {
  readonly nRows: number;
  readonly length: number;
}

/** Names and shapes of what is trained. */
export function gptNeoxParameters(config: GptNeoxConfig): TensorShapes {
  return gptNeoxTensors(config);
}

/**
 * Builds the graph. Inputs beside the parameters: `tokens`, `positions` and `targets` int64 [rows * length] (positions
 * [rows, length]), `mask` float32 [rows, 1, length, length] added to attention's scores, `weights` float32
 * [rows * length, 1]. Outputs: `loss` = sum of weights x nats, `nats` [rows * length, 1], and every gradient.
 * @throws {RangeError} for a config that training does not cover
 */
export function gptNeoxTrainingGraph(config: GptNeoxConfig, { nRows, length }: BatchSize): Graph {
  if (config.activation !== "gelu" && config.activation !== "relu") {
    throw new RangeError(`Cannot train a GPT-NeoX: needs gelu or relu, got ${config.activation}`);
  }
  if (!config.attentionBias) throw new RangeError("Cannot train a GPT-NeoX: needs attention_bias, got false");
  const t = tape("train.gpt_neox");
  const n = nRows * length;
  const parameters = new Map(
    gptNeoxParameters(config).map(([name, shape]) => [name, t.parameter(name, shape)]),
  );
  const weight = (name: string) => parameters.get(name)!;
  const norm = (x: Tensor, name: string) =>
    layerNorm(t, x, weight(`${name}.weight`), weight(`${name}.bias`), config.layerNormEps);
  const dense = (x: Tensor, name: string) => linear(t, x, weight(`${name}.weight`), weight(`${name}.bias`));
  const mask = t.input("mask", "float32", [nRows, 1, length, length]);
  const rotation = rotationInputs(t, config, [nRows, length]);

  let resid = gatherRows(t, weight(GPT_NEOX_EMBEDDING), t.input("tokens", "int64", [n]));
  for (let i = 0; i < config.nBlocks; i++) {
    const prefix = `gpt_neox.layers.${i}`;
    const qkv = dense(norm(resid, `${prefix}.input_layernorm`), `${prefix}.attention.query_key_value`);
    const mixed = selfAttention(t, qkv, { config, nRows, length, mask, rotation });
    const withAttention = add(t, resid, dense(mixed, `${prefix}.attention.dense`));
    const mlpInput = norm(
      config.residual === "parallel" ? resid : withAttention,
      `${prefix}.post_attention_layernorm`,
    );
    const hidden = dense(mlpInput, `${prefix}.mlp.dense_h_to_4h`);
    const active = config.activation === "gelu" ? gelu(t, hidden) : relu(t, hidden);
    resid = add(t, withAttention, dense(active, `${prefix}.mlp.dense_4h_to_h`));
  }
  const normed = norm(resid, "gpt_neox.final_layer_norm");
  const logits = linear(t, normed, weight(config.tied ? GPT_NEOX_EMBEDDING : "embed_out.weight"));
  const weights = t.input("weights", "float32", [n, 1]);
  const { loss, nats } = crossEntropy(t, logits, t.input("targets", "int64", [n]), weights);
  t.output("nats", nats);
  return t.build(loss);
}

interface AttentionInputs extends BatchSize {
  readonly config: GptNeoxConfig;
  readonly mask: Tensor;
  readonly rotation: Rotation;
}

/** Each head's rows of the projection hold its query, key and value one after the other. */
function selfAttention(
  t: Tape,
  qkv: Tensor,
  { config, nRows, length, mask, rotation }: AttentionInputs,
): Tensor {
  const { nHeads, dHead, dModel } = config;
  const byHead = transpose(t, reshape(t, qkv, [nRows, length, nHeads, 3 * dHead]), [0, 2, 1, 3]);
  const [q, k, v] = splitInThree(t, byHead);
  const mixed = attention(t, {
    q: rotate(t, q, rotation),
    k: rotate(t, k, rotation),
    v,
    mask,
    scale: 1 / Math.sqrt(dHead),
  });
  return reshape(t, transpose(t, mixed, [0, 2, 1, 3]), [nRows * length, dModel]);
}

function rotationInputs(t: Tape, config: GptNeoxConfig, shape: readonly number[]): Rotation {
  const { cos, sin } = rotaryTables(config);
  const size = [config.maxPositions, config.rotaryDims / 2];
  return {
    positions: t.input("positions", "int64", shape),
    cos: t.constant(cos, size),
    sin: t.constant(sin, size),
    negativeSin: t.constant(sin.map((x) => -x), size),
  };
}
