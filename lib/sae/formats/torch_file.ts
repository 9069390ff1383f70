/**
 * `.pt` files of torch.save: a ZIP archive of one pickle (`<name>/data.pkl`) and the storages (`<name>/data/<key>`).
 * @see https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import process from "node:process";
import { GuardrailError } from "../../guardrail.ts";
import { type PicklableValue, pickle } from "./pickle.ts";
import {
  dtypeBytes,
  isTensor,
  type PickledTensor,
  type PickledValue,
  type TorchDtype,
} from "./torch_objects.ts";
import { checkShape, missingTensor, type TensorSource } from "./tensor_source.ts";
import { unpickle } from "./unpickle.ts";
import { openZip, type ZipEntry, type ZipReader, zipStored } from "./zip.ts";

/** The dictionary that a file holds, its tensors loaded on request. */
export interface StateDict extends TensorSource {
  /** Value of a key that is not a tensor, or undefined. */
  readonly plain: (name: string) => PickledValue | undefined;
}

/**
 * Opens a file, hands its dictionary to `use`, closes it. Only the tensors asked for are read, and none can be
 * larger than the file.
 * @throws {GuardrailError} "corrupt-file" or "unsafe-pickle"
 */
export function readTorchFile<T>(path: string, use: (state: StateDict) => T): T {
  using archive = openZip(path);
  const pickled = [...archive.entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const entry = pickled[0];
  if (entry === undefined || pickled.length > 1) {
    throw corrupt(path, `needs one data.pkl, got ${pickled.length}`);
  }
  const folder = entry.name.slice(0, -"data.pkl".length);
  const order = archive.entries.get(`${folder}byteorder`);
  if (order !== undefined && new TextDecoder().decode(archive.read(order)) !== "little") {
    throw corrupt(path, "needs little-endian numbers");
  }
  if (entry.size > 4_000_000) {
    throw new GuardrailError("unsafe-pickle", `Refused to unpickle ${path}: ${entry.size} bytes of pickle`);
  }
  const root = unpickle(archive.read(entry), path);
  if (!(root instanceof Map)) throw corrupt(path, "needs a state dictionary");
  const values = new Map([...root].filter(([key]) => typeof key === "string") as [string, PickledValue][]);
  for (const [name, value] of values) {
    if (isTensor(value)) storageEntry(archive, folder, value, name, path);
  }
  return use({
    path,
    names: [...values.keys()],
    shape: (name) => {
      const value = values.get(name);
      return isTensor(value) ? value.shape : undefined;
    },
    plain: (name) => {
      const value = values.get(name);
      return isTensor(value) ? undefined : value;
    },
    tensor: (name, shape) => {
      const value = values.get(name);
      if (!isTensor(value)) throw missingTensor(path, name, values.keys());
      checkShape(path, name, shape, value.shape);
      return loadTensor(archive, folder, value, name, path);
    },
  });
}

/** Tensors and plain values, by name, in order. */
export type WritableState = readonly (readonly [name: string, value: PicklableValue])[];

/**
 * Writes a dictionary as torch.save does, atomically; torch.load(weights_only=True) reads it.
 * Equal contents give equal bytes.
 */
export function writeTorchFile(path: string, state: WritableState): void {
  const { bytes, storages } = pickle(new Map(state));
  const text = (value: string) => new TextEncoder().encode(value);
  const pieces = zipStored([
    { name: "archive/data.pkl", data: bytes },
    { name: "archive/byteorder", data: text("little") },
    ...storages.map((data, key) => ({ name: `archive/data/${key}`, data })),
    { name: "archive/version", data: text("3\n") },
  ]);
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w");
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) at += writeSync(file, piece, at);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** A tensor for writeTorchFile(). */
export function torchTensor(
  values: Float32Array | Int32Array | BigInt64Array,
  shape: readonly number[],
): PicklableValue {
  const dtype = values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "int64";
  return { dtype, shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** The archive's entry with a tensor's storage; refuses a tensor that declares more than the file holds. */
function storageEntry(
  archive: ZipReader,
  folder: string,
  tensor: PickledTensor,
  name: string,
  path: string,
): ZipEntry {
  const entry = archive.entries.get(`${folder}data/${tensor.key}`);
  const needed = tensor.storageLength * dtypeBytes(tensor.dtype);
  if (entry === undefined || entry.size < needed) {
    throw corrupt(path, `tensor "${name}" needs a storage of ${needed} bytes, got ${entry?.size ?? "none"}`);
  }
  return entry;
}

/** Reads a tensor's numbers row by row, whatever its strides. */
function loadTensor(
  archive: ZipReader,
  folder: string,
  tensor: PickledTensor,
  name: string,
  path: string,
): Float32Array {
  const { dtype, shape, strides } = tensor;
  const entry = storageEntry(archive, folder, tensor, name, path);
  const bytesEach = dtypeBytes(dtype);
  const count = shape.reduce((product, size) => product * size, 1);
  const isContiguous = shape.every((size, axis) =>
    size === 1 || strides[axis] === shape.slice(axis + 1).reduce((product, n) => product * n, 1)
  );
  if (isContiguous) {
    return decodeNumbers(
      archive.read(entry, tensor.offset * bytesEach, count * bytesEach),
      dtype,
      name,
      path,
    );
  }
  const storage = decodeNumbers(archive.read(entry, 0, tensor.storageLength * bytesEach), dtype, name, path);
  const out = new Float32Array(count);
  const index = shape.map(() => 0);
  let from = tensor.offset;
  for (let i = 0; i < count; i++) {
    out[i] = storage[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) { // count up like an odometer
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function decodeNumbers(bytes: Uint8Array, dtype: TorchDtype, name: string, path: string): Float32Array {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return Float32Array.from(new Float64Array(buffer));
    case "float16":
      return Float32Array.from(new Float16Array(buffer));
    case "bfloat16":
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer);
    case "int64":
      return Float32Array.from(new BigInt64Array(buffer), Number);
    case "int32":
      return Float32Array.from(new Int32Array(buffer));
    default:
      throw corrupt(
        path,
        `tensor "${name}" needs floating-point numbers or 32- or 64-bit integers, got ${dtype}`,
      );
  }
}

function corrupt(path: string, why: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot read ${path}: ${why}`);
}
