/**
 * Reading a model's config.json key by key. Every key must be understood or known to be harmless: a key that could
 * change the numbers and is not implemented is an error that names it.
 */
import { UsageError } from "../guardrail.ts";

/** Functions of a feed-forward layer, by what they compute. */
export type Activation = "gelu" | "gelu-tanh" | "relu" | "silu";

/** Typed access to a config; `end()` refuses the keys nobody asked for. */
export interface ConfigReader {
  /** A positive integer. */
  size(key: string, fallback?: number): number;
  /** A positive finite number. */
  positive(key: string, fallback: number): number;
  flag(key: string, fallback: boolean): boolean;
  activation(key: string, fallback: string): Activation;
  /** The activation of a name that was taken from the value of `key`. */
  activationNamed(key: string, name: string): Activation;
  /** A token id, or undefined if the key is absent or null. */
  token(key: string): number | undefined;
  /** A nested object; keys of it are reported as "key.inner". */
  nested(key: string): ConfigReader | undefined;
  text(key: string, fallback: string): string;
  /** The value must be one of `allowed`, or absent. */
  only(key: string, allowed: readonly unknown[]): void;
  /** Refuses with what a key needs. */
  refuse(key: string, needs: string): never;
  end(): void;
}

/**
 * Starts reading a config.
 * @param raw the parsed JSON
 * @param where the file, for messages
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { configReader } from "lib/model/config.ts";
 * const config = configReader({ n: 3, surprise: 1 }, "config.json");
 * assert.equal(config.size("n"), 3);
 * assert.throws(() => config.end(), /config\.json.*"surprise"/);
 * ```
 */
export function configReader(raw: Readonly<Record<string, unknown>>, where: string, path = ""): ConfigReader {
  const asked = new Set<string>();

  function take(key: string): unknown {
    asked.add(key);
    return Object.hasOwn(raw, key) ? raw[key] : undefined;
  }

  function refuse(key: string, needs: string): never {
    const got = Object.hasOwn(raw, key) ? JSON.stringify(raw[key]) : "nothing";
    throw new UsageError(`Cannot use ${where}: "${path}${key}" needs ${needs}, got ${got}`);
  }

  function activationNamed(key: string, name: unknown): Activation {
    const activation = ACTIVATIONS.get(name as string);
    return activation ?? refuse(key, `an activation (${[...ACTIVATIONS.keys()].join(", ")})`);
  }

  return {
    size(key, fallback) {
      const value = take(key) ?? fallback;
      if (!Number.isSafeInteger(value) || (value as number) < 1) refuse(key, "a positive integer");
      return value as number;
    },
    positive(key, fallback) {
      const value = take(key) ?? fallback;
      if (typeof value !== "number" || !(value > 0 && value < Infinity)) refuse(key, "a positive number");
      return value;
    },
    flag(key, fallback) {
      const value = take(key) ?? fallback;
      if (typeof value !== "boolean") refuse(key, "true or false");
      return value;
    },
    activation: (key, fallback) => activationNamed(key, take(key) ?? fallback),
    activationNamed,
    token(key) {
      const value = take(key) ?? undefined;
      if (value === undefined) return undefined;
      if (!Number.isSafeInteger(value) || (value as number) < 0) refuse(key, "a token id");
      return value as number;
    },
    nested(key) {
      const value = take(key) ?? undefined;
      if (value === undefined) return undefined;
      if (typeof value !== "object" || Array.isArray(value)) refuse(key, "an object");
      return configReader(value as Readonly<Record<string, unknown>>, where, `${path}${key}.`);
    },
    text(key, fallback) {
      const value = take(key) ?? fallback;
      return typeof value === "string" ? value : refuse(key, "a string");
    },
    only(key, allowed) {
      const value = take(key);
      if (value !== undefined && !allowed.includes(value)) {
        refuse(key, allowed.map((one) => JSON.stringify(one)).join(" or "));
      }
    },
    refuse,
    end() {
      for (const key of Object.keys(raw)) {
        if (!asked.has(key) && !(path === "" && (key.startsWith("_") || HARMLESS_KEYS.has(key)))) {
          throw new UsageError(
            `Cannot use ${where}: key "${path}${key}" is not supported by this architecture`,
          );
        }
      }
    },
  };
}

/** Names that transformers gives to activations. */
const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ["gelu", "gelu"],
  ["gelu_python", "gelu"],
  ["gelu_new", "gelu-tanh"],
  ["gelu_fast", "gelu-tanh"],
  ["gelu_pytorch_tanh", "gelu-tanh"],
  ["relu", "relu"],
  ["silu", "silu"],
  ["swish", "silu"],
]);

/** Keys of config.json that do not change what a forward pass of an evaluated model computes. */
const HARMLESS_KEYS: ReadonlySet<string> = new Set([
  // what and by whom
  ...[
    "architectures",
    "model_type",
    "transformers_version",
    "torch_dtype",
    "dtype",
    "tokenizer_class",
    "name_or_path",
  ],
  ...["auto_map", "adapters", "custom_pipelines", "prefix", "task_specific_params", "problem_type"],
  // training
  ...[
    "initializer_range",
    "initializer_factor",
    "attention_dropout",
    "attention_probs_dropout_prob",
    "hidden_dropout_prob",
    "hidden_dropout",
    "dropout_rate",
  ],
  ...[
    "classifier_dropout",
    "gradient_checkpointing",
    "finetuning_task",
    "id2label",
    "label2id",
    "num_labels",
  ],
  // what transformers returns, and how its generation behaves
  ...[
    "use_cache",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_scores",
    "return_dict",
  ],
  ...["return_dict_in_generate", "use_return_dict", "torchscript", "use_bfloat16", "tf_legacy_loss"],
  ...["chunk_size_feed_forward", "is_encoder_decoder", "bos_token_id", "eos_token_id", "pad_token_id"],
  ...["sep_token_id", "forced_bos_token_id", "forced_eos_token_id", "max_length"],
  ...["min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty"],
  ...["temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty"],
  ...["no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences"],
  ...[
    "exponential_decay_length_penalty",
    "suppress_tokens",
    "begin_suppress_tokens",
    "remove_invalid_values",
  ],
  ...["tie_encoder_decoder", "cross_attention_hidden_size"],
  // Chronos' tokenizer and sampling, read elsewhere
  "chronos_config",
]);
