/**
 * GPT-NeoX as graphs, one a block, so that a run can stop, be read and be patched between any two, and no weight is
 * ever held twice.
 * @see Black et al. 2022, doi:10.18653/v1/2022.bigscience-1.9
 */
import { type Checkpoint, graphWeight, type TensorShapes } from "./checkpoint.ts";
import type { GptNeoxConfig } from "./gpt_neox_config.ts";
import { activate, attend, joinHeads, patchable } from "./layers.ts";
import { graphBuilder } from "./onnx/graph.ts";
import type { Graph, GraphBuilder, Value } from "./onnx/types.ts";
import { rotaryTables } from "./rotary.ts";

/**
 * One block. Inputs: `resid` [batch, length, d], `positions` [batch, length], `attn_bias` (0 or a large negative
 * number) [.., 1, length, past + length], `past_k` and `past_v` [batch, heads, past, dHead], and a patch of
 * `attn_out` (see `patchable`). Outputs: `resid_post`, `attn_out`, and the keys and values of the new positions, `k` and `v`.
 */
export function gptNeoxBlock(checkpoint: Checkpoint, config: GptNeoxConfig, index: number): Graph {
  const g = graphBuilder(`blocks.${index}`);
  const prefix = `gpt_neox.layers.${index}.`;
  const weight = (name: string, shape: readonly number[]) => graphWeight(g, checkpoint, prefix + name, shape);
  const resid = g.input("resid", "float32", ["batch", "length", config.dModel]);
  const attnOut = selfAttention(
    g,
    config,
    layerNorm(g, config, "ln1", resid, weight, "input_layernorm"),
    weight,
  );
  const withAttention = g.add("resid_mid", resid, attnOut);
  const mlpInput = config.residual === "parallel" ? resid : withAttention;
  const hidden = linear(
    g,
    "mlp/in",
    layerNorm(g, config, "ln2", mlpInput, weight, "post_attention_layernorm"),
    weight,
    { name: "mlp.dense_h_to_4h", dIn: config.dModel, dOut: config.dMlp },
  );
  const mlpOut = linear(g, "mlp/out", activate(g, "mlp/act", hidden, config.activation), weight, {
    name: "mlp.dense_4h_to_h",
    dIn: config.dMlp,
    dOut: config.dModel,
  });
  g.output("resid_post", g.add("resid_end", withAttention, mlpOut));
  return g.build();
}

/** The final norm and the output matrix: `resid` [rows, d] -> `logits` [rows, vocabulary]. */
export function gptNeoxHead(checkpoint: Checkpoint, config: GptNeoxConfig): Graph {
  const g = graphBuilder("head");
  const { dModel, vocabSize } = config;
  const resid = g.input("resid", "float32", ["rows", dModel]);
  const weight = (name: string, shape: readonly number[]) =>
    graphWeight(g, checkpoint, `gpt_neox.${name}`, shape);
  const normed = layerNorm(g, config, "final_norm", resid, weight, "final_layer_norm");
  const unembedding = graphWeight(g, checkpoint, gptNeoxOutput(checkpoint, config), [vocabSize, dModel]);
  g.output("logits", g.linear("unembed", normed, unembedding));
  return g.build();
}

/** The table of token embeddings [vocabulary, d]. */
export const GPT_NEOX_EMBEDDING = "gpt_neox.embed_in.weight";

/** Buffers that older checkpoints carry, and output matrices beside a tied embedding. */
export function isIgnoredByGptNeox(name: string, config: GptNeoxConfig): boolean {
  if (/\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/.test(name)) return true;
  return name === "gpt_neox.rotary_emb.inv_freq" || (config.tied && OUTPUT_NAMES.includes(name));
}

const OUTPUT_NAMES: readonly string[] = ["embed_out.weight", "lm_head.weight"];

/** The name of the output matrix in this checkpoint. */
export function gptNeoxOutput(checkpoint: Checkpoint, config: GptNeoxConfig): string {
  if (config.tied) return GPT_NEOX_EMBEDDING;
  return OUTPUT_NAMES.find((name) => checkpoint.tensors.has(name)) ?? "embed_out.weight";
}

/** Names and shapes of all tensors of a model, in the order of its layers. */
export function gptNeoxTensors(config: GptNeoxConfig, output = "embed_out.weight"): TensorShapes {
  const { dModel, dMlp, vocabSize, attentionBias } = config;
  const norm = (name: string) => [[`${name}.weight`, [dModel]], [`${name}.bias`, [dModel]]] as const;
  const dense = (name: string, dOut: number, dIn: number, bias = true) =>
    bias
      ? [[`${name}.weight`, [dOut, dIn]], [`${name}.bias`, [dOut]]] as const
      : [[`${name}.weight`, [dOut, dIn]]] as const;
  const blocks = Array.from({ length: config.nBlocks }, (_, i) => `gpt_neox.layers.${i}.`).flatMap((
    prefix,
  ) => [
    ...norm(`${prefix}input_layernorm`),
    ...norm(`${prefix}post_attention_layernorm`),
    ...dense(`${prefix}attention.query_key_value`, 3 * dModel, dModel, attentionBias),
    ...dense(`${prefix}attention.dense`, dModel, dModel, attentionBias),
    ...dense(`${prefix}mlp.dense_h_to_4h`, dMlp, dModel),
    ...dense(`${prefix}mlp.dense_4h_to_h`, dModel, dMlp),
  ]);
  return [
    [GPT_NEOX_EMBEDDING, [vocabSize, dModel]],
    ...blocks,
    ...norm("gpt_neox.final_layer_norm"),
    ...(config.tied ? [] : [[output, [vocabSize, dModel]] as const]),
  ];
}

type WeightOf = (name: string, shape: readonly number[]) => Value;

function selfAttention(g: GraphBuilder, config: GptNeoxConfig, x: Value, weight: WeightOf): Value {
  const { dModel, nHeads, dHead, attentionBias } = config;
  const qkv = linear(g, "attn/qkv", x, weight, {
    name: "attention.query_key_value",
    dIn: dModel,
    dOut: 3 * dModel,
    bias: attentionBias,
  });
  // Each head's rows of the matrix hold its query, key and value one after the other.
  const heads = g.reshape("attn/heads", qkv, ["batch", "length", nHeads, 3 * dHead], [
    0,
    0,
    nHeads,
    3 * dHead,
  ]);
  const [q, k, v] = g.split("attn/split", g.transpose("attn/by_head", heads, [0, 2, 1, 3]), 3);
  const { cos, sin } = rotaryTables(config);
  const rotary = {
    positions: g.input("positions", "int64", ["batch", "length"]),
    cos: g.constant("attn/cos", cos, [config.maxPositions, config.rotaryDims / 2]),
    sin: g.constant("attn/sin", sin, [config.maxPositions, config.rotaryDims / 2]),
  };
  const rotatedK = g.rotary("attn/k", k!, rotary);
  const pastShape = ["batch", nHeads, "past", dHead];
  const mixed = attend(g, "attn/z", {
    q: g.rotary("attn/q", q!, rotary),
    k: g.concat("attn/all_k", g.input("past_k", "float32", pastShape), rotatedK, 2),
    v: g.concat("attn/all_v", g.input("past_v", "float32", pastShape), v!, 2),
    bias: g.input("attn_bias", "float32", ["bias_batch", 1, "length", "past+length"]),
    scale: 1 / Math.sqrt(dHead),
  });
  const out = linear(g, "attn/out", joinHeads(g, "attn/joined", mixed), weight, {
    name: "attention.dense",
    dIn: dModel,
    dOut: dModel,
    bias: attentionBias,
  });
  const attnOut = patchable(g, "hook_attn_out", out);
  g.output("attn_out", attnOut);
  g.output("k", rotatedK);
  g.output("v", v!);
  return attnOut;
}

interface Linear {
  readonly name: string;
  readonly dIn: number;
  readonly dOut: number;
  readonly bias?: boolean;
}

function linear(g: GraphBuilder, label: string, x: Value, weight: WeightOf, layer: Linear): Value {
  const { name, dIn, dOut, bias = true } = layer;
  const matrix = weight(`${name}.weight`, [dOut, dIn]);
  return bias ? g.linear(label, x, matrix, weight(`${name}.bias`, [dOut])) : g.linear(label, x, matrix);
}

function layerNorm(
  g: GraphBuilder,
  config: GptNeoxConfig,
  label: string,
  x: Value,
  weight: WeightOf,
  name: string,
): Value {
  const bias = weight(`${name}.bias`, [config.dModel]);
  return g.layerNorm(label, x, weight(`${name}.weight`, [config.dModel]), {
    bias,
    epsilon: config.layerNormEps,
  });
}
