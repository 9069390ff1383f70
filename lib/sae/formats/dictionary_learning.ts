/**
 * dictionary_learning checkpoints: `ae.pt` and `config.json` in a folder.
 * @see https://github.com/saprmarks/dictionary_learning
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { GuardrailError, UsageError } from "../../guardrail.ts";
import { writeFileAtomic } from "../../io/atomic.ts";
import { checkSae, type SaeActivation, type SaeWeights, transpose } from "../weights.ts";
import { expressFor } from "./express.ts";
import { hookOfSubmodule, residualHook, residualLayer } from "./hook_names.ts";
import type { PicklableValue } from "./pickle.ts";
import { type ConfigFields, readConfig, requireFile } from "./tensor_source.ts";
import { readTorchFile, type StateDict, torchTensor, writeTorchFile } from "./torch_file.ts";

/** Name of the weights' file. */
export const DICTIONARY_WEIGHTS = "ae.pt";
const CONFIG = "config.json";

/** The library's classes that are read. */
const CLASSES = [
  "AutoEncoder",
  "AutoEncoderNew",
  "AutoEncoderTopK",
  "BatchTopKSAE",
  "MatryoshkaBatchTopKSAE",
  "JumpReluAutoEncoder",
  "GatedAutoEncoder",
] as const;
type DictClass = typeof CLASSES[number];

/**
 * Reads a folder, or an `ae.pt` whose `config.json`, if any, lies beside it. Weights are taken as stored:
 * `AutoEncoder.from_pretrained` also rescales activations to unit atoms, which changes no reconstruction.
 * @throws {GuardrailError} "sae-missing", "corrupt-file", "unsafe-pickle", "sae-invalid" or "sae-foreign"
 * @throws {UsageError} if the class is ambiguous without `config.json`
 */
export function readDictionaryLearning(path: string): SaeWeights {
  const file = path.endsWith(".pt") ? path : join(path, DICTIONARY_WEIGHTS);
  requireFile(file);
  const configPath = join(dirname(file), CONFIG);
  const trainer = existsSync(configPath) ? readConfig(configPath).nested("trainer") : undefined;
  return readTorchFile(file, (state) => {
    const sae = { ...readWeights(state, dictClass(state, trainer)), ...readProvenance(trainer) };
    return checkSae(sae, file);
  });
}

/**
 * Writes a folder.
 * @throws {UsageError} if the library has no class that can express the SAE
 */
export async function writeDictionaryLearning(sae: SaeWeights, folder: string): Promise<void> {
  const kept = expressFor(sae, {
    format: "dictionary_learning",
    activations: ["relu", "topk", "batchtopk", "jumprelu", "gated"],
    normalizations: ["none"],
    subtractsDecoderBias: sae.activation.kind !== "jumprelu",
  });
  const { name, state } = asState(kept);
  mkdirSync(folder, { recursive: true });
  writeTorchFile(join(folder, DICTIONARY_WEIGHTS), state);
  const layer = residualLayer(kept.hook);
  const trainer = {
    dict_class: name,
    activation_dim: kept.dModel,
    dict_size: kept.dSae,
    ...("k" in kept.activation && { k: kept.activation.k }),
    ...(layer !== undefined && { layer, submodule_name: `resid_post_layer_${layer}` }),
    ...(kept.model !== undefined && { lm_name: kept.model }),
  };
  await writeFileAtomic(join(folder, CONFIG), JSON.stringify({ trainer }, null, 2) + "\n");
}

/** The class, from the configuration or from what only one class stores. */
function dictClass(state: StateDict, trainer: ConfigFields | undefined): DictClass {
  const named = trainer?.maybeText("dict_class");
  if (named !== undefined) {
    const known = CLASSES.find((name) => name === named);
    if (known !== undefined) return known;
    throw new GuardrailError(
      "sae-foreign",
      `Cannot read ${state.path}: needs ${CLASSES.join(", ")}, got ${named}`,
    );
  }
  const has = (name: string) => state.names.includes(name);
  if (has("group_sizes")) return "MatryoshkaBatchTopKSAE";
  if (has("gate_bias")) return "GatedAutoEncoder";
  if (has("W_enc") && has("threshold")) return "JumpReluAutoEncoder";
  if (has("decoder.bias")) return "AutoEncoderNew";
  if (has("bias")) return "AutoEncoder";
  throw new UsageError(
    `Cannot tell the class of ${state.path}: AutoEncoderTopK and BatchTopKSAE store the same; needs ${CONFIG}`,
  );
}

function readWeights(state: StateDict, name: DictClass): SaeWeights {
  const isOwnLayout = name === "JumpReluAutoEncoder" || name === "MatryoshkaBatchTopKSAE";
  const shape = state.shape(isOwnLayout ? "W_enc" : "encoder.weight") ?? [0, 0];
  const [dModel, dSae] = isOwnLayout ? [shape[0] ?? 0, shape[1] ?? 0] : [shape[1] ?? 0, shape[0] ?? 0];
  const biasName = { AutoEncoder: "bias", AutoEncoderNew: "decoder.bias", GatedAutoEncoder: "decoder_bias" };
  const bDecName = name in biasName ? biasName[name as keyof typeof biasName] : "b_dec";
  const matrices = isOwnLayout
    ? {
      wEnc: state.tensor("W_enc", [dModel, dSae]),
      bEnc: state.tensor("b_enc", [dSae]),
      wDec: state.tensor("W_dec", [dSae, dModel]),
    }
    : {
      wEnc: transpose(state.tensor("encoder.weight", [dSae, dModel]), dSae, dModel),
      bEnc: name === "GatedAutoEncoder" ? new Float32Array(dSae) : state.tensor("encoder.bias", [dSae]),
      wDec: transpose(state.tensor("decoder.weight", [dModel, dSae]), dModel, dSae),
    };
  return {
    dModel,
    dSae,
    ...matrices,
    bDec: state.tensor(bDecName, [dModel]),
    activation: readActivation(state, name, dSae),
    subtractsDecoderBias: name !== "AutoEncoderNew" && name !== "JumpReluAutoEncoder",
    inputNormalization: "none",
    rescalesByDecoderNorm: false,
  };
}

function readActivation(state: StateDict, name: DictClass, dSae: number): SaeActivation {
  const scalar = (key: string) => state.tensor(key, [])[0]!;
  switch (name) {
    case "AutoEncoder":
    case "AutoEncoderNew":
      return { kind: "relu" };
    case "AutoEncoderTopK":
      return { kind: "topk", k: scalar("k") };
    case "BatchTopKSAE":
      return { kind: "batchtopk", k: scalar("k"), threshold: scalar("threshold") };
    case "MatryoshkaBatchTopKSAE": {
      const groupSizes = Array.from(state.tensor("group_sizes", [undefined]));
      return { kind: "batchtopk", k: scalar("k"), threshold: scalar("threshold"), groupSizes };
    }
    case "JumpReluAutoEncoder":
      return { kind: "jumprelu", threshold: state.tensor("threshold", [dSae]) };
    case "GatedAutoEncoder":
      return {
        kind: "gated",
        bGate: state.tensor("gate_bias", [dSae]),
        rMag: state.tensor("r_mag", [dSae]),
        bMag: state.tensor("mag_bias", [dSae]),
      };
  }
}

function readProvenance(
  trainer: ConfigFields | undefined,
): { readonly hook?: string; readonly model?: string } {
  const layer = trainer?.raw("layer");
  const submodule = trainer?.maybeText("submodule_name");
  const hook = submodule === undefined && typeof layer === "number" && Number.isSafeInteger(layer)
    ? residualHook(layer)
    : hookOfSubmodule(submodule);
  const model = trainer?.maybeText("lm_name");
  return { ...(hook !== undefined && { hook }), ...(model !== undefined && { model }) };
}

/** The class that says what `sae` does, and its state dictionary. */
function asState(sae: SaeWeights): {
  readonly name: DictClass;
  readonly state: readonly (readonly [string, PicklableValue])[];
} {
  const { dModel, dSae, activation } = sae;
  const encoder = torchTensor(transpose(sae.wEnc, dModel, dSae), [dSae, dModel]);
  const decoder = torchTensor(transpose(sae.wDec, dSae, dModel), [dModel, dSae]);
  const bEnc = torchTensor(sae.bEnc, [dSae]);
  const bDec = torchTensor(sae.bDec, [dModel]);
  const linear = [["encoder.weight", encoder], ["encoder.bias", bEnc], ["decoder.weight", decoder]] as const;
  const own = [
    ["W_enc", torchTensor(sae.wEnc, [dModel, dSae])],
    ["b_enc", bEnc],
    ["W_dec", torchTensor(sae.wDec, [dSae, dModel])],
    ["b_dec", bDec],
  ] as const;
  const count = (k: number) => ["k", torchTensor(Int32Array.of(k), [])] as const;
  const single = (threshold: number) => ["threshold", torchTensor(Float32Array.of(threshold), [])] as const;
  switch (activation.kind) {
    case "topk": // no threshold learnt: -1
      return {
        name: "AutoEncoderTopK",
        state: [["b_dec", bDec], count(activation.k), single(-1), ...linear],
      };
    case "batchtopk": {
      const { k, threshold, groupSizes } = activation;
      if (groupSizes === undefined) {
        return { name: "BatchTopKSAE", state: [["b_dec", bDec], count(k), single(threshold), ...linear] };
      }
      const sizes = torchTensor(BigInt64Array.from(groupSizes, BigInt), [groupSizes.length]);
      return {
        name: "MatryoshkaBatchTopKSAE",
        state: [...own, count(k), single(threshold), ["group_sizes", sizes]],
      };
    }
    case "jumprelu":
      return {
        name: "JumpReluAutoEncoder",
        state: [...own, ["threshold", torchTensor(activation.threshold, [dSae])]],
      };
    case "gated":
      return {
        name: "GatedAutoEncoder",
        state: [
          ["decoder_bias", bDec],
          ["r_mag", torchTensor(activation.rMag, [dSae])],
          ["gate_bias", torchTensor(activation.bGate, [dSae])],
          ["mag_bias", torchTensor(activation.bMag, [dSae])],
          ["encoder.weight", encoder],
          ["decoder.weight", decoder],
        ],
      };
    case "relu":
      return { name: "AutoEncoder", state: [["bias", bDec], ...linear] };
    case "groupmax":
      throw new UsageError("Cannot write this SAE as dictionary_learning: it has no groupmax class");
  }
}
