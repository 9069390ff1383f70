/** A tiny Chronos checkpoint with random weights, the same bytes everywhere; `deno run -A tests/model/tiny_chronos.ts DIR` writes it. */
import { writeRandomCheckpoint } from "../../lib/model/random_checkpoint.ts";

/** Writes config.json and model.safetensors into a directory. */
export function writeTinyChronos(directory: string): void {
  writeRandomCheckpoint(directory, tinyChronosConfig, { seed: 5, dtype: "F32", scale: 0.3 });
}

/** Its config.json. */
export const tinyChronosConfig = {
  architectures: ["T5ForConditionalGeneration"],
  model_type: "t5",
  vocab_size: 100,
  d_model: 32,
  d_kv: 8,
  d_ff: 64,
  num_layers: 2,
  num_decoder_layers: 2,
  num_heads: 4,
  relative_attention_num_buckets: 32,
  relative_attention_max_distance: 128,
  layer_norm_epsilon: 1e-6,
  feed_forward_proj: "relu",
  is_encoder_decoder: true,
  tie_word_embeddings: true,
  use_cache: true,
  pad_token_id: 0,
  eos_token_id: 1,
  decoder_start_token_id: 0,
  chronos_config: {
    tokenizer_class: "MeanScaleUniformBins",
    tokenizer_kwargs: { low_limit: -6, high_limit: 6 },
    n_tokens: 100,
    n_special_tokens: 2,
    pad_token_id: 0,
    eos_token_id: 1,
    use_eos_token: true,
    model_type: "seq2seq",
    context_length: 96,
    prediction_length: 24,
    num_samples: 20,
    temperature: 0.9,
    top_k: 50,
    top_p: 0.97,
  },
};

if (import.meta.main) writeTinyChronos(Deno.args[0]!);
