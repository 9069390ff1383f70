/** The eight statistics of a time-series context that need no model: the cheap block of a forecaster. */
import type { Matrix } from "../math/matrix.ts";
import { mean, pairwiseSum, variance } from "../math/sum.ts";
import { adfTest } from "./adf.ts";
import { spectralEntropy } from "./welch.ts";

/** Column names, in the published order. */
export const SERIES_NAMES = [
  "variance",
  "volatility",
  "lag1_acf",
  "seasonal_acf",
  "adf_pvalue",
  "spectral_entropy",
  "trend_slope",
  "range",
] as const;

/** What the statistics need to know besides the values. */
export interface SeriesOptions {
  /** Samples in a season, e.g. 24 for hourly values with a daily cycle. */
  readonly seasonLength: number;
}

/**
 * The eight statistics of each context.
 * @param contexts [nItems] arrays of finite values, each longer than a season
 * @returns shape [nItems, 8], columns as SERIES_NAMES; units: value^2, value, -, -, -, nats, value per step, value.
 *   The autocorrelations and the p value of a constant context are NaN.
 * @throws {RangeError} if a context is not longer than a season or holds a value that is not finite
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { seriesStatistics } from "lib/features/series.ts";
 * const ramp = Array.from({ length: 60 }, (_, i) => 2 * i + Math.sin(i));
 * const { data } = seriesStatistics([ramp], { seasonLength: 24 });
 * assert.ok(Math.abs(data[6]! - 2) < 0.01);
 * ```
 */
export function seriesStatistics(
  contexts: readonly ArrayLike<number>[],
  { seasonLength }: SeriesOptions,
): Matrix {
  const nCols = SERIES_NAMES.length;
  const data = new Float64Array(contexts.length * nCols);
  contexts.forEach((context, i) => {
    const n = context.length;
    if (n <= Math.max(seasonLength, 5)) {
      throw new RangeError(
        `Cannot describe a series: needs more than ${
          Math.max(seasonLength, 5)
        } values, context ${i} has ${n}`,
      );
    }
    let low = Infinity, high = -Infinity;
    for (let t = 0; t < n; t++) {
      const value = context[t]!;
      if (!Number.isFinite(value)) {
        throw new RangeError(
          `Cannot describe a series: needs finite values, context ${i} has ${value} at ${t}`,
        );
      }
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    const [lag1, seasonal] = autocorrelations(context, [1, seasonLength]);
    data.set([
      variance(context, 0),
      meanAbsoluteDifference(context),
      lag1!,
      seasonal!,
      adfTest(context).pValue,
      spectralEntropy(context),
      trendSlope(context),
      high - low,
    ], i * nCols);
  });
  return { data, nRows: contexts.length, nCols };
}

function meanAbsoluteDifference(values: ArrayLike<number>): number {
  return mean(
    Float64Array.from({ length: values.length - 1 }, (_, t) => Math.abs(values[t + 1]! - values[t]!)),
  );
}

/**
 * Biased autocorrelations at the given lags: the sums run over n - lag products and are divided by the same n.
 * @param values shape [n]
 * @param lags each in [0, n)
 * @returns shape [nLags], in [-1, 1]; NaN for a constant series
 * @see Box & Jenkins, "Time Series Analysis", 2.1.5
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { autocorrelations } from "lib/features/series.ts";
 * assert.deepEqual([...autocorrelations([1, -1, 1, -1], [0, 1])], [1, -0.75]);
 * ```
 */
export function autocorrelations(values: ArrayLike<number>, lags: readonly number[]): Float64Array {
  const n = values.length;
  const center = mean(values);
  const deviations = Float64Array.from({ length: n }, (_, t) => values[t]! - center);
  const atLag = (lag: number) => {
    let sum = 0;
    for (let t = lag; t < n; t++) sum += deviations[t]! * deviations[t - lag]!;
    return sum;
  };
  const total = atLag(0);
  // a constant's deviations are rounding errors of its mean, not a signal
  const noise = n * Number.EPSILON * center;
  return Float64Array.from(lags, (lag) => total <= n * noise * noise ? NaN : atLag(lag) / total);
}

/** Slope of the least-squares line, in value per step. */
function trendSlope(values: ArrayLike<number>): number {
  const n = values.length;
  const center = mean(values), middle = (n - 1) / 2;
  const products = Float64Array.from({ length: n }, (_, t) => (t - middle) * (values[t]! - center));
  return pairwiseSum(products) / (n * (n * n - 1) / 12);
}
