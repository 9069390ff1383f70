/**
 * Intervals of causal effects on clustered items: of a mean, of the hard-minus-easy contrast, and of either over the
 * loss of cutting the hook out. Each is a function of sums over items, so one bootstrap of whole clusters serves all.
 */
import { normalTwoSidedP, studentTQuantile } from "../math/distributions.ts";
import type { RandomStream } from "../math/random.ts";
import { MIN_BOOTSTRAP_CLUSTERS } from "../stats/cluster_bootstrap.ts";
import { clusterT } from "../stats/cluster_t.ts";
import { clusterSums, indexClusters } from "../stats/clusters.ts";
import { percentileEstimate } from "../stats/estimate.ts";
import {
  hardMinusEasyInfluence,
  type Influence,
  meanDeltaInfluence,
  ratioInfluence,
} from "../stats/influence.ts";
import type { Inference } from "../stats/interval.ts";
import { minimumDetectableEffect } from "../stats/power.ts";

/** The items behind an effect. */
export interface EffectItems {
  /** 1 is hard; shape [n]. */
  readonly isHard: ArrayLike<number>;
  /** Cluster of each item, shape [n]. */
  readonly groups: readonly (string | number)[];
  readonly nResamples: number;
  /** A stream for each named estimate: the same cluster draws whatever else is computed. */
  readonly stream: (name: string) => RandomStream;
}

/**
 * What is estimated: the mean effect, mean(hard) - mean(easy), or either divided by the mean of `loss`.
 * @throws {GuardrailError} "single-class" for a contrast if all items are hard or none is, "non-finite" on such a value
 */
export function inferEffect(
  effects: Float64Array,
  items: EffectItems,
  { contrast, loss }: { readonly contrast: "mean" | "hard_minus_easy"; readonly loss?: Float64Array },
): Inference {
  const { isHard, groups, nResamples } = items;
  const point = contrast === "mean"
    ? meanDeltaInfluence(effects, new Float64Array(effects.length))
    : hardMinusEasyInfluence(effects, isHard);
  const analytic = clusterT(loss ? overLoss(point, loss) : point, groups);
  if (analytic.status === "underpowered") return analytic;
  const clusters = indexClusters(groups);
  const { nClusters } = clusters;
  if (nClusters < MIN_BOOTSTRAP_CLUSTERS) return analytic;
  const sumsOf = (values: ArrayLike<number>) => clusterSums(values, clusters);
  const hard = Float64Array.from(isHard);
  const hardEffects = sumsOf(effects.map((value, i) => value * hard[i]!));
  const allEffects = sumsOf(effects);
  const nHard = sumsOf(hard);
  const losses = loss && sumsOf(loss);
  const drawn = drawnClusters(items, nClusters);
  const draws: number[] = [];
  for (let r = 0; r < nResamples; r++) {
    let [n, effect, hardEffect, ofHard, lost] = [0, 0, 0, 0, 0];
    for (let k = r * nClusters; k < (r + 1) * nClusters; k++) {
      const c = drawn[k]!;
      n += clusters.sizes[c]!;
      effect += allEffects[c]!;
      hardEffect += hardEffects[c]!;
      ofHard += nHard[c]!;
      lost += losses?.[c] ?? 0;
    }
    const value = contrast === "mean"
      ? effect / n
      : hardEffect / ofHard - (effect - hardEffect) / (n - ofHard);
    const draw = losses ? value / (lost / n) : value;
    if (Number.isFinite(draw)) draws.push(draw); // a draw without hard or easy items says nothing
  }
  const { ciLow, ciHigh } = percentileEstimate(analytic.value, draws, expandedAlpha(nClusters));
  return { ...analytic, method: "cluster bootstrap", ciLow, ciHigh };
}

/** The same draws for every effect of the same items: drawn once. Shape [nResamples, nClusters]. */
function drawnClusters(items: EffectItems, nClusters: number): Uint32Array {
  const known = clusterDraws.get(items);
  if (known) return known;
  const drawn = new Uint32Array(items.nResamples * nClusters);
  const rng = items.stream("q2/clusters");
  for (let from = 0; from < drawn.length; from += nClusters) {
    rng.fillIntegersInPlace(drawn.subarray(from, from + nClusters), nClusters);
  }
  clusterDraws.set(items, drawn);
  return drawn;
}

const clusterDraws = new WeakMap<EffectItems, Uint32Array>();

/** The smallest effect this precision finds in four of five studies; null without an interval or without noise. */
export function detectable(inference: Inference): number | null {
  if (inference.status === "underpowered" || !(inference.standardError > 0)) return null;
  const { df, standardError } = inference;
  let perError = detectablePerError.get(df);
  if (perError === undefined) {
    perError = minimumDetectableEffect(0.8, { standardError: 1, df });
    detectablePerError.set(df, perError);
  }
  return perError * standardError;
}

/** It grows with the standard error and takes a second to find: one search for all effects of one df. */
const detectablePerError = new Map<number, number>();

/** Whether an interval leaves 0 out. */
export function excludesZero(inference: Inference | null): boolean {
  return inference?.status === "valid" && (inference.ciLow > 0 || inference.ciHigh < 0);
}

/** Whether cutting the hook out costs something: without that there is nothing to take a share of. */
export function lossIsReal(loss: Float64Array, items: EffectItems): boolean {
  const inference = inferEffect(loss, items, { contrast: "mean" });
  return inference.value > 0 && excludesZero(inference);
}

/** An estimate over the mean of `loss`, by the delta method. */
function overLoss(numerator: Influence, loss: Float64Array): Influence {
  const { value: bottom, influence } = meanDeltaInfluence(loss, new Float64Array(loss.length));
  if (bottom === 0) return ratioInfluence(loss, loss); // throws, naming what is missing
  const value = numerator.value / bottom;
  return { value, influence: numerator.influence.map((x, i) => (x - value * influence[i]!) / bottom) };
}

/**
 * 1 - coverage to ask of bootstrap percentiles so that nClusters units give 95 %.
 * @see Hesterberg 2015, section 3.6, doi:10.1080/00031305.2015.1089789
 */
function expandedAlpha(nClusters: number): number {
  return normalTwoSidedP(Math.sqrt(nClusters / (nClusters - 1)) * studentTQuantile(0.975, nClusters - 1));
}
