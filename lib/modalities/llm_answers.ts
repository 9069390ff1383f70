/** What a language model answers when nobody gives it the answer, and how SQuAD scores that. */
import { scoreAnswer } from "../data/squad_answers.ts";
import { openCheckpoint } from "../model/checkpoint.ts";
import { type CausalModel, greedyTokens } from "../model/model.ts";
import type { Tokenizer } from "../model/tokenizer.ts";
import type { TokenItem } from "./llm_prompts.ts";

/** How answers are written. */
export interface AnswerRules {
  readonly tokenizer: Pick<Tokenizer, "decode">;
  readonly maxTokens: number;
}

/** Scores of greedy answers; each of shape [n]. */
export interface AnswerScores {
  /** 1 if the normalised answer is one of the gold answers. */
  readonly exact_match: Float64Array;
  /** Of words, the best over the gold answers. */
  readonly f1: Float64Array;
}

/**
 * Greedy answers, which end with the line, with the text, or after `maxTokens`, and their scores.
 * @throws {RangeError} for an item without gold answers
 */
export async function scoreGreedyAnswers(
  model: CausalModel,
  items: readonly TokenItem[],
  { tokenizer, maxTokens }: AnswerRules,
): Promise<AnswerScores> {
  const eos = openCheckpoint(model.directory).config["eos_token_id"];
  const endsLine = new Map<number, boolean>();
  const isStop = (token: number) => {
    if (!endsLine.has(token)) endsLine.set(token, tokenizer.decode([token]).includes("\n"));
    return token === eos || endsLine.get(token)!;
  };
  const texts = await greedyTokens(model, items.map(({ promptTokens }) => promptTokens), {
    maxNewTokens: maxTokens,
    isStop,
  });
  const scores = items.map(({ answers = [] }, i) => scoreAnswer(tokenizer.decode(texts[i]!), answers));
  return {
    exact_match: Float64Array.from(scores, ({ exactMatch }) => exactMatch),
    f1: Float64Array.from(scores, ({ f1 }) => f1),
  };
}
