/**
 * The language modality: an autoregressive model reads a prompt and continues it. Difficulty is whether it will be
 * wrong; activations are those of the prompt, so everything a probe sees is known before the answer is.
 */
import { purge } from "../data/purge.ts";
import { bigramNovelty } from "../features/lexical.ts";
import { negativeLogSoftmax } from "../math/log_softmax.ts";
import { lexicalStatistics } from "../features/lexical.ts";
import type { DifficultyLabel, ModelRole, Outcomes, Split, Study } from "../modality.ts";
import type { EngineOptions } from "../model/engine.ts";
import { type CausalModel, loadModel, prefix, run } from "../model/model.ts";
import { loadTokenizer } from "../model/tokenizer.ts";
import { UsageError } from "../guardrail.ts";
import { atLeastQuantile, blockOf, oneHot } from "./columns.ts";
import { llmCausalSubject } from "./llm_causal.ts";
import { promptItems, type TokenItem } from "./llm_prompts.ts";
import { countParameters } from "./parameters.ts";

/** What a language study is made of. */
export interface LlmStudyOptions {
  readonly dataset: "facts" | "endings";
  readonly seed: number;
  readonly nItems: number;
  /** Checkpoint directories. */
  readonly models: Readonly<Record<ModelRole, string>>;
  readonly hook: string;
  readonly hardQuantile: number;
  readonly engine: EngineOptions;
}

/** Items run through a model at a time. */
const ITEMS_AT_ONCE = 32;

/** Opens a study; the expensive model is loaded when it is first asked. */
export async function openLlmStudy(options: LlmStudyOptions): Promise<Study> {
  const { dataset, models, hook } = options;
  const tokenizer = await loadTokenizer(models.cheap, { backend: "core" });
  const items = promptItems(dataset, options).map((item): TokenItem => ({
    ...item,
    promptTokens: tokenizer.encode(item.prompt),
    candidateTokens: item.candidates.map((text) => tokenizer.encode(text)),
  }));
  const cheapModel = await openCausal(models.cheap, options.engine);
  const isChoice = dataset === "endings";
  const splits = withoutRepeats(items);
  return {
    run: `llm_${dataset}`,
    modality: "llm",
    dataset,
    nItems: items.length,
    ids: items.map(({ id }) => id),
    groups: items.map(({ group }) => group),
    splits,
    cheap: cheapBlock(items),
    factors: blockOf(
      Object.fromEntries(
        Object.keys(items[0]!.factors).map((name) => [name, items.map(({ factors }) => factors[name]!)]),
      ),
      items.length,
    ),
    untouched: blockOf({ echo: items.map(({ untouched }) => untouched) }, items.length),
    hook,
    dModel: cheapModel.config.dModel,
    async outcomes(role, rows, onItems) {
      const model = role === "cheap" ? cheapModel : await openCausal(models.expensive, options.engine);
      const outcomes = await runOutcomes(model, rows.map((row) => items[row]!), {
        isChoice,
        nParameters: countParameters(models[role]),
        ...(onItems && { onItems }),
      });
      if (role === "expensive") await model.close();
      return outcomes;
    },
    label: (outcomes) => labelOf(items, outcomes, { isChoice, splits, hardQuantile: options.hardQuantile }),
    async activations(rows) {
      return (await prefix(cheapModel, rows.map((row) => items[row]!.promptTokens), hook)).values;
    },
    causal: llmCausalSubject(cheapModel, items, { hook, isChoice }),
    view: (row) => {
      const { prompt, promptTokens, candidates, truth } = items[row]!;
      return {
        title: prompt.slice(0, 80),
        tokens: Array.from(promptTokens, (id) => tokenizer.decode([id])),
        truth: candidates[truth]!.trim(),
      };
    },
    close: async () => await cheapModel.close(),
  };
}

/** Splits, test prompts that nearly repeat a train prompt left out. The models met no prompt of either split. */
function withoutRepeats(items: readonly TokenItem[]): Split[] {
  const splits = items.map(({ split }): Split => split);
  const prompts = items.map(({ prompt }) => ({ prompt, perplexity: Number.MAX_VALUE }));
  for (const { index } of purge(prompts, items.map(({ split }) => split)).purged) splits[index] = "purged";
  return splits;
}

async function openCausal(directory: string, engine: EngineOptions): Promise<CausalModel> {
  const model = await loadModel(directory, engine);
  if (model.kind !== "causal") {
    throw new UsageError(`Cannot study ${directory}: needs a GPT-NeoX, got an encoder-decoder`);
  }
  return model;
}

/** The corrected lexical block (flaw F16): nothing of a model, no dead column, categories one-hot, novelty out of fold. */
function cheapBlock(items: readonly TokenItem[]) {
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

/** Scores every candidate, and what the model itself is unsure of. */
async function runOutcomes(
  model: CausalModel,
  items: readonly TokenItem[],
  { isChoice, nParameters, onItems }: {
    readonly isChoice: boolean;
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
        : Number(!own[0]!.isGreedy);
      const nTokens = item.candidateTokens.reduce((sum, c) => sum + item.promptTokens.length + c.length, 0);
      outcomes.costs[i] = nParameters * nTokens;
      row += own.length;
    });
    onItems?.(Math.min(n, first + ITEMS_AT_ONCE));
  }
  return { ...outcomes, uncertainty: blockOf({ ...columns, prompt_nats: promptNats }, n) };
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

function labelOf(
  items: readonly TokenItem[],
  { errors, nats }: Outcomes,
  { isChoice, splits, hardQuantile }: {
    readonly isChoice: boolean;
    readonly splits: readonly Split[];
    readonly hardQuantile: number;
  },
): DifficultyLabel {
  const train = splits.flatMap((split, i) => split === "train" ? [i] : []);
  const names = Object.keys(items[0]!.trivial);
  const trivial = blockOf({
    prompt_characters: items.map(({ prompt }) => prompt.length),
    prompt_tokens: items.map(({ promptTokens }) => promptTokens.length),
    answer_tokens: items.map(({ candidateTokens, truth }) => candidateTokens[truth]!.length),
    ...Object.fromEntries(names.map((name) => [name, items.map((item) => item.trivial[name]!)])),
    ...oneHot("category", items.map(({ category }) => category)),
  }, items.length);
  if (isChoice) {
    const definition = "the cheap model ranks a wrong ending first";
    return { labels: Uint8Array.from(errors), difficulty: nats, definition, trivial };
  }
  const { labels } = atLeastQuantile(nats, train, hardQuantile);
  const definition = `nats of the true answer at or above their train ${hardQuantile} quantile`;
  return { labels, difficulty: nats, definition, trivial };
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
