/**
 * SAELens checkpoints: `cfg.json` and `sae_weights.safetensors` in a folder. Reads versions 2 to 6, writes version 6.
 * @see https://github.com/jbloomAus/SAELens
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError } from "../../guardrail.ts";
import { writeFileAtomic } from "../../io/atomic.ts";
import { checkSae, type InputNormalization, type SaeActivation, type SaeWeights } from "../weights.ts";
import { expressFor } from "./express.ts";
import { writeArrays } from "./safetensors_arrays.ts";
import { type ConfigFields, readConfig, safetensorsSource, type TensorSource } from "./tensor_source.ts";

/** Names of the files. */
export const SAELENS_WEIGHTS = "sae_weights.safetensors";
const CONFIG = "cfg.json";
const NORMALIZATIONS: readonly string[] = [
  "none",
  "layer_norm",
  "constant_norm_rescale",
  "expected_average_only_in",
];

/**
 * Reads a folder.
 * @throws {GuardrailError} "sae-missing", "corrupt-file", "sae-invalid", or "sae-foreign" for an architecture that
 *   is no SAE of the kinds in weights.ts (a transcoder, say)
 */
export function readSaelens(folder: string): SaeWeights {
  const config = readConfig(join(folder, CONFIG));
  const source = safetensorsSource(join(folder, SAELENS_WEIGHTS));
  const [dModel, dSae] = [config.count("d_in"), config.count("d_sae")];
  const architecture = config.text("architecture", "standard");
  const activation = readActivation(config, architecture, source, dSae);
  refuseScaling(source);
  const metadata = config.nested("metadata");
  const hook = metadata.maybeText("hook_name") ?? config.maybeText("hook_name") ??
    config.maybeText("hook_point");
  const model = metadata.maybeText("model_name") ?? config.maybeText("model_name");
  return checkSae({
    dModel,
    dSae,
    wEnc: source.tensor("W_enc", [dModel, dSae]),
    bEnc: architecture === "gated" ? new Float32Array(dSae) : source.tensor("b_enc", [dSae]),
    wDec: source.tensor("W_dec", [dSae, dModel]),
    bDec: source.tensor("b_dec", [dModel]),
    activation,
    subtractsDecoderBias: config.flag("apply_b_dec_to_input", true),
    inputNormalization: readNormalization(config),
    rescalesByDecoderNorm: config.flag("rescale_acts_by_decoder_norm", false),
    ...(hook !== undefined && { hook }),
    ...(model !== undefined && { model }),
  }, folder);
}

/**
 * Writes a folder. Batch-top-k SAEs become JumpReLU ones with equal thresholds, as SAELens itself exports them.
 * @throws {UsageError} if SAELens cannot express the SAE
 */
export async function writeSaelens(sae: SaeWeights, folder: string): Promise<void> {
  const kept = expressFor(sae, {
    format: "saelens",
    activations: ["relu", "topk", "batchtopk", "jumprelu", "gated"],
    normalizations: ["none", "layer_norm", "constant_norm_rescale", "expected_average_only_in"],
    canRescale: sae.activation.kind === "topk",
  });
  const { dModel, dSae } = kept;
  const activation = asInferenceActivation(kept.activation, dSae);
  mkdirSync(folder, { recursive: true });
  writeArrays(join(folder, SAELENS_WEIGHTS), [
    ["W_enc", kept.wEnc, [dModel, dSae]],
    ["W_dec", kept.wDec, [dSae, dModel]],
    ["b_dec", kept.bDec, [dModel]],
    ...(activation.kind === "gated"
      ? [
        ["b_gate", activation.bGate, [dSae]] as const,
        ["r_mag", activation.rMag, [dSae]] as const,
        ["b_mag", activation.bMag, [dSae]] as const,
      ]
      : [["b_enc", kept.bEnc, [dSae]] as const]),
    ...(activation.kind === "jumprelu" ? [["threshold", activation.threshold, [dSae]] as const] : []),
  ]);
  const config = {
    d_in: dModel,
    d_sae: dSae,
    dtype: "float32",
    device: "cpu",
    apply_b_dec_to_input: kept.subtractsDecoderBias,
    normalize_activations: kept.inputNormalization,
    reshape_activations: kept.hook?.endsWith("hook_z") ? "hook_z" : "none",
    metadata: {
      sae_lens_version: "6.0.0", // the version of the format: readers take older ones to be flat
      ...(kept.model !== undefined && { model_name: kept.model }),
      ...(kept.hook !== undefined && { hook_name: kept.hook }),
    },
    ...(activation.kind === "topk" &&
      { k: activation.k, rescale_acts_by_decoder_norm: kept.rescalesByDecoderNorm }),
    architecture: activation.kind === "relu" ? "standard" : activation.kind,
  };
  await writeFileAtomic(join(folder, CONFIG), JSON.stringify(config, null, 2) + "\n");
}

function readActivation(
  config: ConfigFields,
  architecture: string,
  source: TensorSource,
  dSae: number,
): SaeActivation {
  const flatName = config.maybeText("activation_fn") ?? config.maybeText("activation_fn_str") ?? "relu";
  switch (architecture) {
    case "standard":
      if (flatName === "topk") return { kind: "topk", k: config.nested("activation_fn_kwargs").count("k") };
      if (flatName !== "relu") throw foreign(config, `activation "${flatName}"`);
      return { kind: "relu" };
    case "topk":
      return {
        kind: "topk",
        k: (config.has("k") ? config : config.nested("activation_fn_kwargs")).count("k"),
      };
    case "jumprelu":
      return { kind: "jumprelu", threshold: readThreshold(source, dSae) };
    case "gated":
      return {
        kind: "gated",
        bGate: source.tensor("b_gate", [dSae]),
        rMag: source.tensor("r_mag", [dSae]),
        bMag: source.tensor("b_mag", [dSae]),
      };
    case "batchtopk":
    case "matryoshka_batchtopk": {
      const threshold = source.tensor("topk_threshold", [])[0]!;
      const widths = config.raw("matryoshka_widths");
      return {
        kind: "batchtopk",
        k: config.count("k"),
        threshold,
        ...(Array.isArray(widths) && { groupSizes: increments(widths.map(Number), dSae) }),
      };
    }
    default:
      throw foreign(config, `architecture "${architecture}"`);
  }
}

/** Old training checkpoints keep the threshold's logarithm. */
function readThreshold(source: TensorSource, dSae: number): Float32Array {
  if (!source.names.includes("threshold") && source.names.includes("log_threshold")) {
    return source.tensor("log_threshold", [dSae]).map((value) => Math.exp(value));
  }
  return source.tensor("threshold", [dSae]);
}

function readNormalization(config: ConfigFields): InputNormalization {
  const value = config.raw("normalize_activations") ?? "none";
  // Before version 4 a flag: true meant the average norm.
  const name = typeof value === "boolean" ? (value ? "expected_average_only_in" : "none") : value;
  if (typeof name !== "string" || !NORMALIZATIONS.includes(name)) {
    throw foreign(config, `normalize_activations ${JSON.stringify(value)}`);
  }
  return name as InputNormalization;
}

/** Versions before 6 could keep a fine-tuning factor for each latent; all ones mean none. */
function refuseScaling(source: TensorSource): void {
  if (!source.names.includes("scaling_factor")) return;
  if (source.tensor("scaling_factor", [undefined]).every((value) => value === 1)) return;
  throw new GuardrailError(
    "sae-foreign",
    `Cannot read ${source.path}: needs no fine-tuning factors, got a scaling_factor that is not all ones`,
  );
}

/** Nested widths (4, 16, ...) as sizes of the increments (4, 12, ...), completed to dSae. */
function increments(widths: readonly number[], dSae: number): readonly number[] {
  const complete = widths.at(-1) === dSae ? widths : [...widths, dSae];
  return complete.map((width, i) => width - (complete[i - 1] ?? 0));
}

/** The activation used for inference: one threshold for all latents is a JumpReLU, none at all is a ReLU. */
function asInferenceActivation(activation: SaeActivation, dSae: number): SaeActivation {
  if (activation.kind !== "batchtopk") return activation;
  if (activation.threshold <= 0) return { kind: "relu" };
  return { kind: "jumprelu", threshold: new Float32Array(dSae).fill(activation.threshold) };
}

function foreign(config: ConfigFields, what: string): GuardrailError {
  return new GuardrailError(
    "sae-foreign",
    `Cannot read ${config.path}: needs a standard, topk, batchtopk, jumprelu or gated SAE, got ${what}`,
  );
}
