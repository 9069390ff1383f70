/** Reading part of a file; reads may return less than asked, and one read takes at most 2 GiB. */
import { closeSync, openSync, readSync } from "node:fs";
import type { FileSlice } from "./onnx/types.ts";

const MAX_READ = 1 << 30;

/**
 * The bytes of a slice.
 * @throws {Error} if the file ends before the slice does
 */
export function readSlice({ path, offset, length }: FileSlice): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const count = readSync(file, bytes, done, Math.min(length - done, MAX_READ), offset + done);
      if (count === 0) {
        throw new Error(`Cannot read ${path}: needs ${offset + length} bytes, got ${offset + done}`);
      }
      done += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}
