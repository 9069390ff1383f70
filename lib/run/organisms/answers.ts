/** What the organisms answer to their items: one row an item and model, the ground of every figure about them. */
import { type EndingItem, endingPrompt, type QuestionItem, questionPrompt } from "../../data/facts/items.ts";
import type { SeriesItem } from "../../data/series/items.ts";
import { randomStream } from "../../math/random.ts";
import { chronosBins } from "../../model/chronos_tokens.ts";
import { readChronosConfig } from "../../model/chronos_config.ts";
import { forecast } from "../../model/forecast.ts";
import { type EncoderDecoderModel, type HookedModel, run } from "../../model/model.ts";
import { t5SeriesModel } from "../../model/t5_series_model.ts";
import type { Tokenizer } from "../../model/tokenizer.ts";
import { crps } from "../../stats/crps.ts";

export interface Answer {
  /** 1 if the answer is wrong. */
  readonly isWrong: number;
  /** Cross-entropy of the true answer or ending, mean over its tokens. */
  readonly nats: number;
  /** What the model says: a word, or the index of an ending. */
  readonly said: string;
}

/** Greedy answers; an answer is one word of the vocabulary. */
export async function answerQuestions(
  model: HookedModel,
  tokenizer: Tokenizer,
  items: readonly QuestionItem[],
): Promise<Answer[]> {
  const prompts = items.map((item) => tokenizer.encode(questionPrompt(item)));
  const positions = prompts.map((prompt) => [prompt.length - 1]);
  const { logits } = await run(model, prompts, { want: "logits", positions });
  return items.map((item, i) => {
    const row = logits![i]!;
    const target = tokenizer.encode(` ${item.answer}`)[0]!;
    const best = argMax(row);
    return {
      isWrong: Number(best !== target),
      nats: negativeLogSoftmax(row, target),
      said: tokenizer.decode([best]).trim(),
    };
  });
}

/** The ending of the highest mean log-probability. */
export async function chooseEndings(
  model: HookedModel,
  tokenizer: Tokenizer,
  items: readonly EndingItem[],
): Promise<Answer[]> {
  const prompts = items.map((item) => tokenizer.encode(endingPrompt(item)));
  const rows = items.flatMap((item, i) =>
    item.endings.map((ending) => [...prompts[i]!, ...tokenizer.encode(` ${ending}`)])
  );
  const positions = rows.map((row, i) => {
    const start = prompts[Math.floor(i / 4)]!.length - 1;
    return Array.from({ length: row.length - 1 - start }, (_, k) => start + k);
  });
  const { nats } = await run(model, rows, { want: "nats", positions });
  return items.map((item, i) => {
    const scores = [0, 1, 2, 3].map((k) => mean(nats![4 * i + k]!));
    const best = scores.indexOf(Math.min(...scores));
    return { isWrong: Number(best !== item.label), nats: scores[item.label]!, said: String(best) };
  });
}

export interface SeriesError {
  /** In units of the series, mean over the horizon. */
  readonly crps: number;
  /** Absolute error of repeating the last season: the CRPS of that point forecast. */
  readonly seasonalNaive: number;
  /** Mean absolute seasonal difference within the context: the unit of scale-free errors. */
  readonly inSample: number;
}

/** Errors of sampled forecasts. @param nPaths sample paths an item, drawn with its own stream of uniforms */
export async function forecastErrors(
  model: EncoderDecoderModel,
  items: readonly SeriesItem[],
  { nPaths, seed }: { readonly nPaths: number; readonly seed: number },
): Promise<SeriesError[]> {
  const forecaster = { decoder: t5SeriesModel(model), bins: chronosBins(readChronosConfig(model.directory)) };
  const errors: SeriesError[] = [];
  for (let first = 0; first < items.length; first += ITEMS_AT_ONCE) {
    const some = items.slice(first, first + ITEMS_AT_ONCE);
    const horizon = some[0]!.future.length;
    const uniforms = some.map(({ id }) => {
      const rng = randomStream(seed, `organisms/forecast/${id}`);
      return {
        data: Float64Array.from({ length: nPaths * horizon }, () => rng.random()),
        nRows: nPaths,
        nCols: horizon,
      };
    });
    const contexts = some.map(({ context }) => context);
    const forecasts = await forecast(forecaster, contexts, {
      nPaths,
      horizon,
      uniforms,
      continuation: "path",
    });
    some.forEach((item, i) =>
      errors.push({ crps: crps(forecasts[i]!.samples, item.future, "fair"), ...naiveErrors(item) })
    );
  }
  return errors;
}

const ITEMS_AT_ONCE = 16;

/** The forecast that repeats the last season, and how well it does inside the context. */
function naiveErrors({ context, future, plan: { period } }: SeriesItem) {
  const last = context.length - period;
  const repeated = future.map((value, t) => Math.abs(value - context[last + t % period]!));
  const inside = context.slice(period).map((value, t) => Math.abs(value - context[t]!));
  return { seasonalNaive: mean(repeated), inSample: mean(inside) };
}

function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function negativeLogSoftmax(logits: Float32Array, target: number): number {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  return Math.log(total) + largest - logits[target]!;
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
