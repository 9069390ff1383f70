/**
 * T5 as graphs: one for every encoder and decoder block, one that ends the encoder and gives the decoder its keys and
 * values, one head.
 * @see Raffel et al. 2020, JMLR 21(140)
 */
import { type Checkpoint, graphWeight, type TensorShapes } from "./checkpoint.ts";
import { activate, attend, joinHeads, patchable, splitHeads } from "./layers.ts";
import { graphBuilder } from "./onnx/graph.ts";
import type { Graph, GraphBuilder, Value } from "./onnx/types.ts";
import type { T5Config } from "./t5_config.ts";

/**
 * One encoder block. Inputs: `resid` [batch, length, d], `attn_bias` [.., heads, length, length], a patch of
 * `attn_out`. Outputs: `resid_post`, `attn_out`.
 */
export function t5EncoderBlock(checkpoint: Checkpoint, config: T5Config, index: number): Graph {
  const b = blockBuilder(checkpoint, config, "encoder", index);
  const { g, resid } = b;
  const x = b.norm("ln1", resid, 0);
  const attnOut = b.output(
    "attn_out",
    b.attention("attn", x, {
      k: b.heads("attn/k", x, "0.SelfAttention.k"),
      v: b.heads("attn/v", x, "0.SelfAttention.v"),
      bias: g.input("attn_bias", "float32", ["bias_batch", config.nHeads, "length", "length"]),
    }),
  );
  const mid = g.add("resid_mid", resid, attnOut);
  g.output("resid_post", g.add("resid_end", mid, b.feedForward(mid, 1)));
  return g.build();
}

/**
 * One decoder block. Inputs as of an encoder block, and `past_k`, `past_v` [batch, heads, past, dHead], the encoder's
 * `cross_k`, `cross_v` [items, heads, source, dHead] and `cross_bias` [.., 1, 1, source], and a patch of
 * `cross_attn_out`. The batch holds equally many rows for each item, an item's rows side by side: sampled paths share
 * their item's keys and values. Outputs: `resid_post`, `attn_out`, `cross_attn_out`, `k`, `v`.
 */
export function t5DecoderBlock(checkpoint: Checkpoint, config: T5Config, index: number): Graph {
  const b = blockBuilder(checkpoint, config, "decoder", index);
  const { g, resid } = b;
  const { nHeads, dHead } = config;
  const x = b.norm("ln1", resid, 0);
  const k = b.heads("attn/k", x, "0.SelfAttention.k");
  const v = b.heads("attn/v", x, "0.SelfAttention.v");
  const pastShape = ["batch", nHeads, "past", dHead];
  const attnOut = b.output(
    "attn_out",
    b.attention("attn", x, {
      k: g.concat("attn/all_k", g.input("past_k", "float32", pastShape), k, 2),
      v: g.concat("attn/all_v", g.input("past_v", "float32", pastShape), v, 2),
      bias: g.input("attn_bias", "float32", ["bias_batch", nHeads, "length", "past+length"]),
    }),
  );
  g.output("k", k);
  g.output("v", v);
  const afterSelf = g.add("resid_mid", resid, attnOut);
  const crossOut = b.output("cross_attn_out", b.crossAttention(b.norm("ln_cross", afterSelf, 1)));
  const afterCross = g.add("resid_cross", afterSelf, crossOut);
  g.output("resid_post", g.add("resid_end", afterCross, b.feedForward(afterCross, 2)));
  return g.build();
}

/**
 * The encoder's final norm and every decoder block's keys and values of it. Input `resid` [batch, length, d]; outputs
 * `states` [batch, length, d], `k0`, `v0`, `k1`, ... [batch, heads, length, dHead].
 */
export function t5EncoderEnd(checkpoint: Checkpoint, config: T5Config): Graph {
  const g = graphBuilder("encoder.end");
  const { dModel, nHeads, dHead } = config;
  const resid = g.input("resid", "float32", ["batch", "length", dModel]);
  const scale = graphWeight(g, checkpoint, "encoder.final_layer_norm.weight", [dModel]);
  const states = g.rmsNorm("final_norm", resid, scale, config.layerNormEps);
  g.output("states", states);
  for (let i = 0; i < config.nDecoderBlocks; i++) {
    for (const which of ["k", "v"] as const) {
      const name = `decoder.block.${i}.layer.1.EncDecAttention.${which}.weight`;
      const matrix = graphWeight(g, checkpoint, name, [nHeads * dHead, dModel]);
      const label = `${which}${i}`;
      g.output(label, splitHeads(g, `${label}/split`, g.linear(`${label}/linear`, states, matrix), config));
    }
  }
  return g.build();
}

/** The decoder's final norm and the output matrix: `resid` [rows, d] -> `logits` [rows, vocabulary]. */
export function t5Head(checkpoint: Checkpoint, config: T5Config): Graph {
  const g = graphBuilder("head");
  const { dModel, vocabSize } = config;
  const resid = g.input("resid", "float32", ["rows", dModel]);
  const scale = graphWeight(g, checkpoint, "decoder.final_layer_norm.weight", [dModel]);
  const normed = g.rmsNorm("final_norm", resid, scale, config.layerNormEps);
  const matrix = graphWeight(g, checkpoint, t5Output(config), [vocabSize, dModel]);
  const alpha = config.scalesOutput ? 1 / Math.sqrt(dModel) : 1;
  g.output("logits", g.matMul("unembed", normed, matrix, { transposeB: true, alpha }));
  return g.build();
}

/** The table of token embeddings [vocabulary, d], of encoder and decoder. */
export const T5_EMBEDDING = "shared.weight";

/** The table of a stack's relative position biases [buckets, heads]: its first block's, used by all. */
export function t5BiasTable(stack: "encoder" | "decoder"): string {
  return `${stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`;
}

/** Copies of the embedding that some checkpoints carry, and a table that an old version wrote by mistake. */
export function isIgnoredByT5(name: string, config: T5Config): boolean {
  const copies = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
  const unused = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
  return copies.includes(name) || name === unused || (config.tied && name === "lm_head.weight");
}

/** Names and shapes of all tensors of a model. */
export function t5Tensors(config: T5Config): TensorShapes {
  const { dModel, dMlp, vocabSize, nHeads, dHead, isGated } = config;
  const inner = nHeads * dHead;
  const attention = (name: string): TensorShapes => [
    ...["q", "k", "v"].map((which) => [`${name}.${which}.weight`, [inner, dModel]] as const),
    [`${name}.o.weight`, [dModel, inner]],
  ];
  const feedForward = (name: string): TensorShapes => [
    ...(isGated ? ["wi_0", "wi_1"] : ["wi"]).map((which) =>
      [`${name}.${which}.weight`, [dMlp, dModel]] as const
    ),
    [`${name}.wo.weight`, [dModel, dMlp]],
  ];
  const block = (stack: "encoder" | "decoder", i: number): TensorShapes => {
    const prefix = `${stack}.block.${i}.layer.`;
    const isDecoder = stack === "decoder";
    const last = isDecoder ? 2 : 1;
    return [
      [`${prefix}0.layer_norm.weight`, [dModel]],
      ...attention(`${prefix}0.SelfAttention`),
      ...(i === 0 ? [[t5BiasTable(stack), [config.nBuckets, nHeads]] as const] : []),
      ...(isDecoder ? [[`${prefix}1.layer_norm.weight`, [dModel]] as const] : []),
      ...(isDecoder ? attention(`${prefix}1.EncDecAttention`) : []),
      [`${prefix}${last}.layer_norm.weight`, [dModel]],
      ...feedForward(`${prefix}${last}.DenseReluDense`),
    ];
  };
  const blocks = (stack: "encoder" | "decoder", n: number) =>
    Array.from({ length: n }, (_, i) => block(stack, i)).flat();
  return [
    [T5_EMBEDDING, [vocabSize, dModel]],
    ...blocks("encoder", config.nEncoderBlocks),
    ["encoder.final_layer_norm.weight", [dModel]],
    ...blocks("decoder", config.nDecoderBlocks),
    ["decoder.final_layer_norm.weight", [dModel]],
    ...(config.tied ? [] : [["lm_head.weight", [vocabSize, dModel]] as const]),
  ];
}

function t5Output(config: T5Config): string {
  return config.tied ? T5_EMBEDDING : "lm_head.weight";
}

/** The parts of a block; tensors are named by sublayer, "0.SelfAttention.q". */
interface BlockBuilder {
  readonly g: GraphBuilder;
  readonly resid: Value;
  norm(label: string, x: Value, sublayer: number): Value;
  heads(label: string, x: Value, name: string): Value;
  attention(
    label: string,
    x: Value,
    options: { readonly k: Value; readonly v: Value; readonly bias: Value },
  ): Value;
  crossAttention(x: Value): Value;
  feedForward(x: Value, sublayer: number): Value;
  /** Makes a sublayer's result an output that can be patched. */
  output(name: string, value: Value): Value;
}

function blockBuilder(
  checkpoint: Checkpoint,
  config: T5Config,
  stack: "encoder" | "decoder",
  index: number,
): BlockBuilder {
  const { dModel, dMlp, nHeads, dHead } = config;
  const inner = nHeads * dHead;
  const g: GraphBuilder = graphBuilder(`${stack}.${index}`);
  const resid = g.input("resid", "float32", ["batch", "length", dModel]);
  const weight = (name: string, shape: readonly number[]) =>
    graphWeight(g, checkpoint, `${stack}.block.${index}.layer.${name}.weight`, shape);
  const heads = (label: string, x: Value, name: string) =>
    splitHeads(g, label, g.linear(`${label}/linear`, x, weight(name, [inner, dModel])), config);

  return {
    g,
    resid,
    heads,
    norm: (label, x, sublayer) =>
      g.rmsNorm(label, x, weight(`${sublayer}.layer_norm`, [dModel]), config.layerNormEps),
    attention(label, x, { k, v, bias }) {
      const q = heads(`${label}/q`, x, "0.SelfAttention.q");
      const mixed = attend(g, `${label}/z`, { q, k, v, bias, scale: 1 }); // T5 does not scale its scores
      return g.linear(
        `${label}/out`,
        joinHeads(g, `${label}/joined`, mixed),
        weight("0.SelfAttention.o", [dModel, inner]),
      );
    },
    crossAttention(x) {
      const flat = g.linear("cross/q", x, weight("1.EncDecAttention.q", [inner, dModel]));
      const source = ["items", nHeads, "source", dHead];
      const k = g.input("cross_k", "float32", source);
      // All rows of an item attend to the same keys: they are one long row of queries.
      const itemShape = g.sizes("cross/item_shape", k, [0, 1], [-1, nHeads, dHead]);
      const byItem = g.reshape("cross/by_item", flat, ["items", "queries", nHeads, dHead], itemShape);
      const mixed = attend(g, "cross/z", {
        q: g.transpose("cross/by_head", byItem, [0, 2, 1, 3]),
        k,
        v: g.input("cross_v", "float32", source),
        bias: g.input("cross_bias", "float32", ["cross_bias_batch", 1, 1, "source"]),
        scale: 1,
      });
      const rows = g.transpose("cross/by_query", mixed, [0, 2, 1, 3]);
      const rowShape = g.sizes("cross/row_shape", x, [0, 2], [inner]);
      const joined = g.reshape("cross/joined", rows, ["batch", "length", inner], rowShape);
      return g.linear("cross/out", joined, weight("1.EncDecAttention.o", [dModel, inner]));
    },
    feedForward(x, sublayer) {
      const name = (which: string) => `${sublayer}.DenseReluDense.${which}`;
      const normed = g.rmsNorm("ln_mlp", x, weight(`${sublayer}.layer_norm`, [dModel]), config.layerNormEps);
      const into = (which: string) => g.linear(`mlp/${which}`, normed, weight(name(which), [dMlp, dModel]));
      const hidden = config.isGated
        ? g.mul("mlp/gated", activate(g, "mlp/act", into("wi_0"), config.activation), into("wi_1"))
        : activate(g, "mlp/act", into("wi"), config.activation);
      return g.linear("mlp/wo", hidden, weight(name("wo"), [dModel, dMlp]));
    },
    output(name, value) {
      const patched = patchable(g, `hook_${name}`, value);
      g.output(name, patched);
      return patched;
    },
  };
}
