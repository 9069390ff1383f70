/** What a language model makes of items: nats of every candidate, what it would have said, and how unsure it was. */
import { negativeLogSoftmax } from "../math/log_softmax.ts";
import type { Outcomes } from "../modality.ts";
import { type CausalModel, run } from "../model/model.ts";
import { blockOf } from "./columns.ts";
import { type AnswerRules, type AnswerScores, scoreGreedyAnswers } from "./llm_answers.ts";
import type { TokenItem } from "./llm_prompts.ts";

/** Items run through a model at a time. */
const ITEMS_AT_ONCE = 32;

/** Scores every candidate, and what the model itself is unsure of. */
export async function runOutcomes(
  model: CausalModel,
  items: readonly TokenItem[],
  { isChoice, nParameters, answers, wrongMeans = "another continuation", onItems }: {
    readonly isChoice: boolean;
    /** Has the model answer by itself too; where there are several candidates nobody does. */
    readonly answers?: AnswerRules | undefined;
    /**
     * Of a question: greedy decoding does not say exactly the first gold answer, or no exact match in SQuAD's sense
     * with any (needs `answers`). Default the former, which needs no decoding.
     */
    readonly wrongMeans?: "another continuation" | "no exact match";
    readonly nParameters: number;
    readonly onItems?: (done: number) => void;
  },
): Promise<Outcomes> {
  const n = items.length;
  const columns = {
    max_probability: new Float64Array(n),
    entropy: new Float64Array(n),
    margin: new Float64Array(n),
  };
  const promptNats = new Float64Array(n);
  const answered: AnswerScores = { exact_match: new Float64Array(n), f1: new Float64Array(n) };
  const outcomes = { errors: new Float64Array(n), nats: new Float64Array(n), costs: new Float64Array(n) };
  for (let first = 0; first < n; first += ITEMS_AT_ONCE) {
    const some = items.slice(first, first + ITEMS_AT_ONCE);
    const rows = some.flatMap(({ promptTokens, candidateTokens }) =>
      candidateTokens.map((candidate) => [...promptTokens, ...candidate])
    );
    const positions = some.flatMap(({ promptTokens, candidateTokens }) =>
      candidateTokens.map((candidate) => Array.from(candidate, (_, t) => promptTokens.length - 1 + t))
    );
    const prompts = await run(model, some.map(({ promptTokens }) => promptTokens), { want: "nats" });
    const scored = await run(model, rows, { want: isChoice ? "nats" : "logits", positions });
    if (answers) {
      const own = await scoreGreedyAnswers(model, some, answers);
      answered.exact_match.set(own.exact_match, first);
      answered.f1.set(own.f1, first);
    }
    let row = 0;
    some.forEach((item, k) => {
      const i = first + k;
      const natural = prompts.nats![k]!;
      promptNats[i] = natural.reduce((sum, x) => sum + x, 0) / natural.length;
      const own = item.candidateTokens.map((candidate, c) =>
        isChoice
          ? { scores: mean(scored.nats![row + c]!), probabilities: undefined, isGreedy: true }
          : greedy(scored.logits![row + c]!, candidate)
      );
      const nats = own.map(({ scores }) => scores);
      const probabilities = own[0]!.probabilities ?? softmaxOfScores(nats);
      const ranked = probabilities.toSorted((a, b) => b - a);
      columns.max_probability[i] = ranked[0]!;
      columns.margin[i] = ranked[0]! - (ranked[1] ?? 0);
      columns.entropy[i] = probabilities.reduce((sum, p) => p > 0 ? sum - p * Math.log(p) : sum, 0);
      outcomes.nats[i] = nats[item.truth]!;
      outcomes.errors[i] = isChoice
        ? Number(nats.indexOf(Math.min(...nats)) !== item.truth)
        : Number(wrongMeans === "no exact match" ? answered.exact_match[i] === 0 : !own[0]!.isGreedy);
      const nTokens = item.candidateTokens.reduce((sum, c) => sum + item.promptTokens.length + c.length, 0);
      outcomes.costs[i] = nParameters * nTokens;
      row += own.length;
    });
    onItems?.(Math.min(n, first + ITEMS_AT_ONCE));
  }
  return {
    ...outcomes,
    uncertainty: blockOf({ ...columns, prompt_nats: promptNats }, n),
    ...(answers && { measures: blockOf({ ...answered }, n) }),
  };
}

/** Mean nats of a continuation, whether greedy decoding says exactly it, and the first token's distribution. */
function greedy(logits: Float32Array, tokens: Uint32Array) {
  const width = logits.length / tokens.length;
  let scores = 0;
  let isGreedy = true;
  tokens.forEach((token, t) => {
    const row = logits.subarray(t * width, (t + 1) * width);
    scores += negativeLogSoftmax(row, token) / tokens.length;
    isGreedy &&= row.every((logit) => logit <= row[token]!);
  });
  const first = logits.subarray(0, width);
  const top = first.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Float64Array.from(first, (logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { scores, isGreedy, probabilities: weights.map((weight) => weight / total) };
}

/** Probabilities of candidates from their mean nats. */
function softmaxOfScores(nats: readonly number[]): Float64Array {
  const weights = Float64Array.from(nats, (x) => Math.exp(Math.min(...nats) - x));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
