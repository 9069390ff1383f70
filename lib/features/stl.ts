/**
 * Seasonal-trend decomposition by loess (STL), not robust: the inner loop of Cleveland et al. with every point smoothed,
 * straight lines, and the defaults of statsmodels' STL.
 * @see Cleveland, Cleveland, McRae & Terpenning 1990, Journal of Official Statistics 6(1)
 */

/** Smoothing windows, odd, in steps or (seasonal) in periods. */
export interface StlOptions {
  readonly period: number;
  /** Default 7. */
  readonly seasonal?: number;
  /** Default 5: without robustness weights the loop has nothing else to converge by. */
  readonly nLoops?: number;
}

/** y = seasonal + trend + remainder, each of shape [n]. */
export interface StlResult {
  readonly seasonal: Float64Array;
  readonly trend: Float64Array;
  readonly remainder: Float64Array;
}

/**
 * Decomposes a series.
 * @param y finite values, shape [n], at least two periods
 * @throws {RangeError} if the period or the seasonal window is out of range, or the series is too short
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { stl } from "lib/features/stl.ts";
 * const y = Array.from({ length: 48 }, (_, t) => t + 5 * (t % 4 === 0 ? 1 : 0));
 * const { remainder } = stl(y, { period: 4 });
 * assert.ok(remainder.every((value) => Math.abs(value) < 1e-6));
 * ```
 */
export function stl(
  y: ArrayLike<number>,
  { period, seasonal: window = 7, nLoops = 5 }: StlOptions,
): StlResult {
  const n = y.length;
  if (!(Number.isInteger(period) && period >= 2 && n >= 2 * period)) {
    throw new RangeError(
      `Cannot decompose a series: needs a period of 2 or more and two of them, got ${period} of ${n}`,
    );
  }
  if (!(Number.isInteger(window) && window >= 3 && window % 2 === 1)) {
    throw new RangeError(
      `Cannot decompose a series: needs an odd seasonal window of 3 or more, got ${window}`,
    );
  }
  const trendWindow = nextOdd(Math.ceil(1.5 * period / (1 - 1.5 / window)));
  const lowPass = nextOdd(period + 1);
  let trend: Float64Array = new Float64Array(n), seasonal = trend;
  for (let loop = 0; loop < nLoops; loop++) {
    const cycles = smoothSubseries(trend.map((value, t) => y[t]! - value), period, window);
    const averaged = movingAverage(movingAverage(movingAverage(cycles, period), period), 3);
    const low = loess(averaged, lowPass);
    seasonal = low.map((value, t) => cycles[period + t]! - value);
    trend = loess(seasonal.map((value, t) => y[t]! - value), trendWindow);
  }
  return { seasonal, trend, remainder: trend.map((value, t) => y[t]! - value - seasonal[t]!) };
}

/** Every phase of the period smoothed along the periods, and continued by one at either end: shape [n + 2 period]. */
function smoothSubseries(y: Float64Array, period: number, window: number): Float64Array {
  const out = new Float64Array(y.length + 2 * period);
  for (let phase = 0; phase < period; phase++) {
    const own = y.filter((_, t) => t % period === phase);
    const k = own.length;
    const smooth = loess(own, window);
    const before = fitAt(own, 0, { window, left: 1, right: Math.min(window, k) }) ?? smooth[0]!;
    const after = fitAt(own, k + 1, { window, left: Math.max(1, k - window + 1), right: k }) ??
      smooth[k - 1]!;
    out[phase] = before;
    smooth.forEach((value, m) => out[(m + 1) * period + phase] = value);
    out[(k + 1) * period + phase] = after;
  }
  return out;
}

/** Local straight lines at every point, over the nearest `window` points. */
function loess(y: Float64Array, window: number): Float64Array {
  const n = y.length;
  if (n < 2) return y.slice();
  const half = (window + 1) >>> 1;
  let left = 1, right = Math.min(window, n);
  return y.map((value, i) => {
    if (window < n && i + 1 > half && right !== n) {
      left++;
      right++;
    }
    return fitAt(y, i + 1, { window, left, right }) ?? value;
  });
}

/** The line through points left..right (from 1) at x, weighted by tricubes; undefined where no point has weight. */
function fitAt(
  y: Float64Array,
  x: number,
  { window, left, right }: { readonly window: number; readonly left: number; readonly right: number },
): number | undefined {
  const n = y.length;
  const reach = Math.max(x - left, right - x) + (window > n ? Math.floor((window - n) / 2) : 0);
  const weights = new Float64Array(right - left + 1);
  let total = 0;
  for (let k = 0; k < weights.length; k++) {
    const distance = Math.abs(left + k - x);
    if (distance > 0.999 * reach) continue;
    const share = distance / reach;
    const hollow = 1 - share * share * share;
    weights[k] = distance <= 0.001 * reach ? 1 : hollow * hollow * hollow;
    total += weights[k]!;
  }
  if (total <= 0) return undefined;
  let center = 0;
  for (let k = 0; k < weights.length; k++) {
    weights[k]! /= total;
    center += weights[k]! * (left + k);
  }
  let spread = 0;
  for (let k = 0; k < weights.length; k++) spread += weights[k]! * (left + k - center) * (left + k - center);
  const isLine = reach > 0 && Math.sqrt(spread) > 0.001 * (n - 1);
  const tilt = isLine ? (x - center) / spread : 0;
  let value = 0;
  for (let k = 0; k < weights.length; k++) {
    value += weights[k]! * (1 + tilt * (left + k - center)) * y[left + k - 1]!;
  }
  return value;
}

/** Means of all runs of `width` values, by a running sum: shape [n - width + 1]. */
function movingAverage(y: Float64Array, width: number): Float64Array {
  const out = new Float64Array(y.length - width + 1);
  let sum = 0;
  for (let t = 0; t < width; t++) sum += y[t]!;
  out[0] = sum / width;
  for (let t = 1; t < out.length; t++) {
    sum += y[t + width - 1]! - y[t - 1]!;
    out[t] = sum / width;
  }
  return out;
}

function nextOdd(value: number): number {
  return value % 2 === 0 ? value + 1 : value;
}
