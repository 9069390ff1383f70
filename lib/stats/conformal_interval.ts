/**
 * Prediction intervals that cover at the level they claim, from any forecaster: split-conformal around a point
 * forecast and conformalised quantile regression around quantile forecasts. The width is a difficulty score.
 */
import { GuardrailError } from "../guardrail.ts";
import { argsort } from "../math/argsort.ts";

/** How far intervals must be stretched, learned on calibration items. */
export interface ConformalCorrection {
  /** Added on either side, in the units of the scores; negative shrinks, Infinity where items are too few. */
  readonly amount: number;
  /** 1 - coverage */
  readonly alpha: number;
  readonly nItems: number;
}

/** Lower and upper limits, each of shape [m]. */
export interface Intervals {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * The `ceil((n + 1)(1 - alpha))`-th smallest conformity score: a new exchangeable item's score is at most that with
 * probability 1 - alpha or more (and at most 1 - alpha + 1 / (n + 1) if scores are continuous).
 * @param scores conformity scores of calibration items, shape [n]; larger is worse
 * @param alpha in (0, 1)
 * @throws {GuardrailError} "empty-split" without items, "non-finite" if a score is NaN or infinite
 * @throws {RangeError} if alpha lies outside (0, 1)
 * @see Vovk, Gammerman & Shafer 2005, doi:10.1007/b106715; Lei et al. 2018, doi:10.1080/01621459.2017.1307116
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { conformalQuantile } from "lib/stats/conformal_interval.ts";
 * assert.equal(conformalQuantile([3, 1, 2, 4], 0.4).amount, 3); // ceil(5 x 0.6) = 3rd smallest
 * assert.equal(conformalQuantile([3, 1, 2, 4], 0.1).amount, Infinity); // needs 9 items
 * ```
 */
export function conformalQuantile(scores: ArrayLike<number>, alpha: number): ConformalCorrection {
  const n = scores.length;
  if (!(alpha > 0 && alpha < 1)) {
    throw new RangeError(`Cannot conformalise: needs alpha in (0, 1), got ${alpha}`);
  }
  if (n === 0) throw new GuardrailError("empty-split", "Cannot conformalise: needs items, got none");
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(scores[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot conformalise: needs finite scores, got ${scores[i]} in row ${i}`,
      );
    }
  }
  const rank = Math.ceil((n + 1) * (1 - alpha) - 1e-9); // 10 x 0.9 is 9, whatever its last bit
  const sorted = Float64Array.from(scores).sort();
  return { amount: rank > n ? Infinity : sorted[rank - 1]!, alpha, nItems: n };
}

/**
 * Split-conformal correction of point forecasts: scores |y - forecast|, divided by a scale where one is given
 * (locally weighted, so that intervals widen where the model says it is unsure).
 * @param observed shape [n]
 * @param forecast shape [n]
 * @param scale positive, shape [n]
 * @throws as conformalQuantile(); {RangeError} if lengths differ or a scale is not positive
 * @see Lei et al. 2018, doi:10.1080/01621459.2017.1307116, algorithm 2 and section 5.2
 */
export function conformalizePoints(
  observed: ArrayLike<number>,
  forecast: ArrayLike<number>,
  { alpha, scale }: { readonly alpha: number; readonly scale?: ArrayLike<number> },
): ConformalCorrection {
  requireLengths(observed, [forecast, ...(scale ? [scale] : [])]);
  const scores = Float64Array.from(
    { length: observed.length },
    (_, i) => Math.abs(observed[i]! - forecast[i]!) / positive(scale?.[i] ?? 1, i),
  );
  return conformalQuantile(scores, alpha);
}

/**
 * Correction of quantile forecasts: with q the conformalQuantile() of the scores `max(lower - y, y - upper)`, the
 * interval `[lower - q, upper + q]` covers a new item with probability 1 - alpha; one that is too wide shrinks (q < 0).
 * @param observed shape [n]
 * @param intervals quantile forecasts at alpha / 2 and 1 - alpha / 2 (any other pair keeps the guarantee)
 * @throws as conformalQuantile(); {RangeError} if lengths differ
 * @see Romano, Patterson & Candes 2019, arXiv:1905.03222, algorithm 1
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { conformalizeQuantiles } from "lib/stats/conformal_interval.ts";
 * const intervals = { lower: Float64Array.of(0, 0, 0), upper: Float64Array.of(1, 1, 1) };
 * assert.equal(conformalizeQuantiles([0.5, 2, -0.5], intervals, { alpha: 0.25 }).amount, 1);
 * ```
 */
export function conformalizeQuantiles(
  observed: ArrayLike<number>,
  { lower, upper }: Intervals,
  { alpha }: { readonly alpha: number },
): ConformalCorrection {
  requireLengths(observed, [lower, upper]);
  const scores = Float64Array.from(
    { length: observed.length },
    (_, i) => Math.max(lower[i]! - observed[i]!, observed[i]! - upper[i]!),
  );
  return conformalQuantile(scores, alpha);
}

/**
 * Whole forecasts: one correction for all steps, such that a new item's entire path lies inside with probability
 * 1 - alpha (an item's score is its worst step).
 * @param observed row-major, shape [n, nSteps]
 * @param intervals row-major, shape [n, nSteps]
 * @throws as conformalizeQuantiles(); {RangeError} if the rows are not whole
 */
export function conformalizePaths(
  observed: ArrayLike<number>,
  { lower, upper }: Intervals,
  { alpha, nSteps }: { readonly alpha: number; readonly nSteps: number },
): ConformalCorrection {
  requireLengths(observed, [lower, upper]);
  const n = observed.length / nSteps;
  if (!Number.isInteger(n)) {
    throw new RangeError(`Cannot conformalise: needs rows of ${nSteps} steps, got ${observed.length} values`);
  }
  const scores = new Float64Array(n).fill(-Infinity);
  for (let i = 0; i < observed.length; i++) {
    const row = Math.floor(i / nSteps);
    const step = Math.max(lower[i]! - observed[i]!, observed[i]! - upper[i]!);
    scores[row] = step > scores[row]! || Number.isNaN(step) ? step : scores[row]!;
  }
  return conformalQuantile(scores, alpha);
}

/**
 * New intervals: each limit moved out by the correction, times the item's scale where one was used. Limits that
 * would cross meet in the middle.
 * @param intervals forecasts' limits (a point forecast twice), shape [m]
 */
export function stretchIntervals(
  { lower, upper }: Intervals,
  { amount }: ConformalCorrection,
  scale?: ArrayLike<number>,
): Intervals {
  const by = (i: number) => amount * positive(scale?.[i] ?? 1, i);
  const middle = (i: number) => (lower[i]! + upper[i]!) / 2;
  const crossed = (i: number) => lower[i]! - by(i) > upper[i]! + by(i);
  return {
    lower: Float64Array.from(lower, (limit, i) => crossed(i) ? middle(i) : limit - by(i)),
    upper: Float64Array.from(upper, (limit, i) => crossed(i) ? middle(i) : limit + by(i)),
  };
}

/**
 * Mean width of each item's intervals: a difficulty score that needs no label (higher is harder). One correction
 * for all items moves every width alike and leaves the ranking; a scaled or a per-step one does not.
 * @param intervals row-major, shape [n, nSteps]
 * @returns shape [n]
 */
export function intervalWidths({ lower, upper }: Intervals, nSteps = 1): Float64Array {
  const n = lower.length / nSteps;
  if (!Number.isInteger(n) || upper.length !== lower.length) {
    throw new RangeError(
      `Cannot take widths: needs rows of ${nSteps} steps, got ${lower.length} and ${upper.length} limits`,
    );
  }
  const widths = new Float64Array(n);
  for (let i = 0; i < lower.length; i++) widths[Math.floor(i / nSteps)]! += (upper[i]! - lower[i]!) / nSteps;
  return widths;
}

/** Share of observations inside, and by tenth of the width (do wide intervals earn their width?). */
export interface IntervalCoverage {
  readonly coverage: number;
  readonly meanWidth: number;
  /** from the narrowest tenth to the widest */
  readonly byWidth: readonly {
    readonly meanWidth: number;
    readonly coverage: number;
    readonly count: number;
  }[];
}

/**
 * Coverage and width of intervals on new items.
 * @param nBands equally filled bands of width, 10 unless told
 * @throws {GuardrailError} "empty-split" without items
 * @throws {RangeError} if lengths differ
 */
export function intervalCoverage(
  observed: ArrayLike<number>,
  { lower, upper }: Intervals,
  nBands = 10,
): IntervalCoverage {
  const n = observed.length;
  requireLengths(observed, [lower, upper]);
  if (n === 0) throw new GuardrailError("empty-split", "Cannot measure coverage: needs items, got none");
  const widths = Float64Array.from(lower, (limit, i) => upper[i]! - limit);
  const order = argsort(widths);
  const summarise = (rows: Uint32Array) => {
    let inside = 0;
    let width = 0;
    for (const row of rows) {
      if (observed[row]! >= lower[row]! && observed[row]! <= upper[row]!) inside++;
      width += widths[row]!;
    }
    return { meanWidth: width / rows.length, coverage: inside / rows.length, count: rows.length };
  };
  const bands = Math.min(nBands, n);
  const { coverage, meanWidth } = summarise(order);
  return {
    coverage,
    meanWidth,
    byWidth: Array.from(
      { length: bands },
      (_, band) =>
        summarise(order.subarray(Math.floor(band * n / bands), Math.floor((band + 1) * n / bands))),
    ),
  };
}

function requireLengths(observed: ArrayLike<number>, columns: readonly ArrayLike<number>[]): void {
  for (const column of columns) {
    if (column.length !== observed.length) {
      throw new RangeError(
        `Cannot conformalise: needs ${observed.length} forecasts as there are observations, got ${column.length}`,
      );
    }
  }
}

function positive(scale: number, row: number): number {
  if (!(scale > 0)) throw new RangeError(`Cannot conformalise: needs scales > 0, got ${scale} in row ${row}`);
  return scale;
}
