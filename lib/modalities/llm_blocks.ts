/** The cheap block of language items: statistics of the prompt, as published and corrected (flaw F16). */
import { bigramNovelty, LEXICAL_NAMES, lexicalStatistics } from "../features/lexical.ts";
import type { NamedBlock } from "../modality.ts";
import { blockOf, oneHot } from "./columns.ts";
import type { PromptItem, TokenItem } from "./llm_prompts.ts";

/** The corrected lexical block (flaw F16): nothing of a model, no dead column, categories one-hot, novelty out of fold. */
export function cheapBlock(items: readonly TokenItem[]): NamedBlock {
  const lexical = lexicalStatistics(items.map((item) => ({
    prompt: item.prompt,
    category: item.category,
    tokenCount: item.promptTokens.length,
    perplexity: 0,
    isTrain: item.split === "train",
  })));
  const column = (j: number) => Float64Array.from(items, (_, i) => lexical.data[i * lexical.nCols + j]!);
  return blockOf({
    char_length: column(0),
    token_count: column(1),
    lexical_diversity: column(2),
    char_to_token: column(4),
    capitalization_ratio: column(5),
    bigram_novelty: outOfFoldNovelty(items),
    ...oneHot("category", items.map(({ category }) => category)),
  }, items.length);
}

/** Novelty of a train prompt against the other fifths of the groups, of a test prompt against all of train. */
function outOfFoldNovelty(items: readonly TokenItem[]): Float64Array {
  const prompts = items.map(({ prompt }) => prompt);
  const isTrain = items.map(({ split }) => split === "train");
  const novelty = bigramNovelty(prompts, isTrain);
  for (let fold = 0; fold < NOVELTY_FOLDS; fold++) {
    const isHeldOut = items.map(({ group }, i) => isTrain[i]! && group % NOVELTY_FOLDS === fold);
    const held = bigramNovelty(prompts, isTrain.map((train, i) => train && !isHeldOut[i]!));
    isHeldOut.forEach((out, i) => {
      if (out) novelty[i] = held[i]!;
    });
  }
  return novelty;
}

const NOVELTY_FOLDS = 5;

/**
 * The published block: it holds the prompt's perplexity, which takes a forward pass, and counts stored vectors where it
 * says tokens.
 * @param promptPerplexity shape [n]
 * @param nVectors activation vectors stored an item
 */
export function publishedCheapBlock(
  items: readonly PromptItem[],
  { promptPerplexity, nVectors }: {
    readonly promptPerplexity: ArrayLike<number>;
    readonly nVectors: number;
  },
): NamedBlock {
  const matrix = lexicalStatistics(items.map(({ prompt, category, split }, i) => ({
    prompt,
    category,
    tokenCount: nVectors,
    perplexity: promptPerplexity[i]!,
    isTrain: split === "train",
  })));
  return { names: LEXICAL_NAMES, matrix };
}
