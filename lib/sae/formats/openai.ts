/**
 * OpenAI's sparse_autoencoder checkpoints: one `.pt` file. A TopK SAE there always normalizes its input.
 * @see https://github.com/openai/sparse_autoencoder
 */
import { GuardrailError } from "../../guardrail.ts";
import { checkSae, type SaeActivation, type SaeWeights, transpose } from "../weights.ts";
import { expressFor } from "./express.ts";
import { requireFile } from "./tensor_source.ts";
import { readTorchFile, type StateDict, torchTensor, writeTorchFile } from "./torch_file.ts";

/**
 * Reads a file.
 * @throws {GuardrailError} "sae-missing", "corrupt-file", "unsafe-pickle", "sae-invalid", or "sae-foreign" for an
 *   activation other than ReLU and TopK with ReLU
 */
export function readOpenai(path: string): SaeWeights {
  requireFile(path);
  return readTorchFile(path, (state) => {
    const [dSae = 0, dModel = 0] = state.shape("encoder.weight") ?? [];
    const activation = readActivation(state);
    return checkSae({
      dModel,
      dSae,
      wEnc: transpose(state.tensor("encoder.weight", [dSae, dModel]), dSae, dModel),
      bEnc: state.tensor("latent_bias", [dSae]),
      wDec: transpose(state.tensor("decoder.weight", [dModel, dSae]), dModel, dSae),
      bDec: state.tensor("pre_bias", [dModel]),
      activation,
      subtractsDecoderBias: true,
      inputNormalization: activation.kind === "topk" ? "layer_norm" : "none",
      rescalesByDecoderNorm: false,
    }, path);
  });
}

/**
 * Writes a file.
 * @throws {UsageError} if the format cannot express the SAE: it has TopK with layer_norm and ReLU without
 */
export function writeOpenai(sae: SaeWeights, path: string): void {
  const kept = expressFor(sae, {
    format: "openai",
    activations: ["relu", "topk"],
    normalizations: [sae.activation.kind === "topk" ? "layer_norm" : "none"],
    subtractsDecoderBias: true,
  });
  const { dModel, dSae, activation } = kept;
  writeTorchFile(path, [
    ["pre_bias", torchTensor(kept.bDec, [dModel])],
    ["latent_bias", torchTensor(kept.bEnc, [dSae])],
    ["stats_last_nonzero", torchTensor(new BigInt64Array(dSae), [dSae])],
    ["latents_activation_frequency", torchTensor(new Float32Array(dSae).fill(1), [dSae])],
    ["latents_mean_square", torchTensor(new Float32Array(dSae), [dSae])],
    ["encoder.weight", torchTensor(transpose(kept.wEnc, dModel, dSae), [dSae, dModel])],
    ["decoder.weight", torchTensor(transpose(kept.wDec, dSae, dModel), [dModel, dSae])],
    ["activation", activation.kind === "topk" ? "TopK" : "ReLU"],
    [
      "activation_state_dict",
      activation.kind === "topk"
        ? new Map<string, number | string>([["k", activation.k], ["postact_fn", "ReLU"]])
        : new Map(),
    ],
  ]);
}

function readActivation(state: StateDict): SaeActivation {
  const name = state.plain("activation") ?? "ReLU";
  if (name === "ReLU") return { kind: "relu" };
  const details = state.plain("activation_state_dict");
  const k = details instanceof Map ? details.get("k") : undefined;
  const after = details instanceof Map ? details.get("postact_fn") ?? "ReLU" : "ReLU";
  if (name === "TopK" && after === "ReLU" && typeof k === "number") return { kind: "topk", k };
  throw new GuardrailError(
    "sae-foreign",
    `Cannot read ${state.path}: needs activation ReLU, or TopK with k and ReLU, got ${name} with ${k} and ${after}`,
  );
}
