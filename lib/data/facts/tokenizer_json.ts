/**
 * A tokenizer for the language of facts: byte-level BPE whose vocabulary holds every word of the language whole and
 * every byte, so that any text has tokens and decoding gives back the text. Words are cut with the space before them.
 * @see https://huggingface.co/docs/tokenizers/api/models#tokenizers.models.BPE (ignore_merges)
 */
import { IN_THE_END, STORY_MARK } from "./items.ts";
import { COMMON_NAMES, FAMILIES, RARE_NAMES } from "./words.ts";

/** What models of the language have as `vocab_size`: the ids in use, rounded up to a multiple of 8. */
export const FACTS_VOCABULARY_SIZE = 424;

/** Ends an answer; separates nothing else. */
export const END_OF_TEXT = "<|endoftext|>";

/** Parts of prompts that are one token each. */
const MARKS = ["Context:", "\nQuestion:", "\nAnswer:", STORY_MARK];

/** What tokenizer.json holds. */
export function factsTokenizer(): Readonly<Record<string, unknown>> {
  const vocabulary = [END_OF_TEXT, ...byteCharacters(), ...[...MARKS, ...languageWords()].map(spellBytes)];
  const pattern = `${MARKS.map((mark) => mark.replace("\n", "\\n")).join("|")}| ?\\p{L}+|[^\\p{L}]`;
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: 0,
        content: END_OF_TEXT,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges: [],
    },
  };
}

/** What tokenizer_config.json holds. */
export function factsTokenizerConfig(maxLength: number): Readonly<Record<string, unknown>> {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    model_max_length: maxLength,
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    unk_token: END_OF_TEXT,
    clean_up_tokenization_spaces: false,
  };
}

/** Ids of the vocabulary, for training: words and marks by their text. */
export function factsVocabulary(): ReadonlyMap<string, number> {
  const words = [...MARKS, ...languageWords()];
  const first = 1 + 256;
  return new Map([
    [END_OF_TEXT, 0],
    ...byteCharacters().flatMap((character, i): [string, number][] =>
      character === "." || character === "?" ? [[character, 1 + i]] : []
    ),
    ...words.map((word, i): [string, number] => [word, first + i]),
  ]);
}

/** Every word with the space before it, each once. */
function languageWords(): string[] {
  const verbs = FAMILIES.flatMap((
    { valueVerb, linkVerb, question },
  ) => [valueVerb, linkVerb, question("").replace("?", "")]);
  const all = [...verbs, IN_THE_END].join(" ").split(" ").filter((word) => word !== "");
  const values = FAMILIES.flatMap((family) => family.values);
  return [...new Set([...all, ...COMMON_NAMES, ...RARE_NAMES, ...values])].map((word) => ` ${word}`);
}

/** GPT-2's printable stand-in for every byte: itself where it is printable, else the next free code point from 256. */
function byteCharacters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(isPrintable ? byte : next++);
  });
}

function spellBytes(text: string): string {
  const characters = byteCharacters();
  return Array.from(new TextEncoder().encode(text), (byte) => characters[byte]!).join("");
}
