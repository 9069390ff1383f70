/** The published study's checkpoints: a `.pt` of four tensors. k is not stored; the configuration knows it. */
import { checkSae, type SaeWeights } from "../weights.ts";
import { expressFor } from "./express.ts";
import { requireFile } from "./tensor_source.ts";
import { readTorchFile, torchTensor, writeTorchFile } from "./torch_file.ts";

/**
 * Reads a file.
 * @param k latents kept a row
 * @throws {GuardrailError} "sae-missing", "corrupt-file", "unsafe-pickle" or "sae-invalid"
 */
export function readPublished(path: string, k: number): SaeWeights {
  requireFile(path);
  return readTorchFile(path, (state) => {
    const [dModel = 0, dSae = 0] = state.shape("W_enc") ?? [];
    return checkSae({
      dModel,
      dSae,
      wEnc: state.tensor("W_enc", [dModel, dSae]),
      bEnc: state.tensor("b_enc", [dSae]),
      wDec: state.tensor("W_dec", [dSae, dModel]),
      bDec: state.tensor("b_dec", [dModel]),
      activation: { kind: "topk", k },
      subtractsDecoderBias: true,
      inputNormalization: "none",
      rescalesByDecoderNorm: false,
    }, path);
  });
}

/**
 * Writes a file.
 * @throws {UsageError} if the SAE is no plain TopK
 */
export function writePublished(sae: SaeWeights, path: string): void {
  const kept = expressFor(sae, {
    format: "published",
    activations: ["topk"],
    normalizations: ["none"],
    subtractsDecoderBias: true,
  });
  const { dModel, dSae } = kept;
  writeTorchFile(path, [
    ["W_enc", torchTensor(kept.wEnc, [dModel, dSae])],
    ["b_enc", torchTensor(kept.bEnc, [dSae])],
    ["W_dec", torchTensor(kept.wDec, [dSae, dModel])],
    ["b_dec", torchTensor(kept.bDec, [dModel])],
  ]);
}
