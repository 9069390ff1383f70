/**
 * Calibration of a probe's scores: Platt and isotonic curves are fitted to out-of-fold scores of the train split
 * and applied to the test split, so no test label is seen.
 */
import { type Matrix, selectRows } from "../math/matrix.ts";
import { auroc } from "../stats/auroc.ts";
import { calibration } from "../stats/calibration.ts";
import type { Fold } from "../stats/folds.ts";
import { fitIsotonic, predictIsotonic } from "../stats/isotonic.ts";
import { fitPlatt, type PlattFit, predictPlatt } from "../stats/platt.ts";

/** Fits a probe on some rows and returns what scores other rows, as probabilities. */
export type FitProbe = (
  train: Matrix,
  labels: ArrayLike<number>,
  c: number,
) => (rows: Matrix) => Float64Array;

/** Quality of one set of test probabilities. */
export interface CalibrationMetrics {
  readonly ece: number;
  readonly brier: number;
  readonly auroc: number;
}

/** The three variants of a rung; the value of a rung's key in the published `recalibration_results.json`. */
export interface RecalibrationMetrics {
  readonly raw: CalibrationMetrics;
  readonly platt: CalibrationMetrics;
  readonly isotonic: CalibrationMetrics;
}

/** Everything a recalibration yields. */
export interface Recalibration {
  readonly metrics: RecalibrationMetrics;
  /** Test probabilities by variant, each of shape [nTest]. */
  readonly probabilities: Readonly<Record<"raw" | "platt" | "isotonic", Float64Array>>;
  readonly platt: PlattFit;
  /** False if Platt's slope is <= 0: the out-of-fold scores do not rise with difficulty (flaw F15). */
  readonly calibratable: boolean;
}

/**
 * Calibrates test scores with curves fitted to out-of-fold train scores.
 * @param train out-of-fold scores and labels of the train split, shape [nTrain]
 * @param test scores (probabilities) and labels of the test split, shape [nTest]
 * @param options which Platt fit: see fitPlatt()
 * @throws {GuardrailError} "single-class", "non-finite" or "empty-split", for either split
 * @throws {RangeError} if lengths differ or a test score lies outside [0, 1]
 * @see Platt 1999 (fitPlatt()); Zadrozny & Elkan 2002, doi:10.1145/775047.775151 (fitIsotonic())
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { recalibrate } from "lib/questions/recalibrate.ts";
 * const train = { scores: [0.6, 0.7, 0.8, 0.9], labels: [0, 0, 1, 1] };
 * const { metrics } = recalibrate(train, { scores: [0.65, 0.85], labels: [0, 1] }, { platt: "optimum" });
 * assert.ok(metrics.isotonic.brier < metrics.raw.brier);
 * ```
 */
export function recalibrate(
  train: { readonly scores: ArrayLike<number>; readonly labels: ArrayLike<number> },
  test: { readonly scores: ArrayLike<number>; readonly labels: ArrayLike<number> },
  options: { readonly platt: "optimum" | "published" },
): Recalibration {
  const platt = fitPlatt(train.scores, train.labels, options.platt);
  const isotonic = fitIsotonic(train.scores, train.labels);
  const probabilities = {
    raw: Float64Array.from(test.scores),
    platt: predictPlatt(platt, test.scores),
    isotonic: predictIsotonic(isotonic, test.scores),
  };
  const measure = (p: Float64Array): CalibrationMetrics => {
    const { ece, brier } = calibration(test.labels, p);
    return { ece, brier, auroc: auroc(p, test.labels) };
  };
  return {
    metrics: {
      raw: measure(probabilities.raw),
      platt: measure(probabilities.platt),
      isotonic: measure(probabilities.isotonic),
    },
    probabilities,
    platt,
    calibratable: platt.slope > 0,
  };
}

/**
 * Scores of every row by a probe that did not see it.
 * @param matrix shape [n, nFeatures]; the published run passes features that are not standardised (flaw F15)
 * @param labels 0 or 1, shape [n]
 * @param options folds that partition the rows (published: kFold() with 5 splits and seed 42), C, and the fit
 * @returns shape [n]
 * @throws {RangeError} if the folds' test rows do not partition the rows
 */
export function outOfFoldScores(
  matrix: Matrix,
  labels: ArrayLike<number>,
  options: { readonly folds: readonly Fold[]; readonly c: number; readonly fit: FitProbe },
): Float64Array {
  const scores = new Float64Array(matrix.nRows);
  const visits = new Uint8Array(matrix.nRows);
  for (const { train, test } of options.folds) {
    const score = options.fit(selectRows(matrix, train), pick(labels, train), options.c);
    score(selectRows(matrix, test)).forEach((value, i) => {
      scores[test[i]!] = value;
      visits[test[i]!]!++;
    });
  }
  const missed = visits.findIndex((count) => count !== 1);
  if (missed >= 0) {
    throw new RangeError(
      `Cannot score out of fold: needs each row in one test fold, row ${missed} is in ${visits[missed]}`,
    );
  }
  return scores;
}

/**
 * The published recalibration of one rung: out-of-fold train scores, a probe on all train rows for the test rows,
 * then both curves.
 * @param train features and labels, shapes [nTrain, nFeatures] and [nTrain]
 * @param test features and labels, shapes [nTest, nFeatures] and [nTest]
 */
export function recalibrateProbe(
  train: { readonly matrix: Matrix; readonly labels: ArrayLike<number> },
  test: { readonly matrix: Matrix; readonly labels: ArrayLike<number> },
  options: {
    readonly folds: readonly Fold[];
    readonly c: number;
    readonly fit: FitProbe;
    readonly platt: "optimum" | "published";
  },
): Recalibration {
  const outOfFold = outOfFoldScores(train.matrix, train.labels, options);
  const testScores = options.fit(train.matrix, train.labels, options.c)(test.matrix);
  return recalibrate(
    { scores: outOfFold, labels: train.labels },
    { scores: testScores, labels: test.labels },
    options,
  );
}

function pick(values: ArrayLike<number>, rows: Uint32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]!);
}
