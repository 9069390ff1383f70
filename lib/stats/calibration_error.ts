/**
 * Calibration error with bins of equal mass, and freed of its bias: a perfectly calibrated score has a positive
 * binned error because each bin's frequency is noisy, the more so the fewer items a bin holds.
 */
import { GuardrailError } from "../guardrail.ts";
import { normalCdf } from "../math/distributions.ts";
import type { ReliabilityBin } from "./calibration.ts";

/** Errors of one score vector. */
export interface CalibrationError {
  /** sum_b w_b |mean predicted - mean actual|, in [0, 1]: ECE */
  readonly ece: number;
  /** ece less its estimated excess; may be slightly negative */
  readonly debiasedEce: number;
  /** sum_b w_b (mean predicted - mean actual)^2 */
  readonly squaredError: number;
  /** squaredError less the bins' sampling variance: unbiased for the binned score; may be negative */
  readonly debiasedSquaredError: number;
  /** `center` is the bin's mean prediction */
  readonly bins: readonly ReliabilityBin[];
}

/**
 * Equal-mass calibration errors. Sorted items are cut into nBins runs whose sizes differ by one at most; equal
 * probabilities are never parted (they fall to the lower bin), and a bin of one item, whose variance is unknown,
 * joins the one below. With w_b, c_b and y_b a bin's weight, mean prediction and frequency, d_b = y_b - c_b and
 * s_b^2 = y_b (1 - y_b) / n_b: `ece = sum w_b |d_b|` and `debiased = sum w_b (2 |d_b| - E|N(d_b, s_b^2)|)`,
 * the expectation in closed form; `debiased squared = sum w_b (d_b^2 - y_b (1 - y_b) / (n_b - 1))`. The squared one
 * is unbiased; the absolute one keeps 2 - sqrt 2 = 0.59 of the excess where a bin is calibrated perfectly.
 * @param labels 0 or 1, shape [n]
 * @param probabilities in [0, 1], shape [n]
 * @throws {GuardrailError} "empty-split" with fewer than two items, "non-finite" if a value is NaN or infinite
 * @throws {RangeError} if lengths differ, a label is not 0 or 1, a probability lies outside [0, 1], nBins < 1
 * @see Kumar, Liang & Ma 2019, arXiv:1909.10155, sections 4.1 (squared) and appendix (absolute); Roelofs et al. 2022,
 * arXiv:2012.08668 (equal mass)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { calibrationError } from "lib/stats/calibration_error.ts";
 * const { ece, debiasedEce } = calibrationError([0, 1, 0, 1], [0.4, 0.4, 0.6, 0.6], 2);
 * assert.ok(Math.abs(ece - 0.1) < 1e-12 && debiasedEce < 0);
 * ```
 */
export function calibrationError(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  nBins = 10,
): CalibrationError {
  requireProbabilities(labels, probabilities, nBins);
  const n = labels.length;
  let ece = 0;
  let debiasedEce = 0;
  let squaredError = 0;
  let debiasedSquaredError = 0;
  const bins = equalMassBins(labels, probabilities, nBins).map(
    ({ count, predicted, actual }): ReliabilityBin => {
      const meanPredicted = predicted / count;
      const meanActual = actual / count;
      const difference = Math.abs(meanActual - meanPredicted);
      const variance = meanActual * (1 - meanActual);
      const weight = count / n;
      ece += weight * difference;
      debiasedEce += weight * (2 * difference - foldedNormalMean(difference, Math.sqrt(variance / count)));
      squaredError += weight * difference * difference;
      debiasedSquaredError += weight * (difference * difference - (count > 1 ? variance / (count - 1) : 0));
      return { center: meanPredicted, count, meanPredicted, meanActual };
    },
  );
  return { ece, debiasedEce, squaredError, debiasedSquaredError, bins };
}

interface BinSums {
  count: number;
  predicted: number;
  actual: number;
}

function equalMassBins(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  nBins: number,
): BinSums[] {
  const n = labels.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i)
    .sort((a, b) => probabilities[a]! - probabilities[b]! || a - b);
  const bins: BinSums[] = [];
  let start = 0;
  for (let bin = 0; bin < nBins && start < n; bin++) {
    // The first n mod nBins runs have one item more, as in numpy.array_split.
    let end = Math.floor(n / nBins) * (bin + 1) + Math.min(bin + 1, n % nBins);
    while (end > 0 && end < n && probabilities[order[end]!] === probabilities[order[end - 1]!]) end++;
    if (end <= start) continue;
    const sums: BinSums = { count: end - start, predicted: 0, actual: 0 };
    for (; start < end; start++) {
      sums.predicted += probabilities[order[start]!]!;
      sums.actual += labels[order[start]!]!;
    }
    const below = bins.at(-1);
    if (below !== undefined && (sums.count === 1 || below.count === 1)) {
      below.count += sums.count;
      below.predicted += sums.predicted;
      below.actual += sums.actual;
    } else bins.push(sums);
  }
  return bins;
}

/** E|N(mean, deviation^2)| for mean >= 0. */
function foldedNormalMean(mean: number, deviation: number): number {
  if (deviation === 0) return mean;
  const z = mean / deviation;
  return deviation * Math.sqrt(2 / Math.PI) * Math.exp(-z * z / 2) + mean * (1 - 2 * normalCdf(-z));
}

function requireProbabilities(labels: ArrayLike<number>, p: ArrayLike<number>, nBins: number): void {
  if (!Number.isInteger(nBins) || nBins < 1) {
    throw new RangeError(`Cannot measure calibration: needs one bin or more, got ${nBins}`);
  }
  if (p.length !== labels.length) {
    throw new RangeError(
      `Cannot measure calibration: needs one label a probability, got ${labels.length} for ${p.length}`,
    );
  }
  if (p.length < 2) {
    throw new GuardrailError("empty-split", `Cannot measure calibration: needs two items, got ${p.length}`);
  }
  for (let i = 0; i < p.length; i++) {
    if (!Number.isFinite(p[i]!)) {
      throw new GuardrailError("non-finite", `Cannot measure calibration: got ${p[i]} in row ${i}`);
    }
    if (p[i]! < 0 || p[i]! > 1 || labels[i] !== 0 && labels[i] !== 1) {
      throw new RangeError(
        `Cannot measure calibration: needs labels 0 or 1 and probabilities in [0, 1], got ${labels[i]} and ` +
          `${p[i]} in row ${i}`,
      );
    }
  }
}
