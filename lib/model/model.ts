/**
 * The one seam to the models: load a checkpoint directory of the Hugging Face layout, then run it, read it and patch
 * it. Nothing else of a model is visible to the other rooms.
 */
import { UsageError } from "../guardrail.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { type EngineOptions, openEngine } from "./engine.ts";
import { type CausalModel, openGptNeox } from "./gpt_neox_model.ts";
import type { RunOptions, RunResult, Tokens } from "./request.ts";
import { runCausal } from "./run_causal.ts";
import { runT5 } from "./run_t5.ts";
import { type EncoderDecoderModel, openT5 } from "./t5_model.ts";

export type { CausalModel } from "./gpt_neox_model.ts";
export type { EncoderDecoderModel } from "./t5_model.ts";
export { type Decoding, encode, startDecoding } from "./decode.ts";
export type { EncodedBatch } from "./encoded.ts";
export { greedyTokens } from "./greedy.ts";
export type { Hook } from "./hooks.ts";
export { type Condition, type Prefix, prefix, selectItems } from "./prefix.ts";
export { encodeConditions, suffix } from "./suffix.ts";
export type { Patch, RunOptions, RunResult, Tokens, Want } from "./request.ts";

/** A model ready to run; `close()` it when done. */
export type HookedModel = CausalModel | EncoderDecoderModel;

/**
 * Loads a checkpoint. Weights stay in their files until a graph that needs them is first run.
 * @param directory holds config.json and model.safetensors, or shards and their index; symlinks are fine
 * @throws {UsageError} if a file is missing or the architecture or a key of its config is not supported
 * @throws {GuardrailError} "corrupt-file" if a weight file does not hold what the config says
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadModel } from "lib/model/model.ts";
 * const model = await loadModel("tests/golden/models/neox_pythia", { engine: "portable" });
 * assert.deepEqual([model.kind, model.engine.provider, model.engine.threads], ["causal", "wasm", 1]);
 * await model.close();
 * ```
 */
export async function loadModel(directory: string, options: EngineOptions): Promise<HookedModel> {
  const checkpoint = openCheckpoint(directory);
  const modelType = checkpoint.config["model_type"];
  if (modelType !== "gpt_neox" && modelType !== "t5") {
    throw new UsageError(
      `Cannot use ${directory}/config.json: "model_type" needs gpt_neox or t5, got ${
        JSON.stringify(modelType)
      }`,
    );
  }
  const engine = await openEngine(options);
  return modelType === "t5" ? openT5(checkpoint, engine) : openGptNeox(checkpoint, engine);
}

/**
 * Runs items through a model.
 * @param items token ids, one list an item; any lengths
 * @returns what was read, and nats or logits if wanted
 * @throws {UsageError} for a hook the model does not have
 * @throws {RangeError} for tokens, positions or patches that do not fit
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadModel, run } from "lib/model/model.ts";
 * const model = await loadModel("tests/golden/models/neox_pythia", { engine: "portable" });
 * const hook = "blocks.0.hook_resid_post";
 * const { nats, read } = await run(model, [[5, 6, 7], [8, 9]], { want: "nats", read: [hook] });
 * assert.deepEqual(nats?.map((one) => one.length), [2, 1]); // token 0 is not predicted
 * assert.deepEqual(read[hook]?.map((one) => one.length), [3 * 32, 2 * 32]);
 * const patch = [{ hook, item: 1, positions: [0], value: read[hook]![0]!.subarray(0, 32) }];
 * const patched = await run(model, [[5, 6, 7], [8, 9]], { want: "nats", patch });
 * assert.deepEqual(patched.nats?.[0], nats?.[0]);
 * assert.notDeepEqual(patched.nats?.[1], nats?.[1]);
 * await model.close();
 * ```
 */
export function run(model: HookedModel, items: readonly Tokens[], options: RunOptions): Promise<RunResult> {
  return model.kind === "causal" ? runCausal(model, items, options) : runT5(model, items, options);
}
