/** SQuAD and HellaSwag as the language modality reads them: prompts, candidates, and where every item belongs. */
import type { HellaswagItem } from "../data/hellaswag.ts";
import { stratifiedSplit } from "../data/stratified_split.ts";
import type { SquadQuestion } from "../data/squad.ts";
import type { PromptItem } from "./llm_prompts.ts";

/** Rows before this one train in the published study. */
const PUBLISHED_N_TRAIN = 3500;

/** How items are divided; `published`: the first 3500 rows train. */
export interface SplitRules {
  readonly split: "published" | "grouped";
  readonly seed: number;
}

/** Items of one article depend on each other: the article is the group. */
export function squadPrompts(questions: readonly SquadQuestion[], rules: SplitRules): PromptItem[] {
  const groups = numbered(questions.map(({ title }) => title));
  const splits = rules.split === "published"
    ? questions.map(({ row }) => bySequence(row))
    : stratifiedSplit(groups, questions.map(() => ""), { seed: rules.seed });
  return questions.map(({ row, title, context, question, answers, answerStart }, i): PromptItem => {
    const answer = answers[0]!.trim();
    return {
      id: row,
      group: groups[i]!,
      split: splits[i]!,
      category: title,
      prompt: `Context: ${context}\nQuestion: ${question}\nAnswer:`,
      candidates: [` ${answer}`],
      answers,
      truth: 0,
      factors: questionWords(question),
      trivial: {
        position: row,
        article_order: groups[i]!,
        answer_start: answerStart,
        answer_characters: answer.length,
        answer_words: wordsOf(answer),
        context_characters: context.length,
        context_words: wordsOf(context),
        question_characters: question.length,
        question_words: wordsOf(question),
      },
    };
  });
}

/** Items of one video or article depend on each other; both domains are divided alike (flaw F4). */
export function hellaswagPrompts(items: readonly HellaswagItem[], rules: SplitRules): PromptItem[] {
  const groups = numbered(items.map(({ sourceId }) => sourceId));
  const splits = rules.split === "published"
    ? items.map(({ row }) => bySequence(row))
    : stratifiedSplit(groups, items.map(({ domain }) => domain), { seed: rules.seed });
  return items.map(({ row, activity, domain, contextA, contextB, endings, label }, i): PromptItem => ({
    id: row,
    group: groups[i]!,
    split: splits[i]!,
    category: activity,
    prompt: contextA + (contextB === "" ? "" : ` ${contextB}`),
    candidates: endings.map((ending) => ` ${ending.trim()}`),
    truth: label,
    factors: { wikihow: Number(domain === "wikihow") },
    trivial: {
      position: row,
      source_order: groups[i]!,
      place_of_truth: label,
      answer_characters: endings[label]!.trim().length,
      answer_words: wordsOf(endings[label]!),
      context_words: wordsOf(contextA) + wordsOf(contextB),
      wikihow: Number(domain === "wikihow"),
    },
  }));
}

function wordsOf(text: string): number {
  return text.split(/\s+/).filter((word) => word !== "").length;
}

function bySequence(row: number): "train" | "test" {
  return row < PUBLISHED_N_TRAIN ? "train" : "test";
}

/** What the question asks for, by its first question word: in the prompt, and no label of difficulty. */
function questionWords(question: string): Record<string, number> {
  const first = /\b(who|when|where|how|which|what|why)\b/i.exec(question)?.[1]?.toLowerCase();
  return Object.fromEntries(["who", "when", "how"].map((word) => [`asks_${word}`, Number(first === word)]));
}

/** Names as numbers, in order of first appearance. */
function numbered(names: readonly string[]): number[] {
  const known = new Map<string, number>();
  return names.map((name) => {
    const number = known.get(name) ?? known.size;
    known.set(name, number);
    return number;
  });
}
