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
  const { config } = openCheckpoint(directory);
  const width = config["hidden_size"] ?? config["d_model"];
  if (typeof width === "number") return width;
  throw new GuardrailError(
    "corrupt-file",
    `Cannot tell the width of ${directory}: its config.json needs hidden_size or d_model`,
  );
}
