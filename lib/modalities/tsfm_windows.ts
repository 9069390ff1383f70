/** What the time-series modality reads: windows of a context and what follows it, from generated or real series. */
import { seriesItems } from "../data/series/items.ts";
import type { Split } from "../modality.ts";

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
  /** Planted factors; empty for real series. */
  readonly factors: Readonly<Record<string, number>>;
  /** Factors that nobody looked at while anything was tuned; empty for real series. */
  readonly untouched: Readonly<Record<string, number>>;
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

/** The unit of scale-free errors, and the seasonal naive forecast's error. @param period steps of a season */
export function seasonalErrors(
  context: Float64Array,
  future: Float64Array,
  period: number,
): Pick<WindowItem, "seasonalError" | "seasonalNaive"> {
  let inside = 0;
  for (let t = period; t < context.length; t++) inside += Math.abs(context[t]! - context[t - period]!);
  let ahead = 0;
  const last = context.length - period;
  for (let t = 0; t < future.length; t++) ahead += Math.abs(future[t]! - context[last + t % period]!);
  return { seasonalError: inside / (context.length - period), seasonalNaive: ahead / future.length };
}
