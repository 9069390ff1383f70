/** Labels of language items: which of them are hard, and which columns no honest label may follow from. */
import { fitDifficulty, labelDifficulty } from "../data/labels.ts";
import { purge, type PurgeOptions } from "../data/purge.ts";
import type { DifficultyLabel, NamedBlock, Outcomes, Split } from "../modality.ts";
import { atLeastQuantile, blockOf, columnOf, mean, oneHot, withColumn } from "./columns.ts";
import type { PromptItem, TokenItem } from "./llm_prompts.ts";

/**
 * wrong_ending: the model ranks a wrong candidate first. nats: of the true answer, its top train quantile.
 * perplexity: exp of that, z-scored on train, as published. length_free_nats: nats less what train items of the same
 * answer length have on average (flaw F5). length_scaled_nats: that over their standard deviation besides, as nats of
 * short answers also scatter more, and the top quantile is theirs again. exact_match: the answer that the model writes greedily is no gold answer.
 */
export const LLM_LABELS = [
  "wrong_ending",
  "nats",
  "perplexity",
  "length_free_nats",
  "length_scaled_nats",
  "exact_match",
] as const;
export type LlmLabel = typeof LLM_LABELS[number];

/** How labels are made. */
export interface LabelRules {
  readonly kind: LlmLabel;
  readonly splits: readonly Split[];
  readonly hardQuantile: number;
}

/** Labels from what the cheap model made of all items. */
export function labelItems(
  items: readonly TokenItem[],
  { errors, nats, measures }: Pick<Outcomes, "errors" | "nats" | "measures">,
  { kind, splits, hardQuantile }: LabelRules,
): DifficultyLabel {
  const train = splits.flatMap((split, i) => split === "train" ? [i] : []);
  const trivial = trivialBlock(items);
  switch (kind) {
    case "wrong_ending": {
      const definition = "the cheap model ranks a wrong ending first";
      return { labels: Uint8Array.from(errors), difficulty: nats, definition, trivial, judge: byErrors };
    }
    case "nats": {
      const { labels, threshold } = atLeastQuantile(nats, train, hardQuantile);
      const judge = (other: Outcomes) => Uint8Array.from(other.nats, (own) => Number(own >= threshold));
      const definition = `nats of the true answer at or above their train ${hardQuantile} quantile`;
      return { labels, difficulty: nats, definition, trivial, judge };
    }
    case "perplexity": {
      const perplexity = nats.map(Math.exp);
      const scale = fitDifficulty(perplexity, train, { quantile: hardQuantile });
      const { labels, normalized } = labelDifficulty(perplexity, scale);
      const definition =
        `perplexity of the true answer, z-scored on train, at or above its train ${hardQuantile} quantile`;
      const judge = (other: Outcomes) => labelDifficulty(other.nats.map(Math.exp), scale).labels;
      return { labels, difficulty: normalized, definition, trivial, judge };
    }
    case "length_free_nats":
    case "length_scaled_nats": {
      const isScaled = kind === "length_scaled_nats";
      const lengths = items.map(({ candidateTokens, truth }) => candidateTokens[truth]!.length);
      const difficulty = lessLengthMean(nats, lengths, train, { isScaled });
      const { labels } = atLeastQuantile(difficulty, train, hardQuantile);
      const definition = `nats of the true answer, less the train mean at its length in tokens${
        isScaled ? " over the standard deviation there" : ""
      }, at or above their train ${hardQuantile} quantile`;
      return { labels, difficulty, definition, trivial };
    }
    case "exact_match": {
      if (measures === undefined) {
        throw new RangeError("Cannot label by exact_match: needs answers that were written and scored");
      }
      return {
        labels: Uint8Array.from(columnOf(measures, "exact_match"), (match) => 1 - match),
        difficulty: columnOf(measures, "f1").map((f1) => 1 - f1),
        definition: "the cheap model's greedy answer is not an exact match; difficulty is 1 - F1",
        trivial,
        judge: byErrors,
      };
    }
  }
}

/** Where the label is the error itself. */
function byErrors({ errors }: Outcomes): Uint8Array {
  return Uint8Array.from(errors);
}

/**
 * Labels of every kind that the items allow, by kind. The trivial block of each holds one column more: how often items
 * of the same category are hard on train, so that a category of many values is one predictor.
 * @param rules.splits the study's
 */
export function itemLabels(
  items: readonly TokenItem[],
  outcomes: Pick<Outcomes, "errors" | "nats" | "measures">,
  rules: Omit<LabelRules, "kind">,
): Record<string, DifficultyLabel> {
  const isChoice = items[0]!.candidates.length > 1;
  const kinds = LLM_LABELS.filter((kind) =>
    kind === "wrong_ending" ? isChoice : kind !== "exact_match" || outcomes.measures?.names.includes(kind)
  );
  return Object.fromEntries(kinds.map((kind) => {
    const label = labelItems(items, outcomes, { ...rules, kind });
    const rates = categoryRates(items, label.labels, rules.splits);
    return [kind, { ...label, trivial: withColumn(label.trivial, "category_train_rate", rates) }];
  }));
}

/** Share of hard train items in each item's category; in categories that train does not have, of all train items. */
function categoryRates(
  items: readonly TokenItem[],
  labels: Uint8Array,
  splits: readonly Split[],
): Float64Array {
  const hardOf = new Map<string, number[]>(), all: number[] = [];
  items.forEach(({ category }, i) => {
    if (splits[i] !== "train") return;
    hardOf.set(category, [...hardOf.get(category) ?? [], labels[i]!]);
    all.push(labels[i]!);
  });
  const rates = new Map([...hardOf].map(([category, hard]) => [category, mean(hard)]));
  return Float64Array.from(items, ({ category }) => rates.get(category) ?? mean(all));
}

/** Fewer train items than this do not fix a length's mean: neighbouring lengths share one. */
const MIN_ITEMS_OF_LENGTH = 30;

/**
 * Values less the train mean of items of the same length; lengths with few train items share a mean with the next ones.
 * Nothing is divided by a standard deviation of 0.
 * @param lengths whole numbers, shape [n]
 * @param train rows that the means are taken over
 * @param options.isScaled divide by the train standard deviation at that length, divisor n - 1; default false
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lessLengthMean } from "lib/modalities/llm_labels.ts";
 * assert.deepEqual([...lessLengthMean([1, 2, 3, 9], [1, 1, 1, 2], [0, 1, 2])], [-1, 0, 1, 7]);
 * ```
 */
export function lessLengthMean(
  values: ArrayLike<number>,
  lengths: readonly number[],
  train: readonly number[],
  { isScaled = false }: { readonly isScaled?: boolean } = {},
): Float64Array {
  const known = [...new Set(lengths)].sort((a, b) => a - b);
  const momentsAt = new Map<number, { readonly mean: number; readonly scale: number }>();
  let open: number[] = [], rows: number[] = [];
  const close = () => {
    const center = rows.reduce((sum, row) => sum + values[row]!, 0) / rows.length;
    const squares = rows.reduce((sum, row) => sum + (values[row]! - center) * (values[row]! - center), 0);
    const scale = isScaled ? Math.sqrt(squares / (rows.length - 1)) || 1 : 1;
    open.forEach((length) => momentsAt.set(length, { mean: center, scale }));
    [open, rows] = [[], []];
  };
  let last: number[] = [];
  for (const length of known) {
    open.push(length);
    rows.push(...train.filter((row) => lengths[row] === length));
    if (rows.length < MIN_ITEMS_OF_LENGTH) continue;
    last = rows;
    close();
  }
  // The longest answers are few: they join the last mean that was closed.
  if (open.length > 0) {
    rows = [...last, ...rows];
    close();
  }
  return Float64Array.from(lengths, (length, row) => {
    const { mean: center, scale } = momentsAt.get(length)!;
    return (values[row]! - center) / scale;
  });
}

/** What no honest label may follow from: lengths, places, categories. */
export function trivialBlock(items: readonly TokenItem[]): NamedBlock {
  const names = Object.keys(items[0]!.trivial);
  return blockOf({
    prompt_characters: items.map(({ prompt }) => prompt.length),
    prompt_tokens: items.map(({ promptTokens }) => promptTokens.length),
    answer_tokens: items.map(({ candidateTokens, truth }) => candidateTokens[truth]!.length),
    ...Object.fromEntries(names.map((name) => [name, items.map((item) => item.trivial[name]!)])),
    ...oneHot("category", items.map(({ category }) => category)),
  }, items.length);
}

/**
 * Splits, test prompts that nearly repeat a train prompt left out, and prompts that the model seems to know by heart.
 * @param promptPerplexity shape [n]; absent, every prompt counts as unknown to the model
 */
export function purgedSplits(
  items: readonly Pick<PromptItem, "prompt" | "split">[],
  promptPerplexity?: ArrayLike<number>,
  options: PurgeOptions = {},
): Split[] {
  const splits = items.map(({ split }): Split => split);
  const prompts = items.map(({ prompt }, i) => ({
    prompt,
    perplexity: promptPerplexity?.[i] ?? Number.MAX_VALUE,
  }));
  for (const { index } of purge(prompts, items.map(({ split }) => split), options).purged) {
    splits[index] = "purged";
  }
  return splits;
}
