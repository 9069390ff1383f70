/**
 * What the language modality reads: prompts with the continuations that are scored, from the generated language of
 * facts in either shape. One true continuation for a question, four candidates for an ending.
 */
import { endingItems, endingPrompt, questionItems, questionPrompt } from "../data/facts/items.ts";
import type { EndingItem, QuestionItem } from "../data/facts/items.ts";
import { COMMON_NAMES, RARE_NAMES } from "../data/facts/words.ts";
import type { Split } from "../modality.ts";

/** One item, before tokenisation. */
export interface PromptItem {
  readonly id: number;
  readonly group: number;
  readonly split: Exclude<Split, "purged">;
  readonly category: string;
  readonly prompt: string;
  /** What may follow, each beginning with a space. */
  readonly candidates: readonly string[];
  /** All gold answers, where an answer that is written freely is compared with them. */
  readonly answers?: readonly string[];
  /** Index of the true candidate. */
  readonly truth: number;
  /** Planted factors. */
  readonly factors: Readonly<Record<string, number>>;
  /** The factor that nobody looked at while anything was tuned; generated items have one. */
  readonly untouched?: number;
  /** What an honest label must not follow from, besides lengths. */
  readonly trivial: Readonly<Record<string, number>>;
}

/** An item as the models see it. */
export interface TokenItem extends PromptItem {
  readonly promptTokens: Uint32Array;
  /** One list a candidate. */
  readonly candidateTokens: readonly Uint32Array[];
}

/** Reads the items of a dataset. */
export function promptItems(
  dataset: "facts" | "endings",
  options: { readonly seed: number; readonly nItems: number },
): PromptItem[] {
  return dataset === "facts"
    ? Array.from(questionItems(options), fromQuestion)
    : Array.from(endingItems(options), fromEnding);
}

function fromQuestion(item: QuestionItem): PromptItem {
  const answer = ` ${item.answer}`;
  return {
    ...common(item, item.question),
    prompt: questionPrompt(item),
    candidates: [answer],
    truth: 0,
    trivial: { position: item.id, answer_start: item.answerStart, answer_characters: answer.length },
  };
}

function fromEnding(item: EndingItem): PromptItem {
  const own = common(item, item.contextB);
  return {
    ...own,
    prompt: endingPrompt(item),
    candidates: item.endings.map((ending) => ` ${ending}`),
    truth: item.label,
    factors: { ...own.factors, lures: item.nLures },
    trivial: {
      position: item.id,
      place_of_truth: item.label,
      answer_characters: item.endings[item.label]!.length,
    },
  };
}

/** @param asking the words that name the person asked about */
function common({ id, worldId, split, category, plan }: QuestionItem | EndingItem, asking: string) {
  const { nHops, nDistractors, nConflicts, isRare, distance } = plan;
  return {
    id,
    group: worldId,
    split,
    category,
    factors: {
      hops: nHops,
      distractors: nDistractors,
      conflicts: nConflicts,
      rare: Number(isRare),
      distance,
      multi_hop: Number(nHops > 1),
      conflicted: Number(nConflicts > 0),
      asked_even_name: Number(isEvenName(asking)),
    },
    untouched: Number(plan.echo),
  };
}

/**
 * Whether the person asked about has an even place in the list of names: nothing that lengths, counts or rarity could
 * tell, and something that a model which answers must carry (the positive control).
 */
function isEvenName(asking: string): boolean {
  const words = asking.split(/[^A-Za-z]+/);
  return [...COMMON_NAMES, ...RARE_NAMES].findIndex((name) => words.includes(name)) % 2 === 0;
}
