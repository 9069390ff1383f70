/** Checkpoints with random weights at the sizes of the study's models, written once under the temporary folder. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RandomCheckpointOptions, writeRandomCheckpoint } from "lib/model/random_checkpoint.ts";

const NEOX = {
  model_type: "gpt_neox",
  architectures: ["GPTNeoXForCausalLM"],
  hidden_act: "gelu",
  rotary_pct: 0.25,
  rotary_emb_base: 10000,
  max_position_embeddings: 2048,
  layer_norm_eps: 1e-5,
  use_parallel_residual: true,
  tie_word_embeddings: false,
};

/** Pythia-410M, Pythia-2.8B and Chronos-T5-small, as their config.json files say. */
export const SHAPES = {
  "pythia-410m": {
    ...NEOX,
    vocab_size: 50304,
    hidden_size: 1024,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    intermediate_size: 4096,
  },
  "pythia-2.8b": {
    ...NEOX,
    vocab_size: 50304,
    hidden_size: 2560,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    intermediate_size: 10240,
  },
  "chronos-t5-small": {
    model_type: "t5",
    architectures: ["T5ForConditionalGeneration"],
    vocab_size: 4096,
    d_model: 512,
    d_kv: 64,
    d_ff: 2048,
    num_layers: 6,
    num_decoder_layers: 6,
    num_heads: 8,
    feed_forward_proj: "relu",
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 128,
    layer_norm_epsilon: 1e-6,
    tie_word_embeddings: true,
    decoder_start_token_id: 0,
    eos_token_id: 1,
    pad_token_id: 0,
    is_encoder_decoder: true,
    n_positions: 512,
    chronos_config: {
      tokenizer_class: "MeanScaleUniformBins",
      tokenizer_kwargs: { low_limit: -15.0, high_limit: 15.0 },
      n_tokens: 4096,
      n_special_tokens: 2,
      pad_token_id: 0,
      eos_token_id: 1,
      use_eos_token: true,
      model_type: "seq2seq",
      context_length: 512,
      prediction_length: 64,
      num_samples: 20,
      temperature: 1.0,
      top_k: 50,
      top_p: 1.0,
    },
  },
} as const;

/** The directory of a shape's checkpoint; about 0.8, 5.6 and 0.18 GB. */
export function benchmarkCheckpoint(
  shape: keyof typeof SHAPES,
  options: Omit<RandomCheckpointOptions, "seed">,
): string {
  const directory = join(tmpdir(), "fmdp-bench", `${shape}-${options.dtype.toLowerCase()}`);
  if (!existsSync(join(directory, "done"))) {
    writeRandomCheckpoint(directory, SHAPES[shape], { seed: 1, ...options });
    Deno.writeTextFileSync(join(directory, "done"), "");
  }
  return directory;
}
