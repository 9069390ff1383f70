/**
 * More statistics of a context that need no model: how much of it season and trend are, and how its fluctuations
 * grow with time. They extend the published eight where a configuration asks for them.
 */
import type { Matrix } from "../math/matrix.ts";
import { variance } from "../math/sum.ts";
import { decomposeSeasonally } from "./stl.ts";

/** Column names. */
export const EXTENDED_SERIES_NAMES = ["seasonal_strength", "trend_strength", "hurst"] as const;

/**
 * The extended statistics of each context.
 * @param contexts [nItems] arrays of finite values, at least two seasons and 32 values long
 * @returns shape [nItems, 3], unitless: shares of variance in [0, 1], and hurstExponent()
 * @throws {RangeError} if a context is too short
 * @see Wang, Smith & Hyndman 2006, doi:10.1007/s10618-005-0039-x (strength of season and trend)
 */
export function extendedSeriesStatistics(
  contexts: readonly ArrayLike<number>[],
  { seasonLength }: { readonly seasonLength: number },
): Matrix {
  const nCols = EXTENDED_SERIES_NAMES.length;
  const data = new Float64Array(contexts.length * nCols);
  contexts.forEach((context, i) => {
    const { trend, seasonal, remainder } = decomposeSeasonally(context, seasonLength);
    data.set([strength(seasonal, remainder), strength(trend, remainder), hurstExponent(context)], i * nCols);
  });
  return { data, nRows: contexts.length, nCols };
}

/** max(0, 1 - Var(remainder) / Var(part + remainder)); 0 where nothing varies. */
function strength(part: Float64Array, remainder: Float64Array): number {
  const both = variance(part.map((value, t) => value + remainder[t]!), 0);
  return both > 0 ? Math.max(0, 1 - variance(remainder, 0) / both) : 0;
}

/** Shortest window, windows a series must hold of the longest, and how many lengths lie between. */
const SHORTEST = 8, FEWEST_WINDOWS = 4, N_LENGTHS = 12;

/**
 * Detrended fluctuation analysis of order one: the slope of log F(s) on log s, F the root mean square of the summed
 * series about a line in windows of s steps. 0.5 for white noise; above, fluctuations persist; 1.5 for a random walk.
 * @param values finite, shape [n], n >= 32
 * @returns unitless; 0.5 for a constant series
 * @throws {RangeError} if the series is too short
 * @see Peng et al. 1994, doi:10.1103/PhysRevE.49.1685
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { hurstExponent } from "lib/features/series_extended.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const rng = randomStream(1, "example");
 * const noise = Array.from({ length: 4096 }, () => rng.normal());
 * assert.ok(Math.abs(hurstExponent(noise) - 0.5) < 0.06);
 * ```
 */
export function hurstExponent(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < SHORTEST * FEWEST_WINDOWS) {
    throw new RangeError(
      `Cannot estimate a Hurst exponent: needs ${SHORTEST * FEWEST_WINDOWS} values, got ${n}`,
    );
  }
  let mean = 0;
  for (let t = 0; t < n; t++) mean += values[t]! / n;
  let sum = 0;
  const profile = Float64Array.from(values, (value) => sum += value - mean);
  const longest = n / FEWEST_WINDOWS;
  const lengths = new Set(
    Array.from(
      { length: N_LENGTHS },
      (_, k) => Math.round(SHORTEST * (longest / SHORTEST) ** (k / (N_LENGTHS - 1))),
    ),
  );
  const points = [...lengths].map((s): [number, number] => [Math.log(s), Math.log(fluctuation(profile, s))]);
  const usable = points.filter(([, f]) => f > -Infinity);
  return usable.length < 2 ? 0.5 : slopeOf(usable);
}

/** Root mean square about a line, over whole windows of s steps from the beginning. */
function fluctuation(profile: Float64Array, s: number): number {
  const nWindows = Math.floor(profile.length / s), middle = (s - 1) / 2;
  const squares = s * (s * s - 1) / 12; // sum of (t - middle)^2
  let total = 0;
  for (let w = 0; w < nWindows; w++) {
    const own = profile.subarray(w * s, (w + 1) * s);
    let mean = 0, slope = 0;
    own.forEach((value, t) => {
      mean += value / s;
      slope += value * (t - middle) / squares;
    });
    own.forEach((value, t) => total += (value - mean - slope * (t - middle)) ** 2);
  }
  return Math.sqrt(total / (nWindows * s));
}

function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const x = mean(points.map((p) => p[0])), y = mean(points.map((p) => p[1]));
  const along = points.reduce((sum, p) => sum + (p[0] - x) * (p[1] - y), 0);
  return along / points.reduce((sum, p) => sum + (p[0] - x) * (p[0] - x), 0);
}
