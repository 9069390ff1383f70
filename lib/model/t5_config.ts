/** What a T5 config.json says, with the defaults of transformers' T5Config. */
import { type Activation, type ConfigReader, configReader } from "./config.ts";

export interface T5Config {
  readonly architecture: "t5";
  readonly vocabSize: number;
  readonly dModel: number;
  readonly nEncoderBlocks: number;
  readonly nDecoderBlocks: number;
  readonly nHeads: number;
  /** Width of a head; heads together need not be as wide as the model. */
  readonly dHead: number;
  readonly dMlp: number;
  readonly activation: Activation;
  /** The feed-forward layer multiplies an activated and a linear projection. */
  readonly isGated: boolean;
  readonly nBuckets: number;
  readonly maxDistance: number;
  readonly layerNormEps: number;
  /** The output matrix is the input embedding. */
  readonly tied: boolean;
  /** The decoder's output is multiplied by dModel^-0.5 before the output matrix. */
  readonly scalesOutput: boolean;
  readonly decoderStartToken: number;
}

/**
 * Reads the config.
 * @throws {UsageError} naming the key that is missing, wrong or not supported
 */
export function readT5Config(raw: Readonly<Record<string, unknown>>, where: string): T5Config {
  const reader = configReader(raw, where);
  const nEncoderBlocks = reader.size("num_layers");
  const tied = reader.flag("tie_word_embeddings", true);
  const config: T5Config = {
    architecture: "t5",
    vocabSize: reader.size("vocab_size"),
    dModel: reader.size("d_model"),
    nEncoderBlocks,
    nDecoderBlocks: reader.size("num_decoder_layers", nEncoderBlocks),
    nHeads: reader.size("num_heads"),
    dHead: reader.size("d_kv"),
    dMlp: reader.size("d_ff"),
    ...readFeedForward(reader),
    nBuckets: reader.size("relative_attention_num_buckets", 32),
    maxDistance: reader.size("relative_attention_max_distance", 128),
    layerNormEps: reader.positive("layer_norm_epsilon", 1e-6),
    tied,
    // T5 1.1 does not tie and does not scale; transformers 5 may say it in a key of its own.
    scalesOutput: reader.flag("scale_decoder_outputs", tied),
    decoderStartToken: reader.token("decoder_start_token_id") ?? reader.token("pad_token_id") ?? 0,
  };
  if (config.nBuckets % 4 !== 0) reader.refuse("relative_attention_num_buckets", "a multiple of 4");
  if (config.maxDistance <= config.nBuckets / 2) {
    reader.refuse("relative_attention_max_distance", `more than half of ${config.nBuckets} buckets`);
  }
  reader.only("is_decoder", [false]);
  reader.only("is_encoder_decoder", [true]);
  reader.only("n_positions", [raw["n_positions"]]); // T5 has no absolute positions
  reader.end();
  return config;
}

/** "relu", "gated-gelu", ...; where the same is said twice, both must agree. */
function readFeedForward(reader: ConfigReader): { activation: Activation; isGated: boolean } {
  const projection = reader.text("feed_forward_proj", "relu");
  const isGated = projection.startsWith("gated-");
  const name = isGated ? projection.slice("gated-".length) : projection;
  reader.only("is_gated_act", [isGated]);
  // "gated-gelu" has always meant the tanh approximation.
  const actual = projection === "gated-gelu" ? "gelu_new" : name;
  reader.only("dense_act_fn", [actual]);
  return { activation: reader.activationNamed("feed_forward_proj", actual), isGated };
}
