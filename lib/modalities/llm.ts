/**
 * The language modality: an autoregressive model reads a prompt and continues it. Difficulty is whether it will be
 * wrong; activations are those of the prompt, so everything a probe sees is known before the answer is.
 */
import type { ModelRole, Outcomes, Study } from "../modality.ts";
import type { EngineOptions } from "../model/engine.ts";
import { type CausalModel, loadModel, prefix } from "../model/model.ts";
import { loadTokenizer, type Tokenizer } from "../model/tokenizer.ts";
import { UsageError } from "../guardrail.ts";
import { blockOf } from "./columns.ts";
import { cheapBlock, publishedCheapBlock } from "./llm_blocks.ts";
import { llmCausalSubject } from "./llm_causal.ts";
import { itemLabels, labelItems, type LlmLabel, purgedSplits } from "./llm_labels.ts";
import { runOutcomes } from "./llm_outcomes.ts";
import type { PromptItem, TokenItem } from "./llm_prompts.ts";
import { countParameters } from "./parameters.ts";

/** What a language study is made of. */
export interface LlmStudyOptions {
  readonly dataset: string;
  readonly items: readonly PromptItem[];
  /** Checkpoint directories. */
  readonly models: Readonly<Record<ModelRole, string>>;
  readonly hook: string;
  readonly label: LlmLabel;
  readonly hardQuantile: number;
  /** Tokens of an answer that the model writes by itself, where there is one candidate; default none is written. */
  readonly answerTokens?: number | undefined;
  /** Longer prompts lose their beginning, as published (flaw F5); default: none is cut. */
  readonly maxPromptTokens?: number;
  /**
   * Where a probe may look: at every prompt token, or at the boundary, as published: the last prompt token, or the
   * first token of each candidate where there are several. Default all.
   */
  readonly positions?: "all" | "boundary";
  /** Whether prompts that the cheap model seems to know by heart are purged; generated ones cannot be known. */
  readonly purgesMemorised?: boolean;
  /** Whether the cheap block is the published one, which holds the prompt's perplexity (flaw F16). */
  readonly hasPublishedCheap?: boolean;
  readonly engine: EngineOptions;
}

/** Opens a study; the expensive model is loaded when it is first asked. */
export async function openLlmStudy(options: LlmStudyOptions): Promise<Study> {
  const { dataset, models, hook, label: kind, hardQuantile } = options;
  const tokenizer = await loadTokenizer(models.cheap, { backend: "core" });
  const items = tokenItems(options.items, tokenizer, options.maxPromptTokens);
  const cheapModel = await openCausal(models.cheap, options.engine);
  const isChoice = items[0]!.candidates.length > 1;
  const answers = options.answerTokens === undefined || isChoice
    ? undefined
    : { tokenizer, maxTokens: options.answerTokens };
  if (kind === "exact_match" && answers === undefined) {
    throw new UsageError(
      "Cannot label by exact_match: needs questions, and how many tokens an answer may have (answer_tokens)",
    );
  }
  const splits = purgedSplits(items);
  const splitsGiven = (outcomes: Outcomes) => purgedSplits(items, promptPerplexity(outcomes));
  const labelRules = (outcomes: Outcomes) => ({
    splits: options.purgesMemorised ? splitsGiven(outcomes) : splits,
    hardQuantile,
  });
  const n = items.length;
  return {
    run: `llm_${dataset}`,
    modality: "llm",
    dataset,
    nItems: n,
    ids: items.map(({ id }) => id),
    groups: items.map(({ group }) => group),
    splits,
    ...(options.purgesMemorised && { splitsGiven }),
    cheap: cheapBlock(items),
    ...(options.hasPublishedCheap && {
      cheapGiven: (outcomes: Outcomes) =>
        publishedCheapBlock(items, {
          promptPerplexity: promptPerplexity(outcomes),
          nVectors: isChoice ? items[0]!.candidates.length : 1,
        }),
    }),
    factors: blockOf(
      Object.fromEntries(
        Object.keys(items[0]!.factors).map((name) => [name, items.map(({ factors }) => factors[name]!)]),
      ),
      n,
    ),
    untouched: blockOf(
      items[0]!.untouched === undefined ? {} : { echo: items.map(({ untouched }) => untouched!) },
      n,
    ),
    hook,
    dModel: cheapModel.config.dModel,
    async outcomes(role, rows, onItems) {
      if (role === "expensive") await cheapModel.release(); // one of them at a time in memory
      const model = role === "cheap" ? cheapModel : await openCausal(models.expensive, options.engine);
      const outcomes = await runOutcomes(model, rows.map((row) => items[row]!), {
        isChoice,
        answers,
        wrongMeans: kind === "exact_match" ? "no exact match" : "another continuation",
        nParameters: countParameters(models[role]),
        ...(onItems && { onItems }),
      });
      if (role === "expensive") await model.close();
      return outcomes;
    },
    label: (outcomes) => labelItems(items, outcomes, { kind, ...labelRules(outcomes) }),
    labels: (outcomes) => itemLabels(items, outcomes, labelRules(outcomes)),
    activations: async (rows) =>
      options.positions === "boundary"
        ? await boundaryActivations(cheapModel, rows.map((row) => items[row]!), hook)
        : (await prefix(cheapModel, rows.map((row) => items[row]!.promptTokens), hook)).values,
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

/** Items as the models see them. @param maxPromptTokens longer prompts keep their last ones */
export function tokenItems(
  items: readonly PromptItem[],
  tokenizer: Pick<Tokenizer, "encode">,
  maxPromptTokens: number = Infinity,
): TokenItem[] {
  return items.map((item): TokenItem => {
    const promptTokens = tokenizer.encode(item.prompt);
    return {
      ...item,
      promptTokens: promptTokens.subarray(Math.max(0, promptTokens.length - maxPromptTokens)),
      candidateTokens: item.candidates.map((text) => tokenizer.encode(text)),
    };
  });
}

/** Of every prompt, from its nats among the model's own uncertainty. */
export function promptPerplexity({ uncertainty: { names, matrix } }: Outcomes): Float64Array {
  const at = names.indexOf("prompt_nats");
  return Float64Array.from(
    { length: matrix.nRows },
    (_, row) => Math.exp(matrix.data[row * matrix.nCols + at]!),
  );
}

/** [1, d] or, with several candidates, [candidates, d] an item: the state that reads the token before the first guess. */
async function boundaryActivations(
  model: CausalModel,
  items: readonly TokenItem[],
  hook: string,
): Promise<Float32Array[]> {
  const { dModel } = model.config;
  const sequences = items.map(({ promptTokens, candidateTokens }) =>
    candidateTokens.length === 1
      ? [Array.from(promptTokens)]
      : candidateTokens.map((candidate) => [...promptTokens, candidate[0]!])
  );
  const { values } = await prefix(model, sequences.flat(), hook);
  let at = 0;
  return sequences.map((own) => {
    const rows = new Float32Array(own.length * dModel);
    own.forEach((_, k) => rows.set(values[at++]!.subarray(-dModel), k * dModel));
    return rows;
  });
}

async function openCausal(directory: string, engine: EngineOptions): Promise<CausalModel> {
  const model = await loadModel(directory, engine);
  if (model.kind !== "causal") {
    throw new UsageError(`Cannot study ${directory}: needs a GPT-NeoX, got an encoder-decoder`);
  }
  return model;
}
