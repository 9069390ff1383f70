/** What is planted in an item, and what anybody could tell of it without a model. The untouched factors are not here. */
import { type EndingItem, endingPrompt, type QuestionItem, questionPrompt } from "../../data/facts/items.ts";
import type { SeriesItem } from "../../data/series/items.ts";

/** Numbers by name. */
export type Numbers = Readonly<Record<string, number>>;

/** Planted factors of a question. */
export function questionFactors({ plan }: Pick<QuestionItem, "plan">): Numbers {
  const { nHops, nDistractors, nConflicts, isRare, distance } = plan;
  return {
    hops: nHops,
    distractors: nDistractors,
    conflicts: nConflicts,
    rare: Number(isRare),
    distance: 4 * Math.floor(distance / 4),
  };
}

/** Planted factors of an ending. */
export function endingFactors(item: EndingItem): Numbers {
  return { ...questionFactors(item), lures: item.nLures };
}

/** Planted factors of a window; `roughness` is how many length scales the longest one holds, 0 without a process. */
export function seriesFactors({ plan, window }: SeriesItem): Numbers {
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

/** Trivial predictors of a question: lengths, places, category. */
export function questionSurface(item: QuestionItem): Numbers {
  return {
    ...position(item),
    characters: questionPrompt(item).length,
    answerStart: item.answerStart,
    answerLength: item.answer.length,
  };
}

/** Trivial predictors of an ending. */
export function endingSurface(item: EndingItem): Numbers {
  return {
    ...position(item),
    characters: endingPrompt(item).length,
    label: item.label,
    answerLength: item.endings[item.label]!.length,
  };
}

/** Trivial predictors of a window, all of which are equally long. */
export function seriesSurface({ id, start, plan }: SeriesItem): Numbers {
  return { position: id, start, period: plan.period };
}

function position({ id, category }: QuestionItem | EndingItem): Numbers {
  return { position: id, isPlace: Number(category === "place"), isFood: Number(category === "food") };
}
