/**
 * What the causal question knows from train items alone: how often and how strongly latents fire at the hook, its mean
 * and its leading principal component. Controls are matched, and conditions set, by these; test items choose nothing.
 */
import { quantile } from "../math/quantile.ts";
import { symmetricEigen } from "../math/symmetric_eigen.ts";
import { GuardrailError } from "../guardrail.ts";
import type { SaeEncoder } from "../sae/encoder.ts";

/** Statistics of the hook over train positions. */
export interface HookReference {
  readonly nPositions: number;
  /** Share of positions at which each latent fires, shape [dSae]. */
  readonly firingRate: Float64Array;
  /** 99th percentile of each latent's activation where it fires, 0 where it never does; shape [dSae]. */
  readonly act99: Float64Array;
  /** Shape [dModel]. */
  readonly mean: Float64Array;
  /** Unit eigenvector of the covariance's largest eigenvalue, shape [dModel]. */
  readonly component: Float64Array;
  /** That eigenvalue's share of the variance. */
  readonly componentShare: number;
}

/** Positions that the covariance is taken over, spread evenly: its leading vector needs no more. */
const MAX_COVARIANCE_POSITIONS = 4096;

/**
 * Summarises train items.
 * @param activations residuals at the hook, [positions, dModel] an item; only positions that may be patched
 * @throws {GuardrailError} "empty-split" without a position, "sae-foreign" if the SAE's width is another
 */
export async function hookReference(
  encoder: SaeEncoder,
  activations: readonly Float32Array[],
): Promise<HookReference> {
  const { dModel, dSae } = encoder.sae;
  const acts = Array.from({ length: dSae }, (): number[] => []);
  const sum = new Float64Array(dModel);
  let nPositions = 0;
  for (const rows of activations) {
    if (rows.length % dModel !== 0) {
      throw new GuardrailError(
        "sae-foreign",
        `Cannot summarise the hook: needs rows of ${dModel} values, got ${rows.length} values`,
      );
    }
    nPositions += rows.length / dModel;
    for (let i = 0; i < rows.length; i++) sum[i % dModel]! += rows[i]!;
    const { indices, values } = await encoder.encode(rows);
    indices.forEach((latent, e) => acts[latent]!.push(values[e]!));
  }
  if (nPositions === 0) {
    throw new GuardrailError("empty-split", "Cannot summarise the hook: needs a train position, got none");
  }
  const mean = sum.map((total) => total / nPositions);
  return {
    nPositions,
    firingRate: Float64Array.from(acts, (own) => own.length / nPositions),
    act99: Float64Array.from(acts, (own) => own.length === 0 ? 0 : quantile(own, 0.99)),
    mean,
    ...leadingComponent(activations, mean, nPositions),
  };
}

function leadingComponent(activations: readonly Float32Array[], mean: Float64Array, nPositions: number) {
  const d = mean.length;
  const stride = Math.ceil(nPositions / MAX_COVARIANCE_POSITIONS);
  const covariance = new Float64Array(d * d);
  const centered = new Float64Array(d);
  let position = 0;
  for (const rows of activations) {
    for (let from = 0; from < rows.length; from += d) {
      if (position++ % stride !== 0) continue;
      for (let j = 0; j < d; j++) centered[j] = rows[from + j]! - mean[j]!;
      // The lower triangle is all that symmetricEigen() reads.
      for (let i = 0; i < d; i++) {
        for (let j = 0; j <= i; j++) covariance[i * d + j]! += centered[i]! * centered[j]!;
      }
    }
  }
  const { values, vectors } = symmetricEigen(covariance, d);
  const total = values.reduce((all, value) => all + value, 0);
  return { component: vectors.slice(0, d), componentShare: total > 0 ? values[0]! / total : 0 };
}
