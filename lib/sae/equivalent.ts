/**
 * The same function in other parameters: what lets one checkpoint format say what another one means.
 * Each returns a new record with equal activations and reconstructions, up to float32 rounding.
 */
import { atomNorms, type SaeActivation, type SaeWeights } from "./weights.ts";

/**
 * The same SAE with or without the decoder bias subtracted from its input: (x - b_dec) W_enc + b_enc is
 * x W_enc + (b_enc - b_dec W_enc).
 */
export function withDecoderBiasSubtracted(sae: SaeWeights, subtracts: boolean): SaeWeights {
  if (sae.subtractsDecoderBias === subtracts) return sae;
  const { dModel, dSae, activation } = sae;
  const shift = new Float64Array(dSae);
  for (let j = 0; j < dModel; j++) {
    const b = subtracts ? sae.bDec[j]! : -sae.bDec[j]!;
    for (let f = 0; f < dSae; f++) shift[f]! += b * sae.wEnc[j * dSae + f]!;
  }
  if (activation.kind !== "gated") {
    return {
      ...sae,
      bEnc: sae.bEnc.map((b, f) => b + shift[f]!),
      subtractsDecoderBias: subtracts,
    };
  }
  // The magnitude path sees the same shift through its own gain.
  const shifted: SaeActivation = {
    ...activation,
    bGate: activation.bGate.map((b, f) => b + shift[f]!),
    bMag: activation.bMag.map((b, f) => b + Math.exp(activation.rMag[f]!) * shift[f]!),
  };
  return { ...sae, activation: shifted, subtractsDecoderBias: subtracts };
}

/**
 * The same SAE without the rescaling by decoder norms: the norms move into the encoder, the atoms become unit
 * vectors. Unchanged if it does not rescale.
 * @throws {RangeError} if an atom is zero: its direction is unknown
 */
export function withDecoderNormsFolded(sae: SaeWeights): SaeWeights {
  if (!sae.rescalesByDecoderNorm) return sae;
  const norms = atomNorms(sae);
  const zero = norms.indexOf(0);
  if (zero >= 0) throw new RangeError(`Cannot fold decoder norms: needs non-zero atoms, got zero at ${zero}`);
  const { dSae, dModel } = sae;
  return {
    ...sae,
    wEnc: sae.wEnc.map((w, i) => w * norms[i % dSae]!),
    bEnc: sae.bEnc.map((b, f) => b * norms[f]!),
    wDec: sae.wDec.map((w, i) => w / norms[Math.floor(i / dModel)]!),
    rescalesByDecoderNorm: false,
  };
}
