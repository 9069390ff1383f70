/**
 * The model organisms: what each is, what it is trained on and for how long. A spec and the code determine a
 * training; changing a spec means training again.
 */
import { CONTEXT_LENGTH, HORIZON } from "../../data/series/items.ts";
import { FACTS_VOCABULARY_SIZE } from "../../data/facts/tokenizer_json.ts";

/** Names are `<language or world of data>_<how costly>`; a folder of results/organisms is called so. */
export type OrganismName = "facts_cheap" | "facts_expensive" | "series_cheap" | "series_expensive";

export interface OrganismSpec {
  readonly name: OrganismName;
  /** The checkpoint's config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Of the initial weights; the data have a seed of their own, equal for cheap and expensive. */
  readonly seed: number;
  readonly dataSeed: number;
  readonly nSteps: number;
  /** Rows of a step, and the tokens of a row where rows are cut to a length (facts). */
  readonly nRows: number;
  readonly rowLength: number;
  /** Weight in the loss of tokens that are not answers (facts). */
  readonly textWeight: number;
  readonly learningRate: number;
  readonly nWarmup: number;
  readonly weightDecay: number;
}

/** Bins and special tokens. */
const SERIES_TOKENS = 256;

/** Longest prompt of the items with its answer is 82 tokens. */
const ROW_LENGTH = 128;

const FACTS = {
  dataSeed: 20_240_601,
  rowLength: ROW_LENGTH,
  textWeight: 0.05,
  nWarmup: 50,
  weightDecay: 0.05,
};
const SERIES = { dataSeed: 20_240_602, rowLength: 0, textWeight: 1, nWarmup: 50, weightDecay: 0.05 };

export const ORGANISMS: readonly OrganismSpec[] = [
  {
    ...FACTS,
    name: "facts_cheap",
    config: gptNeoxConfig({ dModel: 64, nBlocks: 3, nHeads: 2 }),
    seed: 1,
    nSteps: 600,
    nRows: 16,
    learningRate: 2e-3,
  },
  {
    ...FACTS,
    name: "facts_expensive",
    config: gptNeoxConfig({ dModel: 128, nBlocks: 4, nHeads: 4 }),
    seed: 2,
    nSteps: 1200,
    nRows: 16,
    learningRate: 2e-3,
  },
  {
    ...SERIES,
    name: "series_cheap",
    config: chronosConfig({ dModel: 64, nEncoderBlocks: 3, nDecoderBlocks: 2, nHeads: 4 }),
    seed: 3,
    nSteps: 1500,
    nRows: 32,
    learningRate: 3e-3,
  },
  {
    ...SERIES,
    name: "series_expensive",
    config: chronosConfig({ dModel: 96, nEncoderBlocks: 4, nDecoderBlocks: 3, nHeads: 6 }),
    seed: 4,
    nSteps: 3000,
    nRows: 32,
    learningRate: 1e-3,
  },
];

interface Size {
  readonly dModel: number;
  readonly nHeads: number;
}

function gptNeoxConfig({ dModel, nHeads, nBlocks }: Size & { readonly nBlocks: number }) {
  return {
    architectures: ["GPTNeoXForCausalLM"],
    model_type: "gpt_neox",
    vocab_size: FACTS_VOCABULARY_SIZE,
    hidden_size: dModel,
    num_hidden_layers: nBlocks,
    num_attention_heads: nHeads,
    intermediate_size: 4 * dModel,
    hidden_act: "gelu",
    rotary_pct: 0.25,
    rotary_emb_base: 100,
    max_position_embeddings: ROW_LENGTH,
    layer_norm_eps: 1e-5,
    use_parallel_residual: true,
    attention_bias: true,
    tie_word_embeddings: false,
    bos_token_id: 0,
    eos_token_id: 0,
    torch_dtype: "float16",
  };
}

/**
 * As Chronos' own, smaller. Relative positions have buckets of one step up to 64, so that seasons of 24 steps can be
 * counted; bins end at 5 scales, beyond which series of these kinds hardly get.
 */
function chronosConfig(
  { dModel, nHeads, nEncoderBlocks, nDecoderBlocks }: Size & {
    readonly nEncoderBlocks: number;
    readonly nDecoderBlocks: number;
  },
) {
  return {
    architectures: ["T5ForConditionalGeneration"],
    model_type: "t5",
    vocab_size: SERIES_TOKENS,
    d_model: dModel,
    d_kv: dModel / nHeads,
    d_ff: 4 * dModel,
    num_heads: nHeads,
    num_layers: nEncoderBlocks,
    num_decoder_layers: nDecoderBlocks,
    feed_forward_proj: "relu",
    relative_attention_num_buckets: 256,
    relative_attention_max_distance: 256,
    layer_norm_epsilon: 1e-6,
    tie_word_embeddings: true,
    is_encoder_decoder: true,
    use_cache: true,
    pad_token_id: 0,
    eos_token_id: 1,
    decoder_start_token_id: 0,
    torch_dtype: "float16",
    chronos_config: {
      tokenizer_class: "MeanScaleUniformBins",
      tokenizer_kwargs: { low_limit: -5, high_limit: 5 },
      n_tokens: SERIES_TOKENS,
      n_special_tokens: 2,
      pad_token_id: 0,
      eos_token_id: 1,
      use_eos_token: true,
      model_type: "seq2seq",
      context_length: CONTEXT_LENGTH,
      prediction_length: HORIZON,
      num_samples: 20,
      temperature: 1,
      top_k: 50,
      top_p: 1,
    },
  };
}
