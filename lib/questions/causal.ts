/**
 * Q2, causal: what a per-item metric does when a layer's output is replaced by its sparse reconstruction, and when
 * one latent is removed from that reconstruction besides. Here: from per-item values to effects with intervals.
 */
import type { RandomStream } from "../math/random.ts";
import { mean } from "../math/sum.ts";
import { pairedDifferences } from "../stats/bootstrap_mean.ts";
import { percentileEstimate } from "../stats/estimate.ts";

/** The metric of the same items under every condition, rows aligned, each of shape [n]. */
export interface AblationValues {
  readonly natural: ArrayLike<number>;
  readonly reconstruction: ArrayLike<number>;
  /** latent index -> metric with that latent zeroed in the reconstruction */
  readonly ablated: ReadonlyMap<number, ArrayLike<number>>;
}

/** Mean change of the metric with its 95 % interval, in the metric's units. */
export interface MeanEffect {
  readonly point: number;
  readonly ci95: readonly [low: number, high: number];
}

/** Effect of one latent. */
export interface LatentEffect extends MeanEffect {
  /** The interval excludes 0. */
  readonly significant: boolean;
}

/** Aggregates of one run; keys as in the published `causal_ablation_all.json`. */
export interface AblationSummary {
  readonly n: number;
  readonly mean_natural: number;
  readonly mean_sae_recon: number;
  /** reconstruction - natural: the cost of patching at all */
  readonly delta_sae_recon: MeanEffect;
  /** By latent: ablated - reconstruction. JavaScript keeps integer keys ascending, not ranked. */
  readonly per_feature_ablation_delta: Readonly<Record<string, LatentEffect>>;
}

/**
 * Mean effects with paired bootstrap intervals. Items are resampled, with one draw for all conditions: the
 * published run restarts its generator for each, which comes to the same.
 * @param values per-item metric under each condition
 * @param options resamples and their stream (published: 2000 from default_rng(42))
 * @throws {GuardrailError} "empty-split" without items, "non-finite" if a value is NaN or infinite
 * @throws {RangeError} if the conditions differ in length
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { aggregateAblation } from "lib/questions/causal.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const values = { natural: [1, 2], reconstruction: [2, 3], ablated: new Map([[7, [2.5, 3.5]]]) };
 * const summary = aggregateAblation(values, { nResamples: 100, rng: randomStream(1, "q2/bootstrap") });
 * assert.deepEqual(summary.per_feature_ablation_delta["7"], { point: 0.5, ci95: [0.5, 0.5], significant: true });
 * ```
 */
export function aggregateAblation(
  values: AblationValues,
  options: { readonly nResamples: number; readonly rng: RandomStream },
): AblationSummary {
  const { natural, reconstruction, ablated } = values;
  const patching = pairedDifferences(reconstruction, natural);
  const latents = [...ablated.keys()];
  const perLatent = latents.map((latent) => pairedDifferences(ablated.get(latent)!, reconstruction));
  const [cost, ...effects] = meanEffects([patching, ...perLatent], options);
  return {
    n: natural.length,
    mean_natural: mean(natural),
    mean_sae_recon: mean(reconstruction),
    delta_sae_recon: cost!,
    per_feature_ablation_delta: Object.fromEntries(latents.map((latent, i) => {
      const { point, ci95 } = effects[i]!;
      return [latent, { point, ci95, significant: ci95[0] > 0 || ci95[1] < 0 }];
    })),
  };
}

/** Means of several columns of differences over the same items; each of shape [n]. */
function meanEffects(
  columns: readonly Float64Array[],
  { nResamples, rng }: { readonly nResamples: number; readonly rng: RandomStream },
): MeanEffect[] {
  const n = columns[0]!.length;
  const rows = new Uint32Array(n);
  const draws = columns.map(() => new Float64Array(nResamples));
  for (let r = 0; r < nResamples; r++) {
    rng.fillIntegersInPlace(rows, n);
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!;
      let sum = 0;
      for (let i = 0; i < n; i++) sum += column[rows[i]!]!;
      draws[c]![r] = sum / n;
    }
  }
  return columns.map((column, c) => {
    const { value, ciLow, ciHigh } = percentileEstimate(mean(column), draws[c]!);
    return { point: value, ci95: [ciLow, ciHigh] as const };
  });
}
