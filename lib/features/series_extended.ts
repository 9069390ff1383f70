/** More statistics of a time-series context without a model: how seasonal, how trending, how persistent it is. */
import type { Matrix } from "../math/matrix.ts";
import { mean, variance } from "../math/sum.ts";
import type { SeriesOptions } from "./series.ts";
import { stl } from "./stl.ts";

/** Column names. */
export const EXTENDED_SERIES_NAMES = ["stl_seasonal_strength", "stl_trend_strength", "hurst"] as const;

/**
 * The extended statistics of each context.
 * @param contexts [nItems] arrays of finite values, each of at least two seasons and 32 steps
 * @returns shape [nItems, 3], columns as EXTENDED_SERIES_NAMES, unitless; NaN for a constant context
 * @throws {RangeError} if a context is too short or holds a value that is not finite
 * @see Wang, Smith & Hyndman 2006, doi:10.1007/s10618-005-0039-x (strengths); dfaExponent()
 */
export function extendedSeriesStatistics(
  contexts: readonly ArrayLike<number>[],
  { seasonLength }: SeriesOptions,
): Matrix {
  const nCols = EXTENDED_SERIES_NAMES.length;
  const data = new Float64Array(contexts.length * nCols);
  contexts.forEach((context, i) => {
    const bad = Array.from(context).findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new RangeError(
        `Cannot describe a series: needs finite values, context ${i} has ${context[bad]} at ${bad}`,
      );
    }
    const { seasonal, trend, remainder } = stl(context, { period: seasonLength });
    data.set([strength(seasonal, remainder), strength(trend, remainder), dfaExponent(context)], i * nCols);
  });
  return { data, nRows: contexts.length, nCols };
}

/** Share of a component's variance that the remainder does not make: max(0, 1 - var(r) / var(c + r)). */
function strength(component: Float64Array, remainder: Float64Array): number {
  const whole = variance(component.map((value, t) => value + remainder[t]!), 0);
  return Math.max(0, 1 - variance(remainder, 0) / whole);
}

/** Sizes tried, evenly spaced on a logarithmic scale from the smallest to a quarter of the series. */
const N_SIZES = 12, SMALLEST = 8;

/**
 * Hurst exponent by detrended fluctuation analysis of first order: slope of log F(s) on log s, F the root mean square of
 * the summed series around a line in each segment of s steps, segments from both ends. White noise 0.5, persistent more.
 * @param values shape [n], n >= 32
 * @returns NaN for a constant series
 * @throws {RangeError} if the series is shorter
 * @see Peng et al. 1994, doi:10.1103/PhysRevE.49.1685
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dfaExponent } from "lib/features/series_extended.ts";
 * const alternating = Array.from({ length: 256 }, (_, t) => t % 2);
 * assert.ok(dfaExponent(alternating) < 0.1);
 * ```
 */
export function dfaExponent(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < 4 * SMALLEST) {
    throw new RangeError(`Cannot estimate a Hurst exponent: needs ${4 * SMALLEST} values, got ${n}`);
  }
  const center = mean(values);
  const profile = new Float64Array(n);
  for (let t = 0, sum = 0; t < n; t++) profile[t] = sum += values[t]! - center;
  const ratio = Math.log(n / 4 / SMALLEST) / (N_SIZES - 1);
  const sizes = [
    ...new Set(Array.from({ length: N_SIZES }, (_, k) => Math.round(SMALLEST * Math.exp(ratio * k)))),
  ];
  const logs = sizes.map((size) => [Math.log(size), Math.log(fluctuation(profile, size))] as const);
  const [atX, atY] = [mean(logs.map(([x]) => x)), mean(logs.map(([, y]) => y))];
  let products = 0, squares = 0;
  for (const [x, y] of logs) {
    products += (x - atX) * (y - atY);
    squares += (x - atX) * (x - atX);
  }
  return products / squares;
}

/** Root mean square of the profile around the segments' lines. */
function fluctuation(profile: Float64Array, size: number): number {
  const n = profile.length, count = Math.floor(n / size);
  const middle = (size - 1) / 2, squaresOfTime = size * (size * size - 1) / 12;
  let total = 0;
  for (let k = 0; k < 2 * count; k++) {
    const start = k < count ? k * size : n - (k - count + 1) * size;
    const own = profile.subarray(start, start + size);
    const center = mean(own);
    let slope = 0;
    for (let t = 0; t < size; t++) slope += (t - middle) * (own[t]! - center) / squaresOfTime;
    for (let t = 0; t < size; t++) {
      const residual = own[t]! - center - slope * (t - middle);
      total += residual * residual / size;
    }
  }
  return Math.sqrt(total / (2 * count));
}
