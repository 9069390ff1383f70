/** Token embeddings, read row by row from the checkpoint: a table of 50,304 rows is needed for 200 of them. */
import { closeSync, openSync, readSync } from "node:fs";
import { type FloatDtype, toFloat32 } from "./float_formats.ts";
import { DTYPE_BYTES, type StoredTensor } from "./safetensors.ts";

export interface Embedding {
  /** Rows of the table side by side, [tokens, d]. */
  embed(tokens: ArrayLike<number>): Float32Array;
  close(): void;
}

/**
 * Opens the table.
 * @param table stored as [vocabulary, d] in F32, F16 or BF16
 */
export function openEmbedding(table: StoredTensor): Embedding {
  const [, d] = table.shape as readonly [number, number];
  const dtype = table.dtype as FloatDtype;
  const rowBytes = d * DTYPE_BYTES[dtype];
  const file = openSync(table.path, "r");
  const known = new Map<number, Float32Array>();
  let isClosed = false;

  function row(token: number): Float32Array {
    const cached = known.get(token);
    if (cached !== undefined) return cached;
    const bytes = new Uint8Array(rowBytes);
    const count = readSync(file, bytes, 0, rowBytes, table.offset + token * rowBytes);
    if (count !== rowBytes) throw new Error(`Cannot read ${table.path}: needs row ${token} of ${table.name}`);
    const values = toFloat32(bytes, dtype);
    if (known.size === MAX_KNOWN_ROWS) known.clear();
    known.set(token, values);
    return values;
  }

  return {
    embed(tokens) {
      if (isClosed) throw new Error(`Cannot embed tokens: the model was closed (${table.path})`);
      const out = new Float32Array(tokens.length * d);
      for (let i = 0; i < tokens.length; i++) out.set(row(tokens[i]!), i * d);
      return out;
    },
    close() {
      if (!isClosed) closeSync(file); // its number may be another file's by now
      isClosed = true;
    },
  };
}

const MAX_KNOWN_ROWS = 4096;
