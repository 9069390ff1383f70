/** The augmented Dickey-Fuller test for a unit root, with a constant and the number of lags chosen by AIC. */
import { normalCdf } from "../math/distributions.ts";

/** The test's outcome. */
export interface AdfResult {
  /** t statistic of the lagged level; NaN when the series is fitted exactly (a constant one). */
  readonly statistic: number;
  /** MacKinnon's approximate p value of a unit root; NaN with the statistic. */
  readonly pValue: number;
  /** Lagged differences in the final regression. */
  readonly nLags: number;
  /** Observations in the final regression. */
  readonly nObservations: number;
  /** The best AIC over the common sample; -Infinity for an exact fit. */
  readonly aic: number;
}

/**
 * Regresses the differences on a constant, the lagged level and p lagged differences. p is chosen by AIC over
 * 0..maxLag on the sample they share, then refitted on all the observations p leaves:
 * `statsmodels.tsa.stattools.adfuller(series, autolag="AIC")`.
 * @param series shape [n], n >= 6, finite
 * @throws {RangeError} if the series is too short for the regression to have a residual
 * @see Said & Dickey 1984, doi:10.1093/biomet/71.3.599
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { adfTest } from "lib/features/adf.ts";
 * const alternating = Array.from({ length: 60 }, (_, i) => (i % 2) + 0.1 * Math.sin(i * i));
 * assert.ok(adfTest(alternating).pValue < 0.01);
 * ```
 */
export function adfTest(series: ArrayLike<number>): AdfResult {
  const n = series.length;
  if (n < 6) throw new RangeError(`Cannot run a Dickey-Fuller test: needs at least 6 values, got ${n}`);
  // Schwert's rule, and never more columns than half the sample
  const maxLag = Math.min(Math.floor(n / 2) - 2, Math.ceil(12 * Math.sqrt(Math.sqrt(n / 100))));
  const { nLags, aic } = chooseLags(series, maxLag);
  const { response, constant, level, differences } = regressors(series, nLags);
  // With the level last, its t statistic needs neither a back substitution nor a covariance matrix.
  const fit = leastSquares(response);
  for (const column of [constant, ...differences]) fit.addColumn(column);
  const before = fit.residualSumOfSquares();
  const projection = fit.addColumn(level);
  const nObservations = response.length;
  const variance = fit.residualSumOfSquares() / (nObservations - nLags - 2);
  const exact = before <= EXACT * EXACT * sumOfSquares(response);
  const statistic = exact ? NaN : projection / Math.sqrt(variance);
  return { statistic, pValue: mackinnonP(statistic), nLags, nObservations, aic };
}

/** Below this share of the response a residual is rounding error. */
const EXACT = 1e-13;

/** Log-likelihoods of all lag counts from one orthogonalisation, adding a column at a time. */
function chooseLags(series: ArrayLike<number>, maxLag: number): { nLags: number; aic: number } {
  const { response, constant, level, differences } = regressors(series, maxLag);
  const n = response.length;
  const total = sumOfSquares(response);
  const fit = leastSquares(response);
  fit.addColumn(constant);
  fit.addColumn(level);
  let best = { nLags: 0, aic: Infinity };
  for (let nLags = 0; nLags <= maxLag; nLags++) {
    if (nLags > 0) fit.addColumn(differences[nLags - 1]!);
    const residual = fit.residualSumOfSquares();
    const logLikelihood = residual <= EXACT * EXACT * total
      ? Infinity
      : -0.5 * n * (Math.log(2 * Math.PI) + Math.log(residual / n) + 1);
    const aic = -2 * logLikelihood + 2 * (nLags + 2);
    if (aic < best.aic) best = { nLags, aic };
  }
  return best;
}

/** Columns of the regression with `nLags` lagged differences; all have length n - 1 - nLags. */
function regressors(series: ArrayLike<number>, nLags: number) {
  const nRows = series.length - 1 - nLags;
  const column = (value: (row: number) => number) =>
    Float64Array.from({ length: nRows }, (_, row) => value(row));
  // row r explains the step from series[r + nLags] to its successor
  const difference = (lag: number) =>
    column((row) => series[row + nLags - lag + 1]! - series[row + nLags - lag]!);
  return {
    response: difference(0),
    constant: column(() => 1),
    level: column((row) => series[row + nLags]!),
    differences: Array.from({ length: nLags }, (_, i) => difference(i + 1)),
  };
}

/** Least squares by modified Gram-Schmidt: columns join one at a time, the residual is kept up to date. */
function leastSquares(response: Float64Array) {
  const residual = response.slice();
  const basis: Float64Array[] = [];

  /**
   * Adds a regressor; one that the earlier ones span changes nothing.
   * @returns the residual's projection on the regressor's new, normalised direction
   */
  function addColumn(column: Float64Array): number {
    const direction = column.slice();
    const before = Math.sqrt(sumOfSquares(direction));
    // twice is enough: Giraud, Langou & Rozloznik 2005, doi:10.1007/s00211-005-0615-4
    for (let pass = 0; pass < 2; pass++) {
      for (const q of basis) subtractInPlace(direction, dot(q, direction), q);
    }
    const norm = Math.sqrt(sumOfSquares(direction));
    if (!(norm > EXACT * before)) return 0;
    for (let i = 0; i < direction.length; i++) direction[i]! /= norm;
    basis.push(direction);
    const projection = dot(direction, residual);
    subtractInPlace(residual, projection, direction);
    return projection;
  }

  return { addColumn, residualSumOfSquares: () => sumOfSquares(residual) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function sumOfSquares(values: Float64Array): number {
  return dot(values, values);
}

function subtractInPlace(target: Float64Array, factor: number, values: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! -= factor * values[i]!;
}

/**
 * Approximate distribution of the statistic for a regression with a constant.
 * @see MacKinnon 1994, doi:10.1080/07350015.1994.10510005, table 3
 */
function mackinnonP(t: number): number {
  if (t > 2.74) return 1;
  if (t < -18.83) return 0;
  return normalCdf(
    t <= -1.61
      ? 2.1659 + t * (1.4412 + t * 0.038269)
      : 1.7339 + t * (0.93202 + t * (-0.12745 + t * -0.010368)),
  );
}
