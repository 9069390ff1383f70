/** How large a checkpoint is: costs are counted in parameters x tokens. */
import { openCheckpoint } from "../model/checkpoint.ts";

/** Stored numbers of a checkpoint directory. */
export function countParameters(directory: string): number {
  let n = 0;
  for (const { shape } of openCheckpoint(directory).tensors.values()) {
    n += shape.reduce((product, size) => product * size, 1);
  }
  return n;
}
