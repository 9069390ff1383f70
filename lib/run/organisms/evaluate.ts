/**
 * How good the organisms are and what makes their items hard, on held-out worlds and series: error rates, the cheap
 * model against the expensive one, error by planted factor, and how far trivial predictors get. The factors that
 * nobody may look at (echo, isNoiseSkewed) are not among those tabulated.
 */
import { join } from "node:path";
import {
  endingItems,
  endingPrompt,
  type QuestionItem,
  questionItems,
  questionPrompt,
} from "../../data/facts/items.ts";
import type { EndingItem } from "../../data/facts/items.ts";
import { type SeriesItem, seriesItems } from "../../data/series/items.ts";
import { UsageError } from "../../guardrail.ts";
import { randomStream } from "../../math/random.ts";
import type { EngineOptions } from "../../model/engine.ts";
import { type HookedModel, loadModel } from "../../model/model.ts";
import { loadTokenizer } from "../../model/tokenizer.ts";
import { auroc } from "../../stats/auroc.ts";
import { clusterBootstrapMeanDelta } from "../../stats/cluster_bootstrap.ts";
import type { Estimate } from "../../stats/estimate.ts";
import { type Answer, answerQuestions, chooseEndings, forecastErrors } from "./answers.ts";

export interface EvaluateOptions {
  /** Where the organisms' checkpoint directories are. */
  readonly directory: string;
  readonly seed: number;
  /** Items of each facts shape and of series before the split; the test split is evaluated. */
  readonly nItems: number;
  readonly nPaths: number;
  readonly engine: EngineOptions;
}

/** Mean error by value of each factor; for CRPS, of CRPS over the in-sample seasonal error. */
export type ErrorByFactor = Readonly<
  Record<string, readonly { readonly value: string; readonly n: number; readonly error: number }[]>
>;

export interface FactsEvaluation {
  readonly nItems: number;
  readonly accuracyCheap: number;
  readonly accuracyExpensive: number;
  /** Accuracy of the expensive model less the cheap one's; clusters are worlds. */
  readonly gain: Estimate;
  /** Of the cheap model. */
  readonly errorByFactor: ErrorByFactor;
  /** AUROC for the cheap model's wrong answers, in whichever direction is better; absent if all are wrong or none. */
  readonly trivialAurocWrong?: Readonly<Record<string, number>>;
  /** The same for the quarter of the items whose true answer it finds least likely. */
  readonly trivialAurocHard: Readonly<Record<string, number>>;
}

export interface SeriesEvaluation {
  readonly nItems: number;
  /** CRPS over the seasonal naive's, both averaged over items. */
  readonly ratioCheap: number;
  readonly ratioExpensive: number;
  /** CRPS over the in-sample seasonal error, cheap less expensive; clusters are series. */
  readonly gain: Estimate;
  readonly errorByFactor: ErrorByFactor;
  readonly trivialAurocHard: Readonly<Record<string, number>>;
}

export interface OrganismsEvaluation {
  readonly seed: number;
  readonly questions: FactsEvaluation;
  readonly endings: FactsEvaluation;
  readonly series: SeriesEvaluation;
}

/** Evaluates all four organisms. */
export async function evaluateOrganisms(options: EvaluateOptions): Promise<OrganismsEvaluation> {
  const { seed, nItems } = options;
  const isTest = ({ split }: { readonly split: string }) => split === "test";
  const questions = [...questionItems({ seed, nItems })].filter(isTest);
  const endings = [...endingItems({ seed, nItems })].filter(isTest);
  const series = [...seriesItems({ seed, nItems })].filter(isTest);
  return {
    seed,
    questions: await evaluateFacts(questions, options, {
      answer: answerQuestions,
      trivial: (item) => ({
        characters: questionPrompt(item).length,
        answerStart: item.answerStart,
        answerLength: item.answer.length,
      }),
      factors: () => ({}),
    }),
    endings: await evaluateFacts(endings, options, {
      answer: chooseEndings,
      trivial: (item) => ({
        characters: endingPrompt(item).length,
        label: item.label,
        answerLength: item.endings[item.label]!.length,
      }),
      factors: ({ nLures }) => ({ lures: nLures }),
    }),
    series: await evaluateSeries(series, options),
  };
}

type FactsItem = QuestionItem | EndingItem;
type Numbers = Readonly<Record<string, number>>;

interface FactsShape<Item> {
  readonly answer: (
    model: HookedModel,
    tokenizer: Awaited<ReturnType<typeof loadTokenizer>>,
    items: readonly Item[],
  ) => Promise<Answer[]>;
  readonly trivial: (item: Item) => Numbers;
  readonly factors: (item: Item) => Numbers;
}

async function evaluateFacts<Item extends FactsItem>(
  items: readonly Item[],
  { directory, engine, seed }: EvaluateOptions,
  { answer, trivial, factors }: FactsShape<Item>,
): Promise<FactsEvaluation> {
  const answers = await Promise.all(["facts_cheap", "facts_expensive"].map(async (name) => {
    const model = await loadModel(join(directory, name), engine);
    const tokenizer = await loadTokenizer(join(directory, name), { backend: "core" });
    const answers = await answer(model, tokenizer, items);
    await model.close();
    return answers;
  })) as [Answer[], Answer[]];
  const [cheap, expensive] = answers.map((model) => model.map(({ isWrong }) => isWrong)) as [
    number[],
    number[],
  ];
  const predictors = items.map((item) => ({ position: item.id, ...categories(item), ...trivial(item) }));
  const hasBoth = new Set(cheap).size === 2;
  const { estimate } = clusterBootstrapMeanDelta(cheap, expensive, {
    nResamples: 2000,
    rng: randomStream(seed, "organisms/gain"),
    clusters: items.map(({ worldId }) => worldId),
  });
  return {
    nItems: items.length,
    accuracyCheap: 1 - mean(cheap),
    accuracyExpensive: 1 - mean(expensive),
    gain: estimate,
    errorByFactor: byFactor(cheap, items.map((item) => ({ ...factsFactors(item), ...factors(item) }))),
    ...(hasBoth && { trivialAurocWrong: trivialAurocs(cheap, predictors) }),
    trivialAurocHard: trivialAurocs(hardestQuarter(answers[0].map(({ nats }) => nats)), predictors),
  };
}

function factsFactors({ plan }: FactsItem): Numbers {
  const { nHops, nDistractors, nConflicts, isRare, distance } = plan;
  return {
    hops: nHops,
    distractors: nDistractors,
    conflicts: nConflicts,
    rare: Number(isRare),
    distance: 4 * Math.floor(distance / 4),
  };
}

function categories({ category }: FactsItem): Numbers {
  return { isPlace: Number(category === "place"), isFood: Number(category === "food") };
}

async function evaluateSeries(
  items: readonly SeriesItem[],
  options: EvaluateOptions,
): Promise<SeriesEvaluation> {
  const { directory, engine, nPaths, seed } = options;
  const [cheap, expensive] = await Promise.all(["series_cheap", "series_expensive"].map(async (name) => {
    const model = await loadModel(join(directory, name), engine);
    if (model.kind === "causal") throw new UsageError(`Cannot evaluate ${name}: needs a T5, got a GPT-NeoX`);
    const errors = await forecastErrors(model, items, { nPaths, seed });
    await model.close();
    return errors;
  }));
  const scaled = (errors: typeof cheap) => errors!.map(({ crps, inSample }) => crps / inSample);
  const ratio = (errors: typeof cheap) =>
    mean(errors!.map(({ crps }) => crps)) / mean(errors!.map(({ seasonalNaive }) => seasonalNaive));
  const { estimate } = clusterBootstrapMeanDelta(scaled(cheap), scaled(expensive), {
    nResamples: 2000,
    rng: randomStream(seed, "organisms/gain"),
    clusters: items.map(({ seriesId }) => seriesId),
  });
  const errors = scaled(cheap);
  return {
    nItems: items.length,
    ratioCheap: ratio(cheap),
    ratioExpensive: ratio(expensive),
    gain: estimate,
    errorByFactor: byFactor(errors, items.map(seriesFactors)),
    trivialAurocHard: trivialAurocs(
      hardestQuarter(errors),
      items.map(({ id, start, plan }) => ({ position: id, start, period: plan.period })),
    ),
  };
}

function seriesFactors({ plan, window }: SeriesItem): Numbers {
  const { period, seasonality, trend, noise, noiseGrowth, kernel, lengthScale } = plan;
  return {
    period,
    seasonality,
    trend: Math.abs(trend),
    noise,
    noiseGrowth,
    roughness: kernel === "none" ? 0 : 36 / lengthScale,
    recentChange: Number(window.stepsSinceChange <= 24),
    futureChange: Number(window.changesInFuture),
  };
}

function byFactor(errors: readonly number[], factors: readonly Numbers[]): ErrorByFactor {
  const names = Object.keys(factors[0] ?? {});
  return Object.fromEntries(names.map((name) => {
    const values = [...new Set(factors.map((row) => row[name]!))].sort((a, b) => a - b);
    return [
      name,
      values.map((value) => {
        const own = errors.filter((_, i) => factors[i]![name] === value);
        return { value: String(value), n: own.length, error: mean(own) };
      }),
    ];
  }));
}

/** 1 for the quarter of largest errors. */
function hardestQuarter(errors: readonly number[]): number[] {
  const threshold = errors.toSorted((a, b) => a - b)[Math.floor(0.75 * errors.length)]!;
  return errors.map((error) => Number(error >= threshold));
}

function trivialAurocs(
  labels: readonly number[],
  predictors: readonly Numbers[],
): Readonly<Record<string, number>> {
  const names = Object.keys(predictors[0] ?? {});
  return Object.fromEntries(names.map((name) => {
    const value = auroc(predictors.map((row) => row[name]!), labels);
    return [name, Math.max(value, 1 - value)];
  }));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
