/**
 * EleutherAI sparsify checkpoints: `cfg.json` and `sae.safetensors` in a folder named after the hookpoint.
 * @see https://github.com/EleutherAI/sparsify
 */
import { mkdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { GuardrailError } from "../../guardrail.ts";
import { writeFileAtomic } from "../../io/atomic.ts";
import { checkSae, type SaeWeights, transpose } from "../weights.ts";
import { expressFor } from "./express.ts";
import { hookOfHookpoint } from "./hook_names.ts";
import { type NamedArray, writeArrays } from "./safetensors_arrays.ts";
import { readConfig, safetensorsSource } from "./tensor_source.ts";

/** Name of the weights' file. */
export const SPARSIFY_WEIGHTS = "sae.safetensors";
const CONFIG = "cfg.json";

/**
 * Reads a hookpoint's folder; a folder name like `layers.11` tells the hook.
 * @throws {GuardrailError} "sae-missing", "corrupt-file", "sae-invalid", or "sae-foreign" for a transcoder
 */
export function readSparsify(folder: string): SaeWeights {
  const config = readConfig(join(folder, CONFIG));
  if (config.flag("transcode", false)) {
    throw new GuardrailError("sae-foreign", `Cannot read ${folder}: needs an autoencoder, got a transcoder`);
  }
  const source = safetensorsSource(join(folder, SPARSIFY_WEIGHTS));
  const dModel = config.count("d_in");
  const nLatents = config.raw("num_latents") || dModel * config.count("expansion_factor");
  const dSae = Number(nLatents);
  const kind = config.text("activation", "topk");
  if (kind !== "topk" && kind !== "groupmax") {
    throw new GuardrailError("sae-foreign", `Cannot read ${folder}: needs topk or groupmax, got "${kind}"`);
  }
  const hook = hookOfHookpoint(basename(resolve(folder)));
  return checkSae({
    dModel,
    dSae,
    wEnc: transpose(source.tensor("encoder.weight", [dSae, dModel]), dSae, dModel),
    bEnc: source.tensor("encoder.bias", [dSae]),
    wDec: source.tensor("W_dec", [dSae, dModel]),
    bDec: source.tensor("b_dec", [dModel]),
    activation: { kind, k: config.count("k") },
    subtractsDecoderBias: true,
    inputNormalization: "none",
    rescalesByDecoderNorm: false,
    ...(source.names.includes("W_skip") &&
      { wSkip: transpose(source.tensor("W_skip", [dModel, dModel]), dModel, dModel) }),
    ...(hook !== undefined && { hook }),
  }, folder);
}

/**
 * Writes a hookpoint's folder.
 * @throws {UsageError} if sparsify cannot express the SAE
 */
export async function writeSparsify(sae: SaeWeights, folder: string): Promise<void> {
  const kept = expressFor(sae, {
    format: "sparsify",
    activations: ["topk", "groupmax"],
    normalizations: ["none"],
    subtractsDecoderBias: true,
    canSkip: true,
  });
  const { dModel, dSae, wSkip, activation } = kept;
  const arrays: NamedArray[] = [
    ["encoder.weight", transpose(kept.wEnc, dModel, dSae), [dSae, dModel]],
    ["encoder.bias", kept.bEnc, [dSae]],
    ["W_dec", kept.wDec, [dSae, dModel]],
    ["b_dec", kept.bDec, [dModel]],
  ];
  if (wSkip !== undefined) arrays.push(["W_skip", transpose(wSkip, dModel, dModel), [dModel, dModel]]);
  mkdirSync(folder, { recursive: true });
  writeArrays(join(folder, SPARSIFY_WEIGHTS), arrays);
  const config = {
    activation: activation.kind,
    expansion_factor: Math.max(1, Math.floor(dSae / dModel)),
    normalize_decoder: true,
    num_latents: dSae,
    k: "k" in activation ? activation.k : dSae,
    multi_topk: false,
    skip_connection: wSkip !== undefined,
    transcode: false,
    d_in: dModel,
  };
  await writeFileAtomic(join(folder, CONFIG), JSON.stringify(config) + "\n");
}
