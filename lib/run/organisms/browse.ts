/** Looking at items: what they say, what is planted in them, and what both organisms of their kind make of them. */
import { join } from "node:path";
import { endingItems, endingPrompt, questionItems, questionPrompt } from "../../data/facts/items.ts";
import { type SeriesItem, seriesItems } from "../../data/series/items.ts";
import { UsageError } from "../../guardrail.ts";
import { randomStream } from "../../math/random.ts";
import { readChronosConfig } from "../../model/chronos_config.ts";
import { chronosBins } from "../../model/chronos_tokens.ts";
import type { EngineOptions } from "../../model/engine.ts";
import { forecast, forecastQuantiles } from "../../model/forecast.ts";
import { type HookedModel, loadModel } from "../../model/model.ts";
import { t5SeriesModel } from "../../model/t5_series_model.ts";
import { loadTokenizer, type Tokenizer } from "../../model/tokenizer.ts";
import type { ForecastPanel } from "../../report/figures/forecasts.ts";
import type { TableView } from "../../report/sections/section.ts";
import { type Answer, answerQuestions, chooseEndings } from "./answers.ts";
import { endingFactors, type Numbers, questionFactors, seriesFactors } from "./factors.ts";

export interface BrowseOptions {
  /** Where the organisms' checkpoint directories are. */
  readonly directory: string;
  readonly seed: number;
  /** Held-out items to show. */
  readonly nItems: number;
  readonly engine: EngineOptions;
}

const MODELS = ["cheap", "expensive"] as const;

/** Questions, and what both models answer. */
export async function browseQuestions(options: BrowseOptions): Promise<TableView> {
  const items = heldOut(questionItems({ seed: options.seed, nItems: streamLength(options) }), options);
  const answers = await factsAnswers(items, answerQuestions, options);
  return {
    caption:
      "Questions: the prompt, its planted factors, and the models' greedy answers (nats of the gold answer)",
    header: ["prompt", "planted", "gold", ...MODELS],
    rows: items.map((item, i) => [
      questionPrompt(item),
      planted(questionFactors(item)),
      item.answer,
      ...answers.map((model) => outcome(model[i]!, model[i]!.said)),
    ]),
  };
}

/** Endings, and which both models pick. */
export async function browseEndings(options: BrowseOptions): Promise<TableView> {
  const items = heldOut(endingItems({ seed: options.seed, nItems: streamLength(options) }), options);
  const answers = await factsAnswers(items, chooseEndings, options);
  return {
    caption: "Endings: the prompt, its planted factors, and the models' picks (mean nats of the true ending)",
    header: ["prompt", "endings", "planted", "true", ...MODELS],
    rows: items.map((item, i) => [
      endingPrompt(item),
      item.endings.join(" / "),
      planted(endingFactors(item)),
      item.endings[item.label]!,
      ...answers.map((model) => outcome(model[i]!, item.endings[Number(model[i]!.said)]!)),
    ]),
  };
}

/** Windows of series with both models' forecasts, for a figure. @param nPaths sample paths a window */
export async function browseSeries(
  options: BrowseOptions & { readonly nPaths: number },
): Promise<ForecastPanel[]> {
  const items = heldOut(seriesItems({ seed: options.seed, nItems: streamLength(options) }), options);
  const bands = [
    await forecastBands("series_cheap", items, options),
    await forecastBands("series_expensive", items, options),
  ];
  return items.map((item, i) => ({
    title: planted(seriesFactors(item), FACTORS_A_LINE),
    context: [...item.context],
    future: [...item.future],
    forecasts: MODELS.map((label, model) => ({ label, ...bands[model]![i]! })),
  }));
}

/** Three items of ten are held out. */
function streamLength({ nItems }: BrowseOptions): number {
  return Math.ceil(nItems / 3) * 40;
}

/** The first held-out item of each world or series, so that many are seen. */
function heldOut<Item extends { readonly split: string; readonly id: number }>(
  items: Iterable<Item>,
  { nItems }: BrowseOptions,
): Item[] {
  return [...items].filter(({ split, id }) => split === "test" && id % 4 === 0).slice(0, nItems);
}

async function factsAnswers<Item>(
  items: readonly Item[],
  answer: (model: HookedModel, tokenizer: Tokenizer, items: readonly Item[]) => Promise<Answer[]>,
  { directory, engine }: BrowseOptions,
): Promise<Answer[][]> {
  const all: Answer[][] = [];
  for (const size of MODELS) {
    const model = await loadModel(join(directory, `facts_${size}`), engine);
    const tokenizer = await loadTokenizer(join(directory, `facts_${size}`), { backend: "core" });
    all.push(await answer(model, tokenizer, items));
    await model.close();
  }
  return all;
}

/** Levels of the bands: middle and 80 %. */
const LEVELS = [0.1, 0.5, 0.9] as const;

async function forecastBands(
  name: string,
  items: readonly SeriesItem[],
  { directory, engine, nPaths, seed }: BrowseOptions & { readonly nPaths: number },
) {
  const model = await loadModel(join(directory, name), engine);
  if (model.kind === "causal") {
    throw new UsageError(`Cannot forecast with ${name}: needs a T5, got a GPT-NeoX`);
  }
  const horizon = items[0]!.future.length;
  const uniforms = items.map(({ id }) => {
    const rng = randomStream(seed, `organisms/forecast/${id}`);
    const data = Float64Array.from({ length: nPaths * horizon }, () => rng.random());
    return { data, nRows: nPaths, nCols: horizon };
  });
  const forecaster = { decoder: t5SeriesModel(model), bins: chronosBins(readChronosConfig(model.directory)) };
  const contexts = items.map(({ context }) => context);
  const forecasts = await forecast(forecaster, contexts, { nPaths, horizon, uniforms, continuation: "path" });
  await model.close();
  return forecasts.map(({ samples }) => {
    const { data, nCols } = forecastQuantiles(samples, LEVELS);
    const [low, middle, high] = LEVELS.map((_, q) => [...data.subarray(q * nCols, (q + 1) * nCols)]);
    return { low: low!, middle: middle!, high: high! };
  });
}

/** Of a window's title. */
const FACTORS_A_LINE = 3;

function planted(factors: Numbers, aLine = Infinity): string {
  return Object.entries(factors).map(([name, value], i) =>
    `${i === 0 ? "" : i % aLine === 0 ? ",<br>" : ", "}${name} ${value}`
  ).join("");
}

function outcome({ isWrong, nats }: Answer, said: string): string {
  return `${said} (${isWrong ? "wrong" : "right"}, ${nats.toFixed(2)})`;
}
