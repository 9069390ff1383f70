/**
 * Continuous ranked probability score of a sample of paths: E|X - y| - E|X - X'| / 2, averaged over the horizon.
 * `biased` takes the second mean over all n^2 pairs (the published choice); `fair` over the n (n - 1) pairs of
 * different paths, which makes the score's expectation independent of the number of paths.
 */
import { GuardrailError } from "../guardrail.ts";
import type { Matrix } from "../math/matrix.ts";

/** Which pairs of paths estimate the spread. */
export type CrpsEstimator = "biased" | "fair";

/**
 * CRPS of sampled paths, in the units of the series.
 * @param paths sampled forecasts, shape [nPaths, nSteps]
 * @param truth observed values, shape [nSteps]
 * @param estimator `biased` over all pairs of paths, `fair` over pairs of different paths
 * @returns the mean over steps, >= 0 for `biased`
 * @throws {GuardrailError} "empty-split" without paths or steps, "non-finite" on NaN or infinity
 * @throws {RangeError} if the lengths differ, or for `fair` with one path
 * @see Gneiting & Raftery 2007, doi:10.1198/016214506000001437
 * @see Ferro 2014, doi:10.1002/qj.2270 (the fair estimator)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { crps } from "lib/stats/crps.ts";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * const paths = matrixFromRows([[0], [2]]);
 * assert.equal(crps(paths, [1], "biased"), 0.5);
 * assert.equal(crps(paths, [1], "fair"), 0);
 * ```
 */
export function crps(paths: Matrix, truth: ArrayLike<number>, estimator: CrpsEstimator): number {
  const perStep = crpsPerStep(paths, truth, estimator);
  let sum = 0;
  for (const value of perStep) sum += value;
  return sum / perStep.length;
}

/**
 * CRPS of every step, in O(n log n): sorted deviations d_(0) <= ... give the sum over all ordered pairs as
 * 2 sum_i (2 i - n + 1) d_(i).
 * @returns shape [nSteps]
 */
export function crpsPerStep(paths: Matrix, truth: ArrayLike<number>, estimator: CrpsEstimator): Float64Array {
  const { data, nRows: nPaths, nCols: nSteps } = paths;
  if (nPaths === 0 || nSteps === 0) {
    throw new GuardrailError("empty-split", `Cannot compute CRPS: got ${nPaths} paths of ${nSteps} steps`);
  }
  if (truth.length !== nSteps) {
    throw new RangeError(`Cannot compute CRPS: needs ${nSteps} observed values, got ${truth.length}`);
  }
  if (estimator === "fair" && nPaths < 2) {
    throw new RangeError("Cannot compute the fair CRPS: needs two paths or more, got 1");
  }
  const nPairs = estimator === "fair" ? nPaths * (nPaths - 1) : nPaths * nPaths;
  const deviations = new Float64Array(nPaths);
  return Float64Array.from({ length: nSteps }, (_, step) => {
    let distance = 0;
    for (let path = 0; path < nPaths; path++) {
      // Deviations from the truth, not raw values: a far-off level would cancel digits in the pair sum.
      const deviation = data[path * nSteps + step]! - truth[step]!;
      if (!Number.isFinite(deviation)) {
        throw new GuardrailError(
          "non-finite",
          `Cannot compute CRPS: path ${path} or the truth is not finite at step ${step}`,
        );
      }
      deviations[path] = deviation;
      distance += Math.abs(deviation);
    }
    deviations.sort();
    let spread = 0;
    for (let i = 0; i < nPaths; i++) spread += (2 * i - nPaths + 1) * deviations[i]!;
    return distance / nPaths - spread / nPairs;
  });
}
