/**
 * Text tokenizers from a Hugging Face directory (`tokenizer.json`, `tokenizer_config.json`), offline.
 * Two backends give the same ids: `core` is @huggingface/tokenizers, which needs no native code; `transformers`
 * is AutoTokenizer of @huggingface/transformers, imported only when asked for because loading it needs FFI.
 */
import { join, resolve } from "node:path";
import { Tokenizer as CoreTokenizer } from "@huggingface/tokenizers";
import { GuardrailError } from "../guardrail.ts";
import { readTokenizerFiles } from "./tokenizer_files.ts";

/** Which library turns text into ids. */
export type TokenizerBackend = "core" | "transformers";

/** Text to token ids and back. */
export interface Tokenizer {
  readonly backend: TokenizerBackend;
  /** One more than the largest id: the least `vocab_size` a model needs for this tokenizer. */
  readonly vocabularySize: number;
  /**
   * Token ids of a text. The post-processor (BOS, EOS, templates) is skipped unless `addSpecialTokens` is set:
   * the study feeds bare text. Special tokens that are spelled out in the text are recognised either way.
   */
  encode(text: string, options?: EncodeOptions): Uint32Array;
  /** The text of ids, without clean-up of spaces, so that encode and decode are inverse where the model allows. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The id of one token as the vocabulary spells it (byte-level alphabets use `Ġ` for a space), or undefined. */
  tokenId(token: string): number | undefined;
}

/** What encode() may add. */
export interface EncodeOptions {
  /** Run the post-processor; default false. */
  readonly addSpecialTokens?: boolean;
}

/** What decode() may leave out. */
export interface DecodeOptions {
  /** Drop special tokens; default false. */
  readonly skipSpecialTokens?: boolean;
}

/** How to load a tokenizer. */
export interface LoadTokenizerOptions {
  readonly backend: TokenizerBackend;
  /** The model's `vocab_size`; the tokenizer must not have an id beyond it (it may have fewer). */
  readonly modelVocabularySize?: number;
}

/**
 * Loads the tokenizer of a checkpoint directory; never touches the network.
 * @param directory holds `tokenizer.json` and, if the checkpoint has one, `tokenizer_config.json` (which
 *   AutoTokenizer needs)
 * @throws {UsageError} if a needed file is missing, or the tokenizer has more ids than the model
 * @throws {GuardrailError} corrupt-file, if a file is not what it should be; the message names file and requirement
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadTokenizer } from "lib/model/tokenizer.ts";
 * const tokenizer = await loadTokenizer("tests/golden/tokenizers/byte_bpe", { backend: "core" });
 * const ids = tokenizer.encode(" the question");
 * assert.equal(tokenizer.decode(ids), " the question");
 * ```
 */
export async function loadTokenizer(directory: string, options: LoadTokenizerOptions): Promise<Tokenizer> {
  const { backend, modelVocabularySize } = options;
  const files = readTokenizerFiles(directory, {
    needsConfig: backend === "transformers",
    modelVocabularySize,
  });
  let codec: Codec;
  try {
    codec = backend === "core"
      ? coreTokenizer(files.tokenizer, files.config)
      : await autoTokenizer(resolve(directory));
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];
    const file = join(directory, "tokenizer.json");
    throw new GuardrailError(
      "corrupt-file",
      `Cannot use ${file}: needs a tokenizer that the ${backend} backend can build, got: ${reason}`,
    );
  }
  return { ...codec, backend, vocabularySize: files.vocabularySize };
}

type Codec = Pick<Tokenizer, "encode" | "decode" | "tokenId">;

function coreTokenizer(tokenizerJson: object, config: object): Codec {
  const tokenizer = new CoreTokenizer(tokenizerJson, config);
  return {
    encode: (text, { addSpecialTokens = false } = {}) =>
      // The library reads an empty text as "nothing given" in places; its ids are none either way.
      text === "" && !addSpecialTokens
        ? new Uint32Array(0)
        : Uint32Array.from(tokenizer.encode(text, { add_special_tokens: addSpecialTokens }).ids),
    decode: (ids, { skipSpecialTokens = false } = {}) =>
      ids.length === 0 ? "" : tokenizer.decode(Array.from(ids), {
        skip_special_tokens: skipSpecialTokens,
        clean_up_tokenization_spaces: false,
      }),
    tokenId: (token) => tokenizer.token_to_id(token),
  };
}

async function autoTokenizer(directory: string): Promise<Codec> {
  const { AutoTokenizer, env } = await import("@huggingface/transformers");
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.useFSCache = false; // nothing is downloaded, so nothing may be written either
  env.localModelPath = join(directory, "..");
  const tokenizer = await AutoTokenizer.from_pretrained(directory, { local_files_only: true });
  return {
    encode: (text, { addSpecialTokens = false } = {}) =>
      text === "" && !addSpecialTokens
        ? new Uint32Array(0)
        : Uint32Array.from(tokenizer.encode(text, { add_special_tokens: addSpecialTokens })),
    decode: (ids, { skipSpecialTokens = false } = {}) =>
      ids.length === 0 ? "" : tokenizer.decode(Array.from(ids), {
        skip_special_tokens: skipSpecialTokens,
        clean_up_tokenization_spaces: false,
      }),
    tokenId: (token) => tokenizer.get_vocab().get(token),
  };
}
