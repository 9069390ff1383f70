/**
 * STL: a series taken apart into trend, season and remainder by local regression, not robust. As statsmodels' STL with
 * its defaults (seasonal window 7, linear everywhere, five inner iterations), to rounding.
 * @see Cleveland et al. 1990, "STL: A seasonal-trend decomposition procedure based on loess", J. Official Statistics 6
 */

/** The parts; their sum is the series. Each of shape [n]. */
export interface Decomposition {
  readonly trend: Float64Array;
  readonly seasonal: Float64Array;
  readonly remainder: Float64Array;
}

const SEASONAL_WINDOW = 7;
const INNER_ITERATIONS = 5;

/**
 * Takes a series apart.
 * @param values finite, shape [n], at least two periods
 * @param period steps of a season, at least 2
 * @throws {RangeError} if the series is shorter than two periods
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decomposeSeasonally } from "lib/features/stl.ts";
 * const values = Array.from({ length: 96 }, (_, t) => t + Math.sin(2 * Math.PI * t / 12));
 * const { trend, remainder } = decomposeSeasonally(values, 12);
 * assert.ok(Math.abs(trend[48]! - 48) < 0.05 && Math.abs(remainder[48]!) < 0.05);
 * ```
 */
export function decomposeSeasonally(values: ArrayLike<number>, period: number): Decomposition {
  const n = values.length;
  if (!(period >= 2 && n >= 2 * period)) {
    throw new RangeError(
      `Cannot decompose: needs two periods of 2 or more steps, got ${n} steps of ${period}`,
    );
  }
  const trendWindow = oddFrom(Math.ceil(1.5 * period / (1 - 1.5 / SEASONAL_WINDOW)));
  const lowPassWindow = oddFrom(period + 1);
  let trend: Float64Array = new Float64Array(n), seasonal: Float64Array = new Float64Array(n);
  for (let k = 0; k < INNER_ITERATIONS; k++) {
    const cycles = smoothCycles(Float64Array.from(values, (value, t) => value - trend[t]!), period);
    const low = loess(
      movingAverage(movingAverage(movingAverage(cycles, period), period), 3),
      lowPassWindow,
    );
    seasonal = Float64Array.from(low, (value, t) => cycles[period + t]! - value);
    trend = loess(Float64Array.from(values, (value, t) => value - seasonal[t]!), trendWindow);
  }
  const remainder = Float64Array.from(values, (value, t) => value - trend[t]! - seasonal[t]!);
  return { trend, seasonal, remainder };
}

const oddFrom = (n: number) => n % 2 === 1 ? n : n + 1;

/** Every phase of the season smoothed along its years, one period longer at both ends; shape [n + 2 period]. */
function smoothCycles(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length + 2 * period);
  for (let phase = 0; phase < period; phase++) {
    const own = Float64Array.from(
      { length: Math.floor((values.length - phase - 1) / period) + 1 },
      (_, m) => values[m * period + phase]!,
    );
    const k = own.length, width = Math.min(SEASONAL_WINDOW, k);
    const inside = loess(own, SEASONAL_WINDOW);
    const before = fitAt(own, { at: -1, from: 0, to: width - 1, window: SEASONAL_WINDOW }) ?? inside[0]!;
    const after = fitAt(own, { at: k, from: Math.max(0, k - width), to: k - 1, window: SEASONAL_WINDOW }) ??
      inside[k - 1]!;
    [before, ...inside, after].forEach((value, m) => out[m * period + phase] = value);
  }
  return out;
}

/** Local linear regression at every place of an evenly spaced series. @param window points that weigh, odd */
function loess(values: Float64Array, window: number): Float64Array {
  const n = values.length;
  if (n < 2) return values.slice();
  const half = (window + 1) / 2;
  return Float64Array.from(values, (value, at) => {
    const from = window >= n ? 0 : Math.min(Math.max(0, at + 1 - half), n - window);
    const to = window >= n ? n - 1 : from + window - 1;
    return fitAt(values, { at, from, to, window }) ?? value;
  });
}

/** The line through the points [from, to], weighted by the tricube of their distance, at a place; null without weight. */
function fitAt(
  values: Float64Array,
  { at, from, to, window }: {
    readonly at: number;
    readonly from: number;
    readonly to: number;
    readonly window: number;
  },
): number | null {
  const n = values.length;
  let reach = Math.max(at - from, to - at);
  if (window > n) reach += Math.floor((window - n) / 2);
  const weights = new Float64Array(to - from + 1);
  let total = 0;
  for (let j = from; j <= to; j++) {
    const distance = Math.abs(j - at);
    if (distance > 0.999 * reach) continue;
    const share = distance / reach;
    weights[j - from] = distance <= 0.001 * reach ? 1 : (1 - share * share * share) ** 3;
    total += weights[j - from]!;
  }
  if (total <= 0) return null;
  let center = 0;
  for (let j = from; j <= to; j++) {
    weights[j - from]! /= total;
    center += weights[j - from]! * j;
  }
  let spread = 0;
  for (let j = from; j <= to; j++) spread += weights[j - from]! * (j - center) * (j - center);
  const isLine = Math.sqrt(spread) > 0.001 * (n - 1);
  let fitted = 0;
  for (let j = from; j <= to; j++) {
    const tilt = isLine ? (at - center) / spread * (j - center) + 1 : 1;
    fitted += weights[j - from]! * tilt * values[j]!;
  }
  return fitted;
}

/** Means of `length` neighbours; shape [n - length + 1]. */
function movingAverage(values: Float64Array, length: number): Float64Array {
  let sum = 0;
  for (let t = 0; t < length; t++) sum += values[t]!;
  const out = new Float64Array(values.length - length + 1);
  out[0] = sum / length;
  for (let t = length; t < values.length; t++) {
    sum += values[t]! - values[t - length]!;
    out[t - length + 1] = sum / length;
  }
  return out;
}
