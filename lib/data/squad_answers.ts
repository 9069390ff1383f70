/** How SQuAD scores an answer: exact match and F1 over words, after its normalisation, best over the gold answers. */

/** string.punctuation of Python: the ASCII signs, and none beyond them. */
const PUNCTUATION = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g;
/** Articles as whole words; letters, digits and underscores of any alphabet are word characters. */
const ARTICLES = /(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu;

/**
 * An answer as it is compared: lower case, no ASCII punctuation, no English articles, single spaces.
 * @see Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { normalizeAnswer } from "lib/data/squad_answers.ts";
 * assert.equal(normalizeAnswer(" The  U.S. Navy's"), "us navys");
 * ```
 */
export function normalizeAnswer(text: string): string {
  return wordsOf(text.toLowerCase().replaceAll(PUNCTUATION, "").replaceAll(ARTICLES, " ")).join(" ");
}

/**
 * Exact match (0 or 1) and F1 of the words in common, each the best over the gold answers.
 * @throws {RangeError} without a gold answer
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { scoreAnswer } from "lib/data/squad_answers.ts";
 * assert.deepEqual(scoreAnswer("the Ada", ["Ada Lovelace", "Ada"]), { exactMatch: 1, f1: 1 });
 * assert.deepEqual(scoreAnswer("Ada", ["Ada Lovelace"]), { exactMatch: 0, f1: 2 / 3 });
 * ```
 */
export function scoreAnswer(
  answer: string,
  golds: readonly string[],
): { readonly exactMatch: 0 | 1; readonly f1: number } {
  if (golds.length === 0) throw new RangeError("Cannot score an answer: needs a gold answer, got none");
  const own = normalizeAnswer(answer);
  return {
    exactMatch: golds.some((gold) => normalizeAnswer(gold) === own) ? 1 : 0,
    f1: Math.max(...golds.map((gold) => f1(wordsOf(own), wordsOf(normalizeAnswer(gold))))),
  };
}

function f1(answer: readonly string[], gold: readonly string[]): number {
  const left = new Map<string, number>();
  for (const word of gold) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of answer) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    common++;
  }
  if (common === 0) return 0;
  const precision = common / answer.length, recall = common / gold.length;
  return 2 * precision * recall / (precision + recall);
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
