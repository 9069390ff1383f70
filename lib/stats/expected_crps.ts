/**
 * The fair CRPS with the last draw of every path averaged out (Rao-Blackwell): a path's value at a step gives way to
 * the distribution that it was drawn from. Its expectation is the fair CRPS's, its variance is never larger.
 */
import { GuardrailError } from "../guardrail.ts";

/** What one path could have become at one step. */
export interface StepDistribution {
  /** In ascending order, in the units of the series. */
  readonly values: ArrayLike<number>;
  /** Same order, summing to 1. */
  readonly probabilities: ArrayLike<number>;
}

/**
 * mean over paths of E|X_p - y| less half the mean over pairs of different paths of E|X_p - X_q|, averaged over steps.
 * Given their histories paths are drawn independently, so that the second expectation factorises; a path with itself
 * is no pair.
 * @param distributions row-major, shape [nPaths, nSteps]
 * @param truth observed values, shape [nSteps]
 * @returns in the units of the series
 * @throws {GuardrailError} "empty-split" without steps, "non-finite" if the truth holds NaN or infinity
 * @throws {RangeError} with fewer than two paths, or shapes that disagree
 * @see Ferro 2014, doi:10.1002/qj.2270 (fair); Blackwell 1947, doi:10.1214/aoms/1177730497
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { expectedCrps } from "lib/stats/expected_crps.ts";
 * const coin = { values: [0, 2], probabilities: [0.5, 0.5] };
 * assert.equal(expectedCrps([coin, coin], [1]), 0.5); // 1 less half of the expected distance 1
 * ```
 */
export function expectedCrps(distributions: readonly StepDistribution[], truth: ArrayLike<number>): number {
  const nSteps = truth.length;
  if (nSteps === 0) throw new GuardrailError("empty-split", "Cannot compute CRPS: got no step");
  const nPaths = distributions.length / nSteps;
  if (!Number.isInteger(nPaths) || nPaths < 2) {
    throw new RangeError(
      `Cannot compute the expected CRPS: needs two paths or more of ${nSteps} steps, got ${distributions.length} distributions`,
    );
  }
  let sum = 0;
  for (let step = 0; step < nSteps; step++) {
    const y = truth[step]!;
    if (!Number.isFinite(y)) {
      throw new GuardrailError("non-finite", `Cannot compute CRPS: the truth is ${y} at step ${step}`);
    }
    const paths = Array.from({ length: nPaths }, (_, p) => distributions[p * nSteps + step]!);
    let distance = 0, within = 0;
    for (const path of paths) {
      distance += distanceTo(path, y);
      within += spreadOf(path);
    }
    const between = (spreadOf(mixtureOf(paths)) - within) / (nPaths * (nPaths - 1));
    sum += distance / nPaths - 0.5 * between;
  }
  return sum / nSteps;
}

function distanceTo({ values, probabilities }: StepDistribution, y: number): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += probabilities[k]! * Math.abs(values[k]! - y);
  return sum;
}

/** sum_kl w_k w_l |v_k - v_l|: twice the sum over gaps of the weight below times the weight above. */
function spreadOf({ values, probabilities }: StepDistribution): number {
  let total = 0;
  for (let k = 0; k < values.length; k++) total += probabilities[k]!;
  let below = 0, sum = 0;
  for (let k = 0; k + 1 < values.length; k++) {
    below += probabilities[k]!;
    sum += below * (total - below) * (values[k + 1]! - values[k]!);
  }
  return 2 * sum;
}

/** All values of all paths, in order, with their weights as they are. */
function mixtureOf(paths: readonly StepDistribution[]): StepDistribution {
  const n = paths.reduce((sum, { values }) => sum + values.length, 0);
  const values = new Float64Array(n), weights = new Float64Array(n);
  let at = 0;
  for (const path of paths) {
    for (let k = 0; k < path.values.length; k++, at++) {
      values[at] = path.values[k]!;
      weights[at] = path.probabilities[k]!;
    }
  }
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  return {
    values: Float64Array.from(order, (i) => values[i]!),
    probabilities: Float64Array.from(order, (i) => weights[i]!),
  };
}
