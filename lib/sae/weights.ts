/**
 * A sparse autoencoder as plain data: four arrays and an exact description of what is done with them, enough to say
 * what every checkpoint format of the ecosystem says. Training, encoding and the formats all meet here.
 *
 *     z    = normalize(x) - (subtractsDecoderBias ? bDec : 0)                              [dModel]
 *     pre  = (z W_enc + b_enc) * (rescalesByDecoderNorm ? norms of the atoms : 1)          [dSae]
 *     acts = activation(pre)                                                               [dSae], never negative
 *     xHat = denormalize(acts / (rescalesByDecoderNorm ? norms : 1) W_dec + b_dec) + x W_skip
 */
import { GuardrailError } from "../guardrail.ts";

/** How pre-activations become activations. Everything is passed through a ReLU besides. */
export type SaeActivation =
  | { readonly kind: "relu" }
  /** The k largest of each row. */
  | { readonly kind: "topk"; readonly k: number }
  /** The largest of each of k equal groups of neighbouring latents. */
  | { readonly kind: "groupmax"; readonly k: number }
  /**
   * Trained with the k * nRows largest of each batch; used with one threshold for all latents: those above it fire.
   * A negative threshold (not learnt yet) lets every positive one fire. Matryoshka SAEs are these, with groups.
   */
  | {
    readonly kind: "batchtopk";
    readonly k: number;
    readonly threshold: number;
    /** Sizes of the nested dictionaries' increments, summing to dSae; a plain batch-top-k has none. */
    readonly groupSizes?: readonly number[];
  }
  /** Those above their own threshold fire, shape [dSae]. doi:10.48550/arXiv.2407.14435 */
  | { readonly kind: "jumprelu"; readonly threshold: Float32Array }
  /** Fires where z W_enc + bGate > 0, with magnitude exp(rMag) z W_enc + bMag; b_enc is zero. arXiv:2404.16014 */
  | {
    readonly kind: "gated";
    readonly bGate: Float32Array;
    readonly rMag: Float32Array;
    readonly bMag: Float32Array;
  };

/**
 * What is done to the input before, and undone after: nothing; (x - mean) / (std + 1e-5) with the unbiased std of
 * the row; or scaling the row to norm sqrt(dModel). "expected_average_only_in" says that the SAE expects inputs
 * that the caller has scaled to an average norm of sqrt(dModel), by a factor the checkpoint does not hold.
 */
export type InputNormalization = "none" | "layer_norm" | "constant_norm_rescale" | "expected_average_only_in";

/** A sparse autoencoder. All matrices are row-major. */
export interface SaeWeights {
  /** Width of the activations it reads. */
  readonly dModel: number;
  /** Number of latents. */
  readonly dSae: number;
  /** Shape [dModel, dSae]. */
  readonly wEnc: Float32Array;
  /** Shape [dSae]. */
  readonly bEnc: Float32Array;
  /** Shape [dSae, dModel]; rows are atoms. */
  readonly wDec: Float32Array;
  /** Shape [dModel]. */
  readonly bDec: Float32Array;
  readonly activation: SaeActivation;
  readonly subtractsDecoderBias: boolean;
  readonly inputNormalization: InputNormalization;
  readonly rescalesByDecoderNorm: boolean;
  /** Shape [dModel, dModel]: a linear path beside the SAE, xHat += x W_skip (transposed from sparsify's). */
  readonly wSkip?: Float32Array;
  /** Where it reads, in TransformerLens' terms, such as `blocks.11.hook_resid_post`. */
  readonly hook?: string;
  /** Model it was trained on, such as `EleutherAI/pythia-410m`. */
  readonly model?: string;
}

/**
 * Checks lengths and finiteness; every reader ends with it.
 * @param what the checkpoint's name, for the message
 * @throws {GuardrailError} "sae-invalid" if an array's length does not fit, a value is not finite, or k is impossible
 */
export function checkSae(sae: SaeWeights, what: string): SaeWeights {
  const { dModel, dSae, activation } = sae;
  const refuse = (needs: string, got: string | number): never => {
    throw new GuardrailError("sae-invalid", `Cannot use SAE ${what}: needs ${needs}, got ${got}`);
  };
  if (!isCount(dModel) || !isCount(dSae)) refuse("positive dModel and dSae", `${dModel} and ${dSae}`);
  for (const [name, array, length] of saeArrays(sae)) {
    if (array.length !== length) refuse(`${name} of ${length} values`, array.length);
    const at = array.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) refuse(`finite values in ${name}`, `${array[at]} at ${at}`);
  }
  if ("k" in activation && !(isCount(activation.k) && activation.k <= dSae)) {
    refuse(`k between 1 and dSae = ${dSae}`, activation.k);
  }
  if (activation.kind === "groupmax" && dSae % activation.k !== 0) {
    refuse(`dSae = ${dSae} in ${activation.k} equal groups`, "a remainder");
  }
  if (activation.kind === "batchtopk") {
    const { threshold, groupSizes } = activation;
    if (!Number.isFinite(threshold)) refuse("a finite threshold", threshold);
    const sum = groupSizes?.reduce((total, size) => total + size, 0) ?? dSae;
    if (sum !== dSae || !(groupSizes ?? []).every(isCount)) {
      refuse(`groups summing to ${dSae}`, `${groupSizes}`);
    }
  }
  return sae;
}

/** The record's arrays by name, with the length each must have. */
export function saeArrays(
  sae: SaeWeights,
): readonly (readonly [name: string, array: Float32Array, length: number])[] {
  const { dModel, dSae, activation } = sae;
  const arrays: [string, Float32Array, number][] = [
    ["wEnc", sae.wEnc, dModel * dSae],
    ["bEnc", sae.bEnc, dSae],
    ["wDec", sae.wDec, dSae * dModel],
    ["bDec", sae.bDec, dModel],
  ];
  if (sae.wSkip !== undefined) arrays.push(["wSkip", sae.wSkip, dModel * dModel]);
  if (activation.kind === "jumprelu") arrays.push(["threshold", activation.threshold, dSae]);
  if (activation.kind === "gated") {
    arrays.push(
      ["bGate", activation.bGate, dSae],
      ["rMag", activation.rMag, dSae],
      ["bMag", activation.bMag, dSae],
    );
  }
  return arrays;
}

/** Euclidean norms of the atoms, shape [dSae]; accumulated in float64. */
export function atomNorms(sae: Pick<SaeWeights, "wDec" | "dSae" | "dModel">): Float64Array {
  const { wDec, dSae, dModel } = sae;
  const norms = new Float64Array(dSae);
  for (let f = 0; f < dSae; f++) {
    let sum = 0;
    for (let j = f * dModel; j < (f + 1) * dModel; j++) sum += wDec[j]! * wDec[j]!;
    norms[f] = Math.sqrt(sum);
  }
  return norms;
}

/**
 * The transpose of a row-major matrix.
 * @param values shape [nRows, nCols]
 * @returns shape [nCols, nRows]
 */
export function transpose(values: Float32Array, nRows: number, nCols: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < nRows; i++) {
    for (let j = 0; j < nCols; j++) out[j * nRows + i] = values[i * nCols + j]!;
  }
  return out;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
