/** What a GPT-NeoX config.json says, with the defaults of transformers' GPTNeoXConfig. */
import { type Activation, type ConfigReader, configReader } from "./config.ts";

export interface GptNeoxConfig {
  readonly architecture: "gpt_neox";
  readonly vocabSize: number;
  readonly dModel: number;
  readonly nBlocks: number;
  readonly nHeads: number;
  readonly dHead: number;
  readonly dMlp: number;
  readonly activation: Activation;
  /** Leading dimensions of a head that are rotated; even. */
  readonly rotaryDims: number;
  readonly rotaryBase: number;
  /** Longest sequence. */
  readonly maxPositions: number;
  readonly layerNormEps: number;
  /** Attention and feed-forward both read the block's input, or one after the other. */
  readonly residual: "parallel" | "sequential";
  /** The output matrix is the input embedding. */
  readonly tied: boolean;
  /** Attention's linear layers have biases. */
  readonly attentionBias: boolean;
}

/**
 * Reads the config.
 * @throws {UsageError} naming the key that is missing, wrong or not supported
 */
export function readGptNeoxConfig(raw: Readonly<Record<string, unknown>>, where: string): GptNeoxConfig {
  const reader = configReader(raw, where);
  const dModel = reader.size("hidden_size");
  const nHeads = reader.size("num_attention_heads");
  if (dModel % nHeads !== 0) reader.refuse("num_attention_heads", `a divisor of hidden_size ${dModel}`);
  const dHead = dModel / nHeads;
  const config: GptNeoxConfig = {
    architecture: "gpt_neox",
    vocabSize: reader.size("vocab_size"),
    dModel,
    nBlocks: reader.size("num_hidden_layers"),
    nHeads,
    dHead,
    dMlp: reader.size("intermediate_size"),
    activation: reader.activation("hidden_act", "gelu"),
    ...readRotary(reader, dHead),
    maxPositions: reader.size("max_position_embeddings", 2048),
    layerNormEps: reader.positive("layer_norm_eps", 1e-5),
    residual: reader.flag("use_parallel_residual", true) ? "parallel" : "sequential",
    tied: reader.flag("tie_word_embeddings", false),
    attentionBias: reader.flag("attention_bias", true),
  };
  reader.only("is_decoder", [true, false]); // transformers' GPT-NeoX is causal either way
  reader.only("rope_scaling", [null]);
  reader.end();
  return config;
}

/**
 * The same two numbers have had three spellings: rotary_pct and rotary_emb_base (the original), beside them
 * partial_rotary_factor and rope_theta (late transformers 4), and an object rope_parameters (transformers 5).
 */
function readRotary(reader: ConfigReader, dHead: number) {
  const fraction = reader.positive("rotary_pct", reader.positive("partial_rotary_factor", 0.25));
  const base = reader.positive("rotary_emb_base", reader.positive("rope_theta", 10000));
  reader.only("partial_rotary_factor", [fraction]);
  reader.only("rope_theta", [base]);
  const rope = reader.nested("rope_parameters");
  rope?.only("rope_type", ["default"]);
  const rotaryFraction = rope?.positive("partial_rotary_factor", fraction) ?? fraction;
  const rotaryBase = rope?.positive("rope_theta", base) ?? base;
  rope?.end();
  const rotaryDims = Math.trunc(dHead * rotaryFraction);
  if (rotaryDims < 2 || rotaryDims % 2 !== 0 || rotaryDims > dHead) {
    reader.refuse("rotary_pct", `an even number of rotated dimensions in [2, ${dHead}] (${rotaryDims} here)`);
  }
  return { rotaryDims, rotaryBase };
}
