/** The causal subject of the language modality: residuals of the prompt, metrics of what follows it. */
import { negativeLogSoftmax } from "../math/log_softmax.ts";
import type { CausalSubject, ConditionMetrics } from "../modality.ts";
import { type CausalModel, type Prefix, prefix, selectItems, suffix } from "../model/model.ts";
import { coveredPositions } from "./covered_positions.ts";
import type { TokenItem } from "./llm_prompts.ts";

/** Patches prompt positions; with several candidates the prompt is patched alike before each. */
export function llmCausalSubject(
  model: CausalModel,
  items: readonly TokenItem[],
  { hook, isChoice }: { readonly hook: string; readonly isChoice: boolean },
): CausalSubject {
  const { dModel } = model.config;
  /** Of the rows that natural() ran last: every coverage and condition goes on from there. */
  let known: ReadonlyMap<number, Prefix> = new Map();

  /** Every candidate of some rows up to the hook, a prefix a row. */
  async function prefixes(rows: readonly number[]): Promise<ReadonlyMap<number, Prefix>> {
    const sequences = rows.map((row) => sequencesOf(items[row]!));
    const from = await prefix(model, sequences.flat(), hook);
    let at = 0;
    return new Map(rows.map((row, i) => [row, selectItems(from, sequences[i]!.map(() => at++))]));
  }

  return {
    dModel,
    async natural(rows) {
      known = await prefixes(rows);
      return rows.map((row) =>
        known.get(row)!.values[0]!.subarray(0, items[row]!.promptTokens.length * dModel)
      );
    },
    positions: (row, coverage) => coveredPositions(items[row]!.promptTokens.length, coverage),
    async measure(row, conditions) {
      const { promptTokens, candidateTokens, truth } = items[row]!;
      const from = known.get(row) ?? (await prefixes([row])).get(row)!;
      const positions = candidateTokens.map((candidate) =>
        Array.from(candidate, (_, t) => promptTokens.length - 1 + t)
      );
      const all = conditions.flatMap((patch) =>
        candidateTokens.map((_, item) => patch === null ? { item } : { item, patch })
      );
      const result = await suffix(model, from, all, { want: isChoice ? "nats" : "logits", positions });
      return conditions.map((_, c): ConditionMetrics => {
        if (!isChoice) return answerMetrics(result.logits![c]!, candidateTokens[0]!);
        const scores = candidateTokens.map((_, k) => mean(result.nats![c * candidateTokens.length + k]!));
        const bestWrong = Math.min(...scores.filter((_, k) => k !== truth));
        const own = scores[truth]!;
        return { nats: own, margin: bestWrong - own, isWrong: Number(bestWrong < own), crps: null };
      });
    },
  };
}

function sequencesOf({ promptTokens, candidateTokens }: TokenItem): number[][] {
  return candidateTokens.map((candidate) => [...promptTokens, ...candidate]);
}

function answerMetrics(logits: Float32Array, tokens: Uint32Array): ConditionMetrics {
  const width = logits.length / tokens.length;
  let nats = 0;
  let isWrong = 0;
  tokens.forEach((token, t) => {
    const own = logits.subarray(t * width, (t + 1) * width);
    nats += negativeLogSoftmax(own, token) / tokens.length;
    if (own.some((logit) => logit > own[token]!)) isWrong = 1;
  });
  return { nats, margin: null, isWrong, crps: null };
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
