/** The SAE that a run was told to use instead of its own, or a refusal: never another one in its place. */
import type { ActivationStore } from "../io/activation_store.ts";
import { requireSameActivations } from "./evaluate.ts";
import { readSae, type ReadSaeOptions } from "./formats/checkpoint.ts";
import type { SaeWeights } from "./weights.ts";

/**
 * Reads a checkpoint for a store's activations. Whether it is any good is for assessSae() and the gate.
 * @param store what it shall encode: its width, and in its metadata the hook and the model
 * @throws {GuardrailError} "sae-missing" if there is none, "sae-foreign" if it was made for another width, hook or
 *   model, "sae-invalid", "corrupt-file" or "unsafe-pickle" if it cannot be read
 */
export function loadSaeFor(
  path: string,
  store: Pick<ActivationStore, "d" | "metadata">,
  options: ReadSaeOptions = {},
): SaeWeights {
  const sae = readSae(path, options);
  requireSameActivations(sae, store);
  const { hook, model } = store.metadata;
  // A checkpoint that does not say where it belongs is taken at its width, and named from here on.
  return { ...(hook !== undefined && { hook }), ...(model !== undefined && { model }), ...sae };
}
