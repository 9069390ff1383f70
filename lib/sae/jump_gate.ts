/**
 * JumpReLU's thresholds: act = pre * [pre > threshold]. Lists hold every entry above threshold - bandwidth / 2, because
 * thresholds learn from entries on both sides; those below the threshold have activation 0.
 *
 *     d act / d threshold = -(threshold / bandwidth) K((pre - threshold) / bandwidth)
 *     d L0  / d threshold = -(1 / bandwidth) K((pre - threshold) / bandwidth),   K(u) = [|u| < 1/2]
 *
 * @see Rajamanoharan et al. 2024, doi:10.48550/arXiv.2407.14435, equations 11 and 12
 */
import type { RowLists } from "./entry_lists.ts";
import type { SaeVariant } from "./rules.ts";
import { thresholds, type TrainingState } from "./training_state.ts";

type JumpVariant = Extract<SaeVariant, { kind: "jumprelu" }>;

/** The gate between selection and decoding. */
export interface JumpGate {
  /** Lower edges of the windows, or the thresholds where a window would reach below 0. */
  setBoundsInPlace(bounds: Float32Array): void;
  /** Sets activations below the thresholds to 0, keeping the pre-activations for differentiate(). */
  closeGates(nRows: number): void;
  /** Writes the thresholds' gradient, removes that of closed entries, and returns the mean L0. */
  differentiate(nRows: number): number;
}

/** Makes a gate over row lists whose `acts` selection fills with pre-activations. */
export function createJumpGate(
  { bandwidth, l0Coefficient }: JumpVariant,
  { parameters }: TrainingState,
  { latents, acts, grads, ends }: RowLists,
): JumpGate {
  const logThreshold = parameters.logThreshold!;
  const dSae = logThreshold.d;
  const half = bandwidth / 2;
  let threshold = new Float32Array(dSae);
  const pre = new Float32Array(acts.view.length); // pages of it take memory only when used

  return {
    setBoundsInPlace(bounds) {
      threshold = new Float32Array(thresholds(logThreshold.value.view.subarray(0, dSae)));
      for (let f = 0; f < dSae; f++) bounds[f] = threshold[f]! - half;
    },
    closeGates(nRows) {
      const n = ends.view[nRows - 1]!;
      for (let e = 0; e < n; e++) {
        pre[e] = acts.view[e]!;
        if (pre[e]! <= threshold[latents.view[e]!]!) acts.view[e] = 0;
      }
    },
    differentiate(nRows) {
      const gradient = new Float64Array(dSae);
      const n = ends.view[nRows - 1]!;
      let nOpen = 0;
      for (let e = 0; e < n; e++) {
        const f = latents.view[e]!;
        const theta = threshold[f]!;
        if (Math.abs(pre[e]! - theta) < half) {
          gradient[f]! -= (theta * grads.view[e]! + l0Coefficient / nRows) / bandwidth;
        }
        if (pre[e]! > theta) nOpen++;
        else grads.view[e] = 0;
      }
      // The parameter is the threshold's logarithm.
      for (let f = 0; f < dSae; f++) logThreshold.gradient.view[f] = gradient[f]! * threshold[f]!;
      return nOpen / nRows;
    },
  };
}
