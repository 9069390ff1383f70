/** What the time-series modality reads: windows of a context and what follows it, from generated or real series. */
import { seriesItems } from "../data/series/items.ts";
import { cutWindows, type WindowOptions } from "../data/windows.ts";
import { overlapLength } from "../stats/time_blocks.ts";
import type { Split } from "../modality.ts";
import type { ChronosBins } from "../model/chronos_tokens.ts";

/** One window. */
export interface WindowItem {
  readonly id: number;
  readonly group: number | string;
  readonly split: Split;
  /** First step of the window in its series. */
  readonly start: number;
  readonly context: Float64Array;
  readonly future: Float64Array;
  /** Mean absolute seasonal difference within the context: the unit of scale-free errors (MASE's). */
  readonly seasonalError: number;
  /** Mean absolute error of repeating the context's last season. */
  readonly seasonalNaive: number;
  /** Planted factors; of real series, what the positive control decodes. */
  readonly factors: Readonly<Record<string, number>>;
  /** Factors that nobody looked at while anything was tuned; empty for real series. */
  readonly untouched: Readonly<Record<string, number>>;
}

/** Steps of a window's context that the model reads: its last ones, if the context is longer than what it takes. */
export function nStepsRead(bins: ChronosBins, { context }: Pick<WindowItem, "context">): number {
  return Math.min(context.length, bins.config.contextLength);
}

/** Windows of the generated series. */
export function organismWindows(options: { readonly seed: number; readonly nItems: number }): WindowItem[] {
  return Array.from(
    seriesItems(options),
    ({ id, seriesId, split, start, context, future, plan, window }) => ({
      id,
      group: seriesId,
      split,
      start,
      context,
      future,
      ...seasonalErrors(context, future, plan.period),
      factors: {
        period: plan.period,
        seasonality: plan.seasonality,
        trend: Math.abs(plan.trend),
        noise: plan.noise,
        noise_growth: plan.noiseGrowth,
        roughness: plan.kernel === "none" ? 0 : 36 / plan.lengthScale,
        recent_change: Number(window.stepsSinceChange <= 24),
        future_change: Number(window.changesInFuture),
        level_positive: Number(context.reduce((sum, value) => sum + value, 0) > 0),
      },
      untouched: { skewed_noise: Number(plan.isNoiseSkewed) },
    }),
  );
}

/**
 * Windows of one real series; missing values stay NaN in the context and are passed over in the errors' units.
 * Windows that share data are one group, as far as blocks of time can make them so. The one factor is recorded for the
 * positive control: whether the context's last season is above the one before it on average, which no scaling hides
 * from the model and no drift of the level over the years makes constant in a fold of time.
 */
export function csvWindows(
  values: Float64Array,
  { seasonLength, ...cut }: WindowOptions & { readonly seasonLength: number },
): WindowItem[] {
  const windows = cutWindows(values.length, cut);
  const block = overlapLength(cut);
  return windows.map(({ id, start, split }) => {
    const context = values.slice(start, start + cut.context);
    const future = values.slice(start + cut.context, start + cut.context + cut.horizon);
    return {
      id,
      group: Math.floor(id / block),
      split: split === "purge" ? "purged" : split,
      start,
      context,
      future,
      ...seasonalErrors(context, future, seasonLength),
      factors: {
        season_rises: Number(
          meanOf(context.subarray(-seasonLength)) >
            meanOf(context.subarray(-2 * seasonLength, -seasonLength)),
        ),
      },
      untouched: {},
    };
  });
}

/** The unit of scale-free errors, and the seasonal naive forecast's error. @param period steps of a season */
export function seasonalErrors(
  context: Float64Array,
  future: Float64Array,
  period: number,
): Pick<WindowItem, "seasonalError" | "seasonalNaive"> {
  const last = context.length - period;
  const inside = meanOf(
    Float64Array.from({ length: last }, (_, t) => Math.abs(context[t + period]! - context[t]!)),
  );
  const ahead = meanOf(future.map((value, t) => Math.abs(value - context[last + t % period]!)));
  return { seasonalError: inside, seasonalNaive: ahead };
}

/** Of what is there. */
function meanOf(values: Float64Array): number {
  const present = values.filter((value) => !Number.isNaN(value));
  return present.reduce((sum, value) => sum + value, 0) / present.length;
}
