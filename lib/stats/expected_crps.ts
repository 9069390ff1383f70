/**
 * Rao-Blackwellised CRPS of sampled paths: at every step a path's draw is replaced by the distribution that it was drawn
 * from. The expectation is the fair CRPS's, without the noise of the last draw of each path.
 */
import { GuardrailError } from "../guardrail.ts";

/** What one path's value at one step was drawn from. */
export interface ValueDistribution {
  /** Any order; equal values are fine. */
  readonly values: ArrayLike<number>;
  /** Same order, summing to 1. */
  readonly probabilities: ArrayLike<number>;
}

/**
 * `mean_i E|X_i - y| - sum_(i != j) E|X_i - X_j| / (2 n (n - 1))` with X_i from path i's conditional distribution, paths
 * independent, averaged over steps. A path is never paired with itself: two draws of one path share its past.
 * @param conditionals `conditionals[step][path]`, n >= 2 paths at every step
 * @param truth observed values, shape [nSteps]
 * @returns in the units of the values; as the fair CRPS, it may be below 0
 * @throws {GuardrailError} "empty-split" without steps, "non-finite" on a value that is NaN or infinite
 * @throws {RangeError} if lengths differ or there are fewer than two paths
 * @see Ferro 2014, doi:10.1002/qj.2270 (fair CRPS); Blackwell 1947, doi:10.1214/aoms/1177730497
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { expectedCrps } from "lib/stats/expected_crps.ts";
 * const coin = { values: [0, 2], probabilities: [0.5, 0.5] };
 * assert.equal(expectedCrps([[coin, coin]], [1]), 0.5); // E|X - 1| = 1, E|X - X'| = 1
 * ```
 */
export function expectedCrps(
  conditionals: readonly (readonly ValueDistribution[])[],
  truth: ArrayLike<number>,
): number {
  if (conditionals.length === 0) {
    throw new GuardrailError("empty-split", "Cannot compute CRPS: got no steps");
  }
  if (truth.length !== conditionals.length) {
    throw new RangeError(
      `Cannot compute CRPS: needs ${conditionals.length} observed values, got ${truth.length}`,
    );
  }
  const total = conditionals.reduce((sum, paths, step) => sum + ofStep(paths, truth[step]!, step), 0);
  return total / conditionals.length;
}

function ofStep(paths: readonly ValueDistribution[], truth: number, step: number): number {
  const n = paths.length;
  if (n < 2) throw new RangeError(`Cannot compute the fair CRPS: needs two paths or more, got ${n}`);
  const nAtoms = paths.reduce((sum, { values }) => sum + values.length, 0);
  const deviations = new Float64Array(nAtoms), masses = new Float64Array(nAtoms);
  let at = 0, distance = 0, samePath = 0;
  for (const { values, probabilities } of paths) {
    if (values.length !== probabilities.length) {
      throw new RangeError(
        `Cannot compute CRPS: needs ${values.length} probabilities at step ${step}, got ${probabilities.length}`,
      );
    }
    const first = at;
    for (let k = 0; k < values.length; k++, at++) {
      // Deviations from the truth, not raw values: a far-off level would cancel digits in the pair sum.
      const deviation = values[k]! - truth;
      if (!Number.isFinite(deviation)) {
        throw new GuardrailError(
          "non-finite",
          `Cannot compute CRPS: a value or the truth is not finite at step ${step}`,
        );
      }
      deviations[at] = deviation;
      masses[at] = probabilities[k]!;
      distance += probabilities[k]! * Math.abs(deviation);
    }
    samePath += pairDistance(deviations.subarray(first, at), masses.subarray(first, at));
  }
  const spread = pairDistance(deviations, masses) - samePath;
  return distance / n - spread / (2 * n * (n - 1));
}

/** Sum over ordered pairs of atoms of `m_i m_j |x_i - x_j|`: twice the area under F (M - F), M the total mass. */
function pairDistance(values: Float64Array, masses: Float64Array): number {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  let below = 0, area = 0;
  for (let k = 0; k + 1 < order.length; k++) {
    below += masses[order[k]!]!;
    area += (values[order[k + 1]!]! - values[order[k]!]!) * below * (total - below);
  }
  return 2 * area;
}
