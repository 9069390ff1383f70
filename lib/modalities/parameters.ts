/** How large a checkpoint is: costs are counted in parameters x tokens, widths of SAEs in widths of the model. */
import { GuardrailError } from "../guardrail.ts";
import { openCheckpoint } from "../model/checkpoint.ts";

/** Stored numbers of a checkpoint directory. */
export function countParameters(directory: string): number {
  let n = 0;
  for (const { shape } of openCheckpoint(directory).tensors.values()) {
    n += shape.reduce((product, size) => product * size, 1);
  }
  return n;
}

/** Numbers of a residual state, by what GPT-NeoX and T5 call them. */
export function modelWidth(directory: string): number {
  return sizeOf(directory, "width", ["hidden_size", "d_model"]);
}

/** Blocks of the stack that is read: all of GPT-NeoX, T5's encoder. */
export function countBlocks(directory: string): number {
  return sizeOf(directory, "number of blocks", ["num_hidden_layers", "num_layers"]);
}

/** @throws {GuardrailError} "corrupt-file" if the configuration has none of the keys */
function sizeOf(directory: string, what: string, keys: readonly string[]): number {
  const { config } = openCheckpoint(directory);
  const size = keys.map((key) => config[key]).find((value) => value !== undefined);
  if (typeof size === "number") return size;
  throw new GuardrailError(
    "corrupt-file",
    `Cannot tell the ${what} of ${directory}: its config.json needs ${keys.join(" or ")}`,
  );
}
