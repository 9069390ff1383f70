/**
 * The eight statistics of a prompt that need no forward pass over it but its perplexity: the cheap block of a
 * language model. Text is measured as Python measures it (code points, str.split, str.lower), so that the
 * published values come out bit for bit.
 */
import type { Matrix } from "../math/matrix.ts";

/** Column names, in the published order. */
export const LEXICAL_NAMES = [
  "char_length",
  "token_count",
  "lexical_diversity",
  "perplexity",
  "char_to_token",
  "capitalization_ratio",
  "category_id",
  "bigram_novelty",
] as const;

/** What the statistics read of an item. */
export interface LexicalItem {
  readonly prompt: string;
  /** Topic or activity; numbered in order of first appearance. */
  readonly category: string;
  readonly tokenCount: number;
  /** Perplexity of the prompt, never of the gold answer. */
  readonly perplexity: number;
  /** Whether the item is in the train split, whose bigrams are the known ones. */
  readonly isTrain: boolean;
}

/**
 * The eight lexical statistics of every item.
 * @param items in the order that numbers the categories; without a train item all of them count as known
 * @returns shape [nItems, 8], columns as LEXICAL_NAMES; lengths in code points, ratios in [0, 1]
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lexicalStatistics } from "lib/features/lexical.ts";
 * const item = { prompt: "To be", category: "play", tokenCount: 2, perplexity: 9, isTrain: true };
 * assert.deepEqual([...lexicalStatistics([item]).data].map(Math.round), [5, 2, 1, 9, 2, 0, 0, 0]);
 * ```
 */
export function lexicalStatistics(items: readonly LexicalItem[]): Matrix {
  const nCols = LEXICAL_NAMES.length;
  const data = new Float64Array(items.length * nCols);
  const words = wordIds(items.map((item) => item.prompt));
  const hasTrain = items.some((item) => item.isTrain);
  const novelty = noveltyOfWords(words, items.map((item) => item.isTrain || !hasTrain));
  const categoryIds = new Map<string, number>();
  items.forEach(({ prompt, category, tokenCount, perplexity }, i) => {
    const { length, capitalRatio } = countCharacters(prompt);
    const id = categoryIds.get(category) ?? categoryIds.size;
    categoryIds.set(category, id);
    const typeTokenRatio = new Set(words[i]).size / (words[i]!.length + EPSILON);
    data.set(
      [
        length,
        tokenCount,
        typeTokenRatio,
        perplexity,
        length / (tokenCount + EPSILON),
        capitalRatio,
        id,
        novelty[i]!,
      ],
      i * nCols,
    );
  });
  return { data, nRows: items.length, nCols };
}

/**
 * Share of a prompt's distinct word bigrams that no reference prompt has; 1 for prompts of fewer than two words.
 * Reference prompts themselves score 0: for honest values on train rows call it once a fold with the other folds
 * as reference.
 * @param prompts shape [nItems]
 * @param isReference whether a prompt's bigrams are known, shape [nItems]
 * @returns shape [nItems], in [0, 1]
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bigramNovelty } from "lib/features/lexical.ts";
 * assert.deepEqual([...bigramNovelty(["a b c", "A b d"], [true, false])], [0, 0.5]);
 * ```
 */
export function bigramNovelty(prompts: readonly string[], isReference: readonly boolean[]): Float64Array {
  return noveltyOfWords(wordIds(prompts), isReference);
}

/** The published guard against empty prompts; it shows in every ratio's ninth digit. */
const EPSILON = 1e-8;

/** Python's str.split() set: not JavaScript's \s, which lacks \x1c-\x1f and \x85 and has \ufeff. */
// deno-lint-ignore no-control-regex -- Python splits at these control characters
const WHITESPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** Lower-cased words of each prompt as numbers, the same word the same number everywhere. */
function wordIds(prompts: readonly string[]): Uint32Array[] {
  const ids = new Map<string, number>();
  return prompts.map((prompt) => {
    const words = prompt.toLowerCase().split(WHITESPACE).filter((word) => word !== "");
    return Uint32Array.from(words, (word) => {
      const id = ids.get(word) ?? ids.size;
      if (id === ids.size) ids.set(word, id);
      return id;
    });
  });
}

function noveltyOfWords(words: readonly Uint32Array[], isReference: readonly boolean[]): Float64Array {
  const known = new Set<number>();
  words.forEach((list, i) => {
    if (isReference[i]) eachBigram(list, (bigram) => known.add(bigram));
  });
  return Float64Array.from(words, (list, i) => {
    if (list.length < 2) return 1;
    if (isReference[i]) return 0;
    const distinct = new Set<number>();
    eachBigram(list, (bigram) => distinct.add(bigram));
    let nNovel = 0;
    for (const bigram of distinct) if (!known.has(bigram)) nNovel++;
    return nNovel / distinct.size;
  });
}

/** A bigram as one exact double: word numbers stay far below 2^26. */
function eachBigram(words: Uint32Array, visit: (bigram: number) => void): void {
  for (let i = 1; i < words.length; i++) visit(words[i - 1]! * 67108864 + words[i]!);
}

/** Length in code points, and upper-case letters per letter. */
function countCharacters(text: string): { length: number; capitalRatio: number } {
  let length = 0, nLetters = 0, nCapitals = 0;
  for (let i = 0; i < text.length; i++, length++) {
    let code = text.charCodeAt(i);
    if (code >= 0x80) {
      code = text.codePointAt(i)!;
      if (code > 0xffff) i++;
    }
    const kind = kindOf(code);
    if (kind === OTHER) continue;
    nLetters++;
    if (kind === CAPITAL) nCapitals++;
  }
  return { length, capitalRatio: nCapitals / (nLetters + EPSILON) };
}

const UNKNOWN = 0, OTHER = 1, LETTER = 2, CAPITAL = 3;

/** Kinds of code points seen so far: the Unicode tests cost more than the rest together. */
const kinds = new Uint8Array(0x110000);

/** Letter = category L (Python's isalpha); capital = a letter with the Uppercase property (isupper). */
function kindOf(code: number): number {
  const kind = kinds[code]!;
  if (kind !== UNKNOWN) return kind;
  const character = String.fromCodePoint(code);
  if (!/^\p{L}$/u.test(character)) return kinds[code] = OTHER;
  return kinds[code] = /^\p{Uppercase}$/u.test(character) ? CAPITAL : LETTER;
}
