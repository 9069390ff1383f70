/**
 * Reading the safetensors format: a JSON header of names, types, shapes and byte ranges, then the bytes. Files come from
 * outside, so the header is checked in full before anything in it is believed.
 * @see https://github.com/huggingface/safetensors#format
 */
import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { GuardrailError } from "../guardrail.ts";
import { readSlice } from "./file_slice.ts";
import { duplicateKey } from "./json_keys.ts";
import { toFloat32 } from "./float_formats.ts";

/** Element types of the format and their bytes. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

/** A tensor in a file. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The file, without symlinks. */
  readonly path: string;
  /** First byte in the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** A parsed header. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation's limit. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads and checks the header of a safetensors file.
 * @throws {GuardrailError} "corrupt-file", naming file, tensor and requirement
 */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  const real = realpathSync(path);
  const file = openSync(real, "r");
  try {
    const fileBytes = fstatSync(file).size;
    const prefix = readExactly(file, 0, Math.min(8, fileBytes));
    const headerBytes = headerLength(prefix, fileBytes, path);
    return parseSafetensorsHeader(readExactly(file, 8, headerBytes), {
      path: real,
      shownPath: path,
      fileBytes,
    });
  } finally {
    closeSync(file);
  }
}

export interface HeaderOrigin {
  /** The file the tensors are read from, without symlinks. */
  readonly path: string;
  /** The file as the reader named it, for messages. */
  readonly shownPath: string;
  /** Size of the whole file. */
  readonly fileBytes: number;
}

/**
 * Parses the JSON of a header and checks it against the size of the file.
 * @param json the header, without the eight bytes of its length
 * @throws {GuardrailError} "corrupt-file", naming file, tensor and requirement
 */
export function parseSafetensorsHeader(json: Uint8Array, origin: HeaderOrigin): SafetensorsHeader {
  const header = parseObject(json, origin.shownPath);
  const dataStart = 8 + json.length;
  const tensors = new Map<string, StoredTensor>();
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = checkMetadata(value, origin.shownPath);
    else tensors.set(name, checkTensor(name, value, { ...origin, dataStart }));
  }
  checkLayout([...tensors.values()], { ...origin, dataStart });
  return { tensors, metadata };
}

/**
 * The values of a tensor as float32.
 * @throws {GuardrailError} "corrupt-file" if the tensor is not of a floating type the models use
 */
export function readFloat32(tensor: StoredTensor): Float32Array {
  const { dtype } = tensor;
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16") {
    throw corrupt(tensor.path, `tensor "${tensor.name}" needs dtype F32, F16 or BF16, got ${dtype}`);
  }
  return toFloat32(readSlice(tensor), dtype);
}

function headerLength(prefix: Uint8Array, fileBytes: number, path: string): number {
  if (prefix.length < 8) {
    throw corrupt(path, `needs 8 bytes of header length, got a file of ${fileBytes} bytes`);
  }
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw corrupt(path, `needs a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`);
  }
  if (8n + length > BigInt(fileBytes)) {
    throw corrupt(path, `needs ${8n + length} bytes to hold its header, got a file of ${fileBytes} bytes`);
  }
  return Number(length);
}

function parseObject(json: Uint8Array, path: string): object {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof TypeError ? "not UTF-8" : (error as Error).message.slice(0, 200);
    throw corrupt(path, `needs a JSON header, got ${JSON.stringify(reason)}`);
  }
  if (!text.startsWith("{") || typeof value !== "object" || value === null) {
    throw corrupt(path, `needs a header that begins with "{", got ${JSON.stringify(text.slice(0, 20))}`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw corrupt(path, `needs every key once, got ${JSON.stringify(twice)} twice`);
  return value;
}

function checkMetadata(value: unknown, path: string): Readonly<Record<string, string>> {
  const entries = isRecord(value) ? Object.entries(value) : undefined;
  if (entries === undefined || entries.some(([, text]) => typeof text !== "string")) {
    throw corrupt(path, "__metadata__ needs an object of strings");
  }
  return Object.fromEntries(entries) as Readonly<Record<string, string>>;
}

function checkTensor(
  name: string,
  value: unknown,
  { path, shownPath, fileBytes, dataStart }: HeaderOrigin & { readonly dataStart: number },
): StoredTensor {
  const refuse = (what: string) => corrupt(shownPath, `tensor ${JSON.stringify(name)} needs ${what}`);
  if (!isRecord(value)) throw refuse(`an object, got ${typeof value}`);
  const unknown = Object.keys(value).find((key) => !["dtype", "shape", "data_offsets"].includes(key));
  if (unknown !== undefined) {
    throw refuse(`dtype, shape and data_offsets only, got ${JSON.stringify(unknown)}`);
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) throw refuse(`a known dtype, got ${JSON.stringify(dtype)}`);
  if (!isSizes(shape)) throw refuse(`a shape of non-negative integers, got ${brief(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2) throw refuse(`two data_offsets, got ${brief(offsets)}`);
  const [begin, end] = offsets as [number, number];
  const length = end - begin;
  // Sizes may each be up to 2^53: the product is exact as long as it can matter, and never equal once it is not.
  const needed = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
  if (length !== needed) {
    throw refuse(`${needed} bytes for ${dtype} [${shape.join(", ")}], got data_offsets [${begin}, ${end}]`);
  }
  if (dataStart + end > fileBytes) {
    throw refuse(`a file of at least ${dataStart + end} bytes, got ${fileBytes}`);
  }
  return { name, dtype, shape, path, offset: dataStart + begin, length };
}

/** Tensors fill the file without a hole or an overlap. */
function checkLayout(
  tensors: readonly StoredTensor[],
  { shownPath, fileBytes, dataStart }: HeaderOrigin & { readonly dataStart: number },
): void {
  let next = dataStart;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (tensor.offset !== next) {
      const what = tensor.offset < next ? "overlaps the one before it" : "leaves a hole before it";
      throw corrupt(
        shownPath,
        `tensor ${JSON.stringify(tensor.name)} needs to begin at byte ${next - dataStart} of the data, got ` +
          `${tensor.offset - dataStart}: it ${what}`,
      );
    }
    next += tensor.length;
  }
  if (next !== fileBytes) {
    throw corrupt(shownPath, `needs ${next} bytes for its tensors, got a file of ${fileBytes}`);
  }
}

function readExactly(file: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(file, bytes, done, length - done, offset + done);
    if (count === 0) return bytes.subarray(0, done);
    done += count;
  }
  return bytes;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(DTYPE_BYTES, value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}

function corrupt(path: string, requirement: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot read ${path}: ${requirement}`);
}
