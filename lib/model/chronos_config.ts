/** The `chronos_config` section of a Chronos checkpoint's config.json: read once, checked, never guessed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError, UsageError } from "../guardrail.ts";

/** What Chronos needs to know beside the transformer's own configuration. */
export interface ChronosConfig {
  /** First and last bin centre, in units of the context's mean absolute value. */
  readonly lowLimit: number;
  readonly highLimit: number;
  /** Vocabulary size; bins are `nTokens - nSpecialTokens - 1` of it. */
  readonly nTokens: number;
  readonly nSpecialTokens: number;
  readonly padTokenId: number;
  readonly eosTokenId: number;
  readonly useEosToken: boolean;
  /** Longest context, in steps; longer ones lose their oldest values. */
  readonly contextLength: number;
  /** Steps the model was trained to forecast in one go. */
  readonly predictionLength: number;
  /** Default number of sample paths. */
  readonly nSamples: number;
  readonly temperature: number;
  /** Tokens kept when sampling; 0 keeps all. */
  readonly topK: number;
  /** Probability mass kept when sampling; 1 keeps all. */
  readonly topP: number;
  /** The token that starts every decoder input (T5: the padding token). */
  readonly decoderStartTokenId: number;
}

/**
 * Reads `config.json` of a Chronos checkpoint.
 * @param directory the checkpoint, Hugging Face layout
 * @throws {UsageError} if the file is missing or says something this project cannot run
 * @throws {GuardrailError} corrupt-file, if it is not JSON
 */
export function readChronosConfig(directory: string): ChronosConfig {
  const file = join(directory, "config.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new GuardrailError(
      "corrupt-file",
      `Cannot use ${file}: needs JSON, got: ${(error as Error).message}`,
    );
  }
  return parseChronosConfig(config, file);
}

/**
 * Checks the parsed config.json of a Chronos checkpoint.
 * @param config the whole file, parsed
 * @param file its name, for messages
 * @throws {UsageError} naming the file, the key and what is required there
 * @see Ansari et al. 2024, arXiv:2403.07815
 */
export function parseChronosConfig(config: unknown, file: string): ChronosConfig {
  const top = reader(config, file, "");
  const section = reader(top.get("chronos_config"), file, "chronos_config.");
  section.refuseUnknown(KEYS);
  section.oneOf("tokenizer_class", ["MeanScaleUniformBins"]);
  section.oneOf("model_type", ["seq2seq"]);
  const limits = reader(section.get("tokenizer_kwargs"), file, "chronos_config.tokenizer_kwargs.");
  limits.refuseUnknown(["low_limit", "high_limit"]);
  const lowLimit = limits.number("low_limit", (x) => Number.isFinite(x), "a finite number");
  const highLimit = limits.number("high_limit", (x) => x > lowLimit && x < Infinity, `above ${lowLimit}`);
  const nSpecialTokens = section.integer("n_special_tokens", 1, 1000);
  const nTokens = section.integer("n_tokens", nSpecialTokens + 3, 1 << 24);
  const vocabularySize = top.integer("vocab_size", 1, Number.MAX_SAFE_INTEGER);
  if (vocabularySize < nTokens) {
    throw new UsageError(
      `Cannot use ${file}: needs vocab_size of at least chronos_config.n_tokens = ${nTokens}, got ${vocabularySize}`,
    );
  }
  const padTokenId = section.integer("pad_token_id", 0, nSpecialTokens - 1);
  return {
    lowLimit,
    highLimit,
    nTokens,
    nSpecialTokens,
    padTokenId,
    eosTokenId: section.integer("eos_token_id", 0, nSpecialTokens - 1),
    useEosToken: section.boolean("use_eos_token"),
    contextLength: section.integer("context_length", 1, 1 << 20),
    predictionLength: section.integer("prediction_length", 1, 1 << 20),
    nSamples: section.integer("num_samples", 1, 1 << 20),
    temperature: section.number("temperature", (x) => x > 0 && x < Infinity, "a finite number above 0"),
    topK: section.integer("top_k", 0, Number.MAX_SAFE_INTEGER),
    topP: section.number("top_p", (x) => x >= 0 && x <= 1, "a number in [0, 1]"),
    decoderStartTokenId: top.has("decoder_start_token_id")
      ? top.integer("decoder_start_token_id", 0, vocabularySize - 1)
      : padTokenId,
  };
}

const KEYS = [
  "tokenizer_class",
  "tokenizer_kwargs",
  "n_tokens",
  "n_special_tokens",
  "pad_token_id",
  "eos_token_id",
  "use_eos_token",
  "model_type",
  "context_length",
  "prediction_length",
  "num_samples",
  "temperature",
  "top_k",
  "top_p",
];

/** Typed access to one JSON object; `prefix` is its path inside the file. */
function reader(value: unknown, file: string, prefix: string) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const where = prefix === "" ? "the top level" : prefix.slice(0, -1);
    throw new UsageError(`Cannot use ${file}: needs an object at ${where}, got ${show(value)}`);
  }
  const record = value as Readonly<Record<string, unknown>>;
  const refuse = (key: string, requirement: string): never => {
    throw new UsageError(
      `Cannot use ${file}: needs ${requirement} at ${prefix}${key}, got ${show(record[key])}`,
    );
  };
  const number = (key: string, accept: (x: number) => boolean, requirement: string): number => {
    const found = record[key];
    return typeof found === "number" && accept(found) ? found : refuse(key, requirement);
  };
  return {
    number,
    integer: (key: string, low: number, high: number): number =>
      number(key, (x) => Number.isInteger(x) && x >= low && x <= high, `an integer in [${low}, ${high}]`),
    boolean(key: string): boolean {
      const found = record[key];
      return typeof found === "boolean" ? found : refuse(key, "true or false");
    },
    oneOf(key: string, allowed: readonly string[]): void {
      if (!allowed.includes(record[key] as string)) refuse(key, allowed.join(" or "));
    },
    get: (key: string): unknown => Object.hasOwn(record, key) ? record[key] : undefined,
    has: (key: string): boolean => Object.hasOwn(record, key) && record[key] !== null,
    refuseUnknown(known: readonly string[]): void {
      for (const key of Object.keys(record)) {
        if (!known.includes(key)) {
          throw new UsageError(
            `Cannot use ${file}: unknown key ${prefix}${key} (known: ${known.join(", ")})`,
          );
        }
      }
    },
  };
}

function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
