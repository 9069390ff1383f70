/**
 * Calibration, corrected: the ladder's own scores are recalibrated (same scaler, same C) from out-of-fold train
 * scores, by Platt, isotonic and beta curves; a score whose Platt slope is not positive is called not calibratable
 * instead of being turned around (flaw F15). For overlapping windows take the folds from purgedKFold().
 */
import type { Matrix } from "../math/matrix.ts";
import { auroc } from "../stats/auroc.ts";
import { type BetaFit, fitBeta, predictBeta } from "../stats/beta_calibration.ts";
import { calibration, type ReliabilityBin } from "../stats/calibration.ts";
import { calibrationError } from "../stats/calibration_error.ts";
import { fitIsotonic, predictIsotonic } from "../stats/isotonic.ts";
import { decisionFunction, fitLogistic, sigmoid } from "../stats/l1_logistic.ts";
import { fitPlatt, type PlattFit, predictPlatt } from "../stats/platt.ts";
import { fitStandardScaler } from "../stats/standard_scaler.ts";

/** Quality of one set of test probabilities. */
export interface CorrectedCalibrationMetrics {
  /** The published ten equally wide bins. */
  readonly ece: number;
  /** Bins of equal mass, plain and freed of their bias. */
  readonly ece_equal_mass: number;
  readonly ece_debiased: number;
  readonly squared_error_debiased: number;
  readonly brier: number;
  readonly auroc: number;
  /** Bins of equal mass. */
  readonly bins: readonly ReliabilityBin[];
}

/** The curves; `raw` is the score as it is. */
export type CalibrationCurve = "raw" | "platt" | "isotonic" | "beta";

/** Everything a corrected recalibration yields. */
export interface CorrectedRecalibration {
  readonly calibratable: boolean;
  /** why not; null if it is */
  readonly reason: string | null;
  readonly platt: PlattFit;
  /** null where the score is not calibratable */
  readonly beta: BetaFit | null;
  /** Only `raw` where the score is not calibratable. */
  readonly metrics: Readonly<Partial<Record<CalibrationCurve, CorrectedCalibrationMetrics>>>;
  /** Test probabilities, each of shape [nTest]; only `raw` where the score is not calibratable. */
  readonly probabilities: Readonly<Partial<Record<CalibrationCurve, Float64Array>>>;
}

/**
 * Recalibrates a rung's own test scores with curves fitted to its out-of-fold train scores.
 * @param train out-of-fold scores (probabilities) and labels, shape [nTrain]
 * @param test scores (probabilities) and labels, shape [nTest]
 * @throws {GuardrailError} "single-class", "non-finite" or "empty-split", for either split
 * @throws {RangeError} if lengths differ or a score lies outside [0, 1]
 * @see Platt 1999; Zadrozny & Elkan 2002, doi:10.1145/775047.775151; Kull et al. 2017 (beta_calibration.ts);
 * Kumar et al. 2019, arXiv:1909.10155 (calibration_error.ts)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recalibrateCorrected } from "lib/questions/recalibrate_corrected.ts";
 * const upside = { scores: [0.2, 0.4, 0.6, 0.8, 0.9], labels: [1, 1, 0, 0, 1] };
 * const result = recalibrateCorrected(upside, { scores: [0.3, 0.7], labels: [0, 1] });
 * assert.equal(result.calibratable, false);
 * assert.equal(result.metrics.platt, undefined);
 * ```
 */
export function recalibrateCorrected(
  train: { readonly scores: ArrayLike<number>; readonly labels: ArrayLike<number> },
  test: { readonly scores: ArrayLike<number>; readonly labels: ArrayLike<number> },
  { nBins = 10 }: { readonly nBins?: number } = {},
): CorrectedRecalibration {
  const platt = fitPlatt(train.scores, train.labels, "optimum");
  const calibratable = platt.slope > 0;
  const beta = calibratable ? fitBeta(train.scores, train.labels) : null;
  const probabilities: Partial<Record<CalibrationCurve, Float64Array>> = {
    raw: Float64Array.from(test.scores),
    ...(beta && {
      platt: predictPlatt(platt, test.scores),
      isotonic: predictIsotonic(fitIsotonic(train.scores, train.labels), test.scores),
      beta: predictBeta(beta, test.scores),
    }),
  };
  const metrics = Object.fromEntries(
    Object.entries(probabilities).map(([curve, p]) => [curve, measure(test.labels, p, nBins)]),
  );
  const reason = `not calibratable: needs a Platt slope > 0 on out-of-fold train scores, got ${
    Number(platt.slope.toPrecision(4))
  }`;
  return { calibratable, reason: calibratable ? null : reason, platt, beta, metrics, probabilities };
}

/**
 * The ladder's own fit for outOfFoldScores(): columns standardised on the rows it trains on, L1 logistic regression
 * at the given C, probabilities out.
 */
export function fitStandardizedProbe(train: Matrix, labels: ArrayLike<number>, c: number) {
  const scaler = fitStandardScaler(train);
  const fit = fitLogistic(train, labels, { c, scaler });
  return (rows: Matrix): Float64Array => decisionFunction(rows, fit, { scaler }).map(sigmoid);
}

function measure(labels: ArrayLike<number>, p: Float64Array, nBins: number): CorrectedCalibrationMetrics {
  const { ece, brier } = calibration(labels, p);
  const equalMass = calibrationError(labels, p, nBins);
  return {
    ece,
    ece_equal_mass: equalMass.ece,
    ece_debiased: equalMass.debiasedEce,
    squared_error_debiased: equalMass.debiasedSquaredError,
    brier,
    auroc: auroc(p, labels),
    bins: equalMass.bins,
  };
}
