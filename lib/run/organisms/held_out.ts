/** Held-out items with what both organisms of their kind do with them: the ground of every figure about organisms. */
import { join } from "node:path";
import { endingItems, questionItems } from "../../data/facts/items.ts";
import { type SeriesItem, seriesItems } from "../../data/series/items.ts";
import { UsageError } from "../../guardrail.ts";
import type { EngineOptions } from "../../model/engine.ts";
import { type HookedModel, loadModel } from "../../model/model.ts";
import { loadTokenizer, type Tokenizer } from "../../model/tokenizer.ts";
import { type Answer, answerQuestions, chooseEndings, forecastErrors, type SeriesError } from "./answers.ts";
import {
  endingFactors,
  endingSurface,
  type Numbers,
  questionFactors,
  questionSurface,
  seriesFactors,
  seriesSurface,
} from "./factors.ts";

/** An item and its outcomes. */
export interface HeldOut<Outcome> {
  readonly id: number;
  /** World or series: the cluster. */
  readonly group: number;
  readonly factors: Numbers;
  /** Trivial predictors. */
  readonly surface: Numbers;
  readonly cheap: Outcome;
  readonly expensive: Outcome;
}

export interface HeldOutOptions {
  /** Where the organisms' checkpoint directories are. */
  readonly directory: string;
  readonly seed: number;
  /** Items of each facts shape and of series before the split; those of the test split are held out. */
  readonly nFacts: number;
  readonly nSeries: number;
  readonly nPaths: number;
  readonly engine: EngineOptions;
}

export async function heldOutQuestions(options: HeldOutOptions): Promise<HeldOut<Answer>[]> {
  const items = testItems(questionItems({ seed: options.seed, nItems: options.nFacts }));
  const of = outcomes(await factsAnswers(items, answerQuestions, options));
  return items.map((item, i) => ({
    ...{ id: item.id, group: item.worldId },
    ...{ factors: questionFactors(item), surface: questionSurface(item) },
    ...of(i),
  }));
}

export async function heldOutEndings(options: HeldOutOptions): Promise<HeldOut<Answer>[]> {
  const items = testItems(endingItems({ seed: options.seed, nItems: options.nFacts }));
  const of = outcomes(await factsAnswers(items, chooseEndings, options));
  return items.map((item, i) => ({
    ...{ id: item.id, group: item.worldId },
    ...{ factors: endingFactors(item), surface: endingSurface(item) },
    ...of(i),
  }));
}

/** @throws {UsageError} if a series organism is no T5 */
export async function heldOutSeries(options: HeldOutOptions): Promise<HeldOut<SeriesError>[]> {
  const items = testItems(seriesItems({ seed: options.seed, nItems: options.nSeries }));
  const of = outcomes([
    await seriesErrors("series_cheap", items, options),
    await seriesErrors("series_expensive", items, options),
  ]);
  return items.map((item, i) => ({
    ...{ id: item.id, group: item.seriesId },
    ...{ factors: seriesFactors(item), surface: seriesSurface(item) },
    ...of(i),
  }));
}

function testItems<Item extends { readonly split: string }>(items: Iterable<Item>): Item[] {
  return [...items].filter(({ split }) => split === "test");
}

function outcomes<Outcome>([cheap, expensive]: readonly [readonly Outcome[], readonly Outcome[]]) {
  return (i: number) => ({ cheap: cheap[i]!, expensive: expensive[i]! });
}

async function factsAnswers<Item>(
  items: readonly Item[],
  answer: (model: HookedModel, tokenizer: Tokenizer, items: readonly Item[]) => Promise<Answer[]>,
  { directory, engine }: HeldOutOptions,
): Promise<[Answer[], Answer[]]> {
  const of = async (name: string) => {
    const model = await loadModel(join(directory, name), engine);
    const tokenizer = await loadTokenizer(join(directory, name), { backend: "core" });
    const answers = await answer(model, tokenizer, items);
    await model.close();
    return answers;
  };
  return [await of("facts_cheap"), await of("facts_expensive")];
}

async function seriesErrors(
  name: string,
  items: readonly SeriesItem[],
  { directory, engine, nPaths, seed }: HeldOutOptions,
): Promise<SeriesError[]> {
  const model = await loadModel(join(directory, name), engine);
  if (model.kind === "causal") throw new UsageError(`Cannot evaluate ${name}: needs a T5, got a GPT-NeoX`);
  const errors = await forecastErrors(model, items, { nPaths, seed });
  await model.close();
  return errors;
}
