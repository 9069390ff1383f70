/** The weighted logistic loss and its derivatives with respect to the margins. Always TypeScript: one `exp`. */
import { Scalar, type Workspace } from "./workspace.ts";

/**
 * sum_i c w_i log(1 + exp(-y_i z_i)), labels y as 0 or 1, at the workspace's margins; fills slope and weight
 * (float64 and float32) and their sums.
 * @param labels 0 or 1, shape [nRows]
 * @param weights shape [nRows]; a row of weight 0 takes no part
 * @param c multiplies every weight
 */
export function updateLoss(work: Workspace, labels: Uint8Array, weights: Float64Array, c: number): number {
  const { margin, slope, slope32, weight, weight32, scalars } = work;
  let loss = 0, slopeSum = 0, weightSum = 0;
  for (let i = 0; i < labels.length; i++) {
    const ci = c * weights[i]!;
    if (ci === 0) {
      slope[i] =
        slope32[i] =
        weight[i] =
        weight32[i] =
          0;
      continue;
    }
    const z = margin[i]!;
    const e = Math.exp(-Math.abs(z));
    const near = 1 / (1 + e), far = e * near; // probabilities of the likelier and the other class
    const positive = labels[i] === 1;
    const wrongSide = positive === z < 0;
    loss += ci * (Math.log1p(e) + (wrongSide ? Math.abs(z) : 0));
    const miss = ci * (wrongSide ? near : far); // weight times the probability of the other label
    const first = positive ? -miss : miss, second = ci * near * far;
    slope[i] = first;
    slope32[i] = first;
    slopeSum += first;
    weight[i] = second;
    weight32[i] = second;
    weightSum += second;
  }
  scalars[Scalar.slopeSum] = slopeSum;
  scalars[Scalar.weightSum] = weightSum;
  return loss;
}

/** The loss at margin + t * (change + shift), without touching the workspace. */
export function lossAlong(
  { margin }: Workspace,
  labels: Uint8Array,
  weights: Float64Array,
  step: {
    readonly c: number;
    readonly t: number;
    readonly change: Float64Array | Float32Array;
    readonly shift: number;
  },
): number {
  const { c, t, change, shift } = step;
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const ci = c * weights[i]!;
    if (ci === 0) continue;
    const z = margin[i]! + t * (change[i]! + shift);
    const wrongSide = (labels[i] === 1) === z < 0;
    loss += ci * (Math.log1p(Math.exp(-Math.abs(z))) + (wrongSide ? Math.abs(z) : 0));
  }
  return loss;
}
