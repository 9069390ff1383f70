/** How well probabilities match outcomes: expected calibration error, Brier score, points of a reliability diagram. */
import { GuardrailError } from "../guardrail.ts";
import { mean } from "../math/sum.ts";

/** One bin of a reliability diagram; means are NaN where the bin is empty. */
export interface ReliabilityBin {
  readonly center: number;
  readonly count: number;
  readonly meanPredicted: number;
  /** Fraction of the bin's items that are positive. */
  readonly meanActual: number;
}

/** Calibration of one score vector. */
export interface Calibration {
  /** Expected calibration error, in [0, 1]: |mean predicted - mean actual| weighted by bin size. */
  readonly ece: number;
  /** Mean squared difference of probability and outcome, in [0, 1]. */
  readonly brier: number;
  /** All bins, empty ones too, from 0 to 1. */
  readonly bins: readonly ReliabilityBin[];
}

/**
 * ECE, Brier score and reliability bins of predicted probabilities: with n_b items, mean prediction c_b and frequency
 * y_b in bin b, `ECE = sum_b n_b / n |y_b - c_b|`; `Brier = 1/n sum_i (p_i - y_i)^2`. Bins are equally wide, closed on the left;
 * 1 belongs to the last. Their edges are `numpy.linspace(0, 1, nBins + 1)`, in which 3/10 is 0.30000000000000004.
 * @param labels 0 or 1, shape [n]
 * @param probabilities in [0, 1], shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" if a value is NaN or infinite
 * @throws {RangeError} if lengths differ, a label is not 0 or 1, a probability lies outside [0, 1], nBins < 1
 * @see Naeini, Cooper & Hauskrecht 2015, doi:10.1609/aaai.v29i1.9602 (ECE); Brier 1950,
 * doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { calibration } from "lib/stats/calibration.ts";
 * const { ece, brier } = calibration([0, 1, 1, 1], [0.75, 0.75, 0.75, 0.75], 10);
 * assert.equal(ece, 0);
 * assert.equal(brier, 0.1875);
 * ```
 */
export function calibration(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  nBins = 10,
): Calibration {
  const n = labels.length;
  requireProbabilities(labels, probabilities, nBins);
  const inBin = binIndices(probabilities, nBins);
  const counts = new Uint32Array(nBins);
  for (const bin of inBin) counts[bin]!++;
  const predicted = Array.from(counts, (count) => new Float64Array(count));
  const actual = Array.from(counts, (count) => new Float64Array(count));
  const squares = new Float64Array(n);
  counts.fill(0);
  for (let i = 0; i < n; i++) {
    const bin = inBin[i]!;
    const at = counts[bin]!++;
    predicted[bin]![at] = probabilities[i]!;
    actual[bin]![at] = labels[i]!;
    const error = probabilities[i]! - labels[i]!;
    squares[i] = error * error;
  }
  const bins = predicted.map((values, bin): ReliabilityBin => ({
    center: (edge(bin, nBins) + edge(bin + 1, nBins)) / 2,
    count: values.length,
    meanPredicted: mean(values),
    meanActual: mean(actual[bin]!),
  }));
  const ece = bins.filter(({ count }) => count > 0)
    .reduce((sum, bin) => sum + bin.count / n * Math.abs(bin.meanPredicted - bin.meanActual), 0);
  return { ece, brier: mean(squares), bins };
}

/**
 * The bin of each probability, as calibration() assigns it.
 * @param probabilities in [0, 1], shape [n]
 * @returns 0..nBins-1, shape [n]
 */
export function binIndices(probabilities: ArrayLike<number>, nBins: number): Uint32Array {
  const edges = Float64Array.from({ length: nBins }, (_, bin) => edge(bin, nBins));
  return Uint32Array.from(probabilities, (p) => {
    // p * nBins may round across an edge, so it is only the first guess.
    let bin = Math.min(nBins - 1, Math.floor(p * nBins));
    if (p < edges[bin]!) bin--;
    else if (bin + 1 < nBins && p >= edges[bin + 1]!) bin++;
    return bin;
  });
}

/** Edge i of numpy.linspace(0, 1, nBins + 1). */
function edge(i: number, nBins: number): number {
  return i === nBins ? 1 : i * (1 / nBins);
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
  if (p.length === 0) {
    throw new GuardrailError("empty-split", "Cannot measure calibration: needs items, got none");
  }
  for (let i = 0; i < p.length; i++) {
    if (!Number.isFinite(p[i]!)) {
      throw new GuardrailError("non-finite", `Cannot measure calibration: got ${p[i]} in row ${i}`);
    }
    if (p[i]! < 0 || p[i]! > 1) {
      throw new RangeError(
        `Cannot measure calibration: needs probabilities in [0, 1], got ${p[i]} in row ${i}`,
      );
    }
    if (labels[i] !== 0 && labels[i] !== 1) {
      throw new RangeError(
        `Cannot measure calibration: needs labels 0 or 1, got ${labels[i]} in row ${i}`,
      );
    }
  }
}
