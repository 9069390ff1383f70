/** What a checkpoint is, in the few figures that tell one SAE from another. */
import { createHash } from "node:crypto";
import { atomNorms, saeArrays, type SaeWeights } from "./weights.ts";

/** A summary, fit for printing and for a manifest. */
export interface SaeDescription {
  readonly activation: string;
  readonly dModel: number;
  readonly dSae: number;
  readonly k?: number;
  readonly inputNormalization: string;
  readonly subtractsDecoderBias: boolean;
  readonly rescalesByDecoderNorm: boolean;
  readonly hasSkip: boolean;
  readonly hook?: string;
  readonly model?: string;
  /** Smallest, mean and largest norm of the atoms. */
  readonly atomNorms: { readonly min: number; readonly mean: number; readonly max: number };
  /** SHA-256 of the arrays' names and bytes: the same SAE in two formats has the same one if no value changed. */
  readonly arraysSha256: string;
}

/** Summarises an SAE. */
export function describeSae(sae: SaeWeights): SaeDescription {
  const norms = atomNorms(sae);
  const hash = createHash("sha256");
  for (const [name, array] of saeArrays(sae)) {
    hash.update(`${name}\0`).update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return {
    activation: sae.activation.kind,
    dModel: sae.dModel,
    dSae: sae.dSae,
    ...("k" in sae.activation && { k: sae.activation.k }),
    inputNormalization: sae.inputNormalization,
    subtractsDecoderBias: sae.subtractsDecoderBias,
    rescalesByDecoderNorm: sae.rescalesByDecoderNorm,
    hasSkip: sae.wSkip !== undefined,
    ...(sae.hook !== undefined && { hook: sae.hook }),
    ...(sae.model !== undefined && { model: sae.model }),
    atomNorms: {
      min: norms.reduce((a, b) => Math.min(a, b)),
      mean: norms.reduce((a, b) => a + b) / norms.length,
      max: norms.reduce((a, b) => Math.max(a, b)),
    },
    arraysSha256: hash.digest("hex"),
  };
}
