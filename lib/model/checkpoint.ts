/**
 * A checkpoint directory in the Hugging Face layout: config.json beside model.safetensors, or beside the shards that
 * model.safetensors.index.json lists. Tensors are found by name and checked; their values stay in the files.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError, UsageError } from "../guardrail.ts";
import type { ElementType, GraphBuilder, Value } from "./onnx/types.ts";
import { readFloat32, readSafetensorsHeader, type StoredTensor } from "./safetensors.ts";

/** What is known of a directory before any weight is read. */
export interface Checkpoint {
  readonly directory: string;
  /** The parsed config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Opens a checkpoint: reads config.json and the headers of its weight files.
 * @throws {UsageError} if a file is missing or is not JSON
 * @throws {GuardrailError} "corrupt-file" if a weight file does not hold what it must
 */
export function openCheckpoint(directory: string): Checkpoint {
  const config = readJson(join(directory, "config.json"));
  const tensors = new Map<string, StoredTensor>();
  for (const file of weightFiles(directory)) {
    for (const [name, tensor] of readSafetensorsHeader(file.path).tensors) {
      if (tensors.has(name)) {
        throw new GuardrailError(
          "corrupt-file",
          `Cannot read ${file.path}: tensor "${name}" is in another shard too`,
        );
      }
      tensors.set(name, tensor);
    }
    for (const name of file.expected) {
      if (!tensors.has(name)) {
        throw new GuardrailError(
          "corrupt-file",
          `Cannot read ${file.path}: needs tensor "${name}" (listed in the index), got a shard without it`,
        );
      }
    }
  }
  return { directory, config, tensors };
}

/**
 * The tensor of a name, checked.
 * @throws {GuardrailError} "corrupt-file" naming directory, tensor and requirement
 */
export function findTensor(checkpoint: Checkpoint, name: string, shape: readonly number[]): StoredTensor {
  const needs = `needs tensor "${name}" as F32, F16 or BF16 [${shape.join(", ")}]`;
  const refuse = (got: string) =>
    new GuardrailError("corrupt-file", `Cannot load ${checkpoint.directory}: ${needs}, got ${got}`);
  const tensor = checkpoint.tensors.get(name);
  if (tensor === undefined) throw refuse("no such tensor");
  if (ELEMENT_TYPES.get(tensor.dtype) === undefined || tensor.shape.join() !== shape.join()) {
    throw refuse(`${tensor.dtype} [${tensor.shape.join(", ")}] in ${tensor.path}`);
  }
  return tensor;
}

/** Names and shapes of tensors. */
export type TensorShapes = readonly (readonly [name: string, shape: readonly number[]])[];

/**
 * Checks that a checkpoint holds all tensors of a model, and none that nobody would use.
 * @param isIgnored tensors that may be there without being part of the model, such as buffers
 * @throws {GuardrailError} "corrupt-file" naming directory, tensor and requirement
 */
export function checkTensors(
  checkpoint: Checkpoint,
  needed: TensorShapes,
  isIgnored: (name: string) => boolean,
): void {
  for (const [name, shape] of needed) findTensor(checkpoint, name, shape);
  const known = new Set(needed.map(([name]) => name));
  for (const tensor of checkpoint.tensors.values()) {
    if (!known.has(tensor.name) && !isIgnored(tensor.name)) {
      throw new GuardrailError(
        "corrupt-file",
        `Cannot load ${checkpoint.directory}: needs only tensors of its architecture, got "${tensor.name}" ` +
          `[${tensor.shape.join(", ")}] in ${tensor.path}`,
      );
    }
  }
}

/** Puts a tensor of the checkpoint into a graph as float32. */
export function graphWeight(
  graph: GraphBuilder,
  checkpoint: Checkpoint,
  name: string,
  shape: readonly number[],
): Value {
  const { dtype, ...slice } = findTensor(checkpoint, name, shape);
  const { path, offset, length } = slice;
  return graph.weight(name, ELEMENT_TYPES.get(dtype)!, shape, { path, offset, length });
}

/** The values of a tensor of the checkpoint as float32. */
export function loadTensor(checkpoint: Checkpoint, name: string, shape: readonly number[]): Float32Array {
  return readFloat32(findTensor(checkpoint, name, shape));
}

const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map([
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
]);

interface WeightFile {
  readonly path: string;
  /** Tensors that the index says are in this file. */
  readonly expected: readonly string[];
}

function weightFiles(directory: string): readonly WeightFile[] {
  const single = join(directory, "model.safetensors");
  if (existsSync(single)) return [{ path: single, expected: [] }];
  const indexPath = join(directory, "model.safetensors.index.json");
  if (!existsSync(indexPath)) {
    throw new UsageError(
      `Cannot load ${directory}: needs model.safetensors or model.safetensors.index.json, got neither`,
    );
  }
  const expected = new Map<string, string[]>();
  for (const [name, file] of Object.entries(weightMap(indexPath))) {
    expected.set(file, [...expected.get(file) ?? [], name]);
  }
  return [...expected].map(([file, names]) => ({ path: join(directory, file), expected: names }));
}

function weightMap(indexPath: string): Readonly<Record<string, string>> {
  const map = readJson(indexPath)["weight_map"];
  const entries = typeof map === "object" && map !== null ? Object.entries(map) : [];
  const isFileName = (file: unknown) => typeof file === "string" && /^[\w.-]+\.safetensors$/.test(file);
  if (entries.length === 0 || !entries.every(([, file]) => isFileName(file))) {
    throw new GuardrailError(
      "corrupt-file",
      `Cannot read ${indexPath}: needs a weight_map from tensors to .safetensors files beside it`,
    );
  }
  return Object.fromEntries(entries);
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) throw new UsageError(`Cannot load ${path}: needs the file, got no such file`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: needs JSON, got ${(error as Error).message.slice(0, 200)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`Cannot read ${path}: needs a JSON object`);
  }
  return value as Readonly<Record<string, unknown>>;
}
