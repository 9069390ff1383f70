/**
 * Q3 for forecasts: intervals made to cover by conformalised quantile regression on calibration items, their coverage
 * on new ones, and their width as a difficulty score that is known before the truth is.
 */
import { auroc } from "../stats/auroc.ts";
import {
  conformalizePaths,
  type IntervalCoverage,
  intervalCoverage,
  type Intervals,
  intervalWidths,
  stretchIntervals,
} from "../stats/conformal_interval.ts";

/** One level. */
export interface ConformalForecast {
  readonly alpha: number;
  readonly n_calibration: number;
  /** Moved outwards on either side; null where the calibration items are too few for the level. */
  readonly correction: number | null;
  /** Share of single observations inside, as forecast and corrected. */
  readonly raw: IntervalCoverage;
  readonly corrected: IntervalCoverage | null;
  /** Share of items whose whole path lies inside the corrected band: at least 1 - alpha in expectation. */
  readonly path_coverage: number | null;
}

/** Everything the question yields. */
export interface IntervalQuestion {
  readonly levels: readonly ConformalForecast[];
  /** Mean width of each new item's raw interval, shape [n]: higher is harder. One correction moves all alike. */
  readonly widths: Float64Array;
  /** Of the widths against the labels of the new items; null where none were given. */
  readonly auroc: number | null;
}

/**
 * Conformalises forecast intervals for each level, `[lower - q, upper + q]` with q from the calibration items' worst steps,
 * and scores difficulty by their mean width over the steps.
 * @param calibration items exchangeable with the new ones; `intervals[k]` belongs to `alphas[k]`
 * @param test new items
 * @param options levels; steps an item (1 unless told); labels of the new items, 0 or 1
 * @throws as conformalizePaths(); {RangeError} unless there is one pair of intervals a level
 * @see Romano, Patterson & Candes 2019, arXiv:1905.03222; whole paths by the worst step: conformalizePaths()
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { conformalForecast } from "lib/questions/intervals_corrected.ts";
 * const band = (n: number) => ({ lower: new Float64Array(n), upper: new Float64Array(n).fill(1) });
 * const { levels, auroc } = conformalForecast(
 *   { observed: [0.5, 2, -0.5], intervals: [band(3)] },
 *   { observed: [1.9, 0.5], intervals: [{ lower: Float64Array.of(0, 0), upper: Float64Array.of(2, 1) }] },
 *   { alphas: [0.25], labels: [1, 0] },
 * );
 * assert.deepEqual([levels[0]!.correction, levels[0]!.path_coverage, auroc], [1, 1, 1]);
 * ```
 */
export function conformalForecast(
  calibration: { readonly observed: ArrayLike<number>; readonly intervals: readonly Intervals[] },
  test: { readonly observed: ArrayLike<number>; readonly intervals: readonly Intervals[] },
  { alphas, nSteps = 1, labels }: {
    readonly alphas: readonly number[];
    readonly nSteps?: number;
    readonly labels?: ArrayLike<number>;
  },
): IntervalQuestion {
  if (
    alphas.length === 0 || [calibration, test].some(({ intervals }) => intervals.length !== alphas.length)
  ) {
    throw new RangeError(
      `Cannot conformalise: needs intervals for each of ${alphas.length} levels, got ` +
        `${calibration.intervals.length} and ${test.intervals.length}`,
    );
  }
  const levels = alphas.map((alpha, k): ConformalForecast => {
    const correction = conformalizePaths(calibration.observed, calibration.intervals[k]!, { alpha, nSteps });
    const raw = intervalCoverage(test.observed, test.intervals[k]!);
    const known = { alpha, n_calibration: correction.nItems, raw };
    if (!Number.isFinite(correction.amount)) {
      return { ...known, correction: null, corrected: null, path_coverage: null };
    }
    const stretched = stretchIntervals(test.intervals[k]!, correction);
    return {
      ...known,
      correction: correction.amount,
      corrected: intervalCoverage(test.observed, stretched),
      path_coverage: pathCoverage(test.observed, stretched, nSteps),
    };
  });
  const widths = intervalWidths(test.intervals[0]!, nSteps);
  return { levels, widths, auroc: labels ? auroc(widths, labels) : null };
}

function pathCoverage(observed: ArrayLike<number>, { lower, upper }: Intervals, nSteps: number): number {
  const n = observed.length / nSteps;
  let nInside = 0;
  for (let item = 0; item < n; item++) {
    let inside = true;
    for (let at = item * nSteps; at < (item + 1) * nSteps; at++) {
      inside &&= observed[at]! >= lower[at]! && observed[at]! <= upper[at]!;
    }
    if (inside) nInside++;
  }
  return nInside / n;
}
