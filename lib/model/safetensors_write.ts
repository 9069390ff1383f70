/** Writing safetensors files, tensor by tensor, so that a file may be larger than memory. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { type Dtype, DTYPE_BYTES } from "./safetensors.ts";

/** What the header says of a tensor. */
export interface TensorHeader {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface WriteOptions {
  /** Goes into `__metadata__`; transformers wants `{ format: "pt" }`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a file atomically (temporary file, then rename). Tensors lie in the order given.
 * @param tensors what to write
 * @param read the bytes of a tensor, little-endian, asked once for each in order
 * @throws {RangeError} if the bytes do not fit a shape
 */
export function writeSafetensors(
  path: string,
  tensors: readonly TensorHeader[],
  read: (tensor: TensorHeader) => Uint8Array,
  { metadata = { format: "pt" } }: WriteOptions = {},
): void {
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    const file = openSync(temporary, "wx");
    try {
      writeAll(file, encodeHeader(tensors, metadata));
      for (const tensor of tensors) writeAll(file, checkBytes(path, tensor, read(tensor)));
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function checkBytes(path: string, tensor: TensorHeader, bytes: Uint8Array): Uint8Array {
  const needed = byteLength(tensor);
  if (bytes.length === needed) return bytes;
  throw new RangeError(
    `Cannot write ${path}: tensor "${tensor.name}" needs ${needed} bytes, got ${bytes.length}`,
  );
}

/** The bytes a tensor takes. */
export function byteLength({ dtype, shape }: TensorHeader): number {
  return shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
}

/** Length and JSON, padded with spaces so that the data begin at a multiple of 8. */
function encodeHeader(
  tensors: readonly TensorHeader[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let begin = 0;
  for (const tensor of tensors) {
    const end = begin + byteLength(tensor);
    header[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] };
    begin = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30));
  }
}
