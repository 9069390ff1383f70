/** Named tensors in a file, whatever its format, and the JSON configuration beside them, both read with suspicion. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { GuardrailError } from "../../guardrail.ts";
import { readSlice } from "../../model/file_slice.ts";
import { readFloat32, readSafetensorsHeader } from "../../model/safetensors.ts";

/** Tensors by name. */
export interface TensorSource {
  readonly path: string;
  /** Names, in the file's order. */
  readonly names: readonly string[];
  /** Shape of a tensor, or undefined if there is none of that name. */
  readonly shape: (name: string) => readonly number[] | undefined;
  /**
   * A tensor's numbers, row-major.
   * @param shape what it must have; undefined sizes are free
   * @throws {GuardrailError} "corrupt-file" if it is missing or has another shape
   */
  readonly tensor: (name: string, shape: readonly (number | undefined)[]) => Float32Array;
}

/** The tensors of a safetensors file; F64, F32, F16 and BF16 become float32. */
export function safetensorsSource(path: string): TensorSource {
  requireFile(path);
  const { tensors } = readSafetensorsHeader(path);
  return {
    path,
    names: [...tensors.keys()],
    shape: (name) => tensors.get(name)?.shape,
    tensor: (name, shape) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw missingTensor(path, name, tensors.keys());
      checkShape(path, name, shape, tensor.shape);
      // SAELens keeps thresholds in double precision.
      return tensor.dtype === "F64"
        ? Float32Array.from(new Float64Array(readSlice(tensor).slice().buffer))
        : readFloat32(tensor);
    },
  };
}

/** Checked access to a JSON object's fields. */
export interface ConfigFields {
  readonly path: string;
  readonly has: (name: string) => boolean;
  /** A positive whole number. */
  readonly count: (name: string) => number;
  readonly text: (name: string, otherwise?: string) => string;
  readonly flag: (name: string, otherwise: boolean) => boolean;
  /** A field that may be absent or of another type. */
  readonly maybeText: (name: string) => string | undefined;
  /** Fields of a nested object; an absent one has none. */
  readonly nested: (name: string) => ConfigFields;
  readonly raw: (name: string) => unknown;
}

/**
 * Reads a JSON object.
 * @throws {GuardrailError} "sae-missing" if there is no file, "corrupt-file" if it is no JSON object
 */
export function readConfig(path: string): ConfigFields {
  requireFile(path);
  if (statSync(path).size > 10_000_000) throw corrupt(path, "needs a JSON file of at most 10 MB");
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw corrupt(path, "needs JSON");
  }
  return configFields(path, value);
}

function configFields(path: string, value: unknown): ConfigFields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw corrupt(path, "needs a JSON object");
  }
  const fields = new Map(Object.entries(value));
  const refuse = (name: string, needs: string): never => {
    const got = fields.has(name) ? JSON.stringify(fields.get(name)) : "nothing";
    throw corrupt(path, `"${name}" needs ${needs}, got ${got}`);
  };
  const maybeText = (name: string) => {
    const field = fields.get(name);
    return typeof field === "string" && field !== "" ? field : undefined;
  };
  return {
    path,
    has: (name) => fields.has(name) && fields.get(name) !== null,
    count: (name) => {
      const field = fields.get(name);
      return typeof field === "number" && Number.isSafeInteger(field) && field > 0
        ? field
        : refuse(name, "a positive whole number");
    },
    text: (name, otherwise) => maybeText(name) ?? otherwise ?? refuse(name, "a name"),
    flag: (name, otherwise) => {
      const field = fields.get(name) ?? otherwise;
      return typeof field === "boolean" ? field : refuse(name, "true or false");
    },
    maybeText,
    nested: (name) => configFields(path, fields.get(name) ?? {}),
    raw: (name) => fields.get(name),
  };
}

/** @throws {GuardrailError} "sae-missing" if there is no such file */
export function requireFile(path: string): void {
  if (!existsSync(path)) {
    throw new GuardrailError("sae-missing", `Cannot read SAE checkpoint: needs ${path}, got no such file`);
  }
}

/** The refusal of a file that lacks a tensor. */
export function missingTensor(path: string, name: string, names: Iterable<string>): GuardrailError {
  return corrupt(path, `needs tensor "${name}", got ${[...names].slice(0, 20).join(", ") || "none"}`);
}

/** @throws {GuardrailError} "corrupt-file" if the shapes differ where `wanted` says anything */
export function checkShape(
  path: string,
  name: string,
  wanted: readonly (number | undefined)[],
  got: readonly number[],
): void {
  if (wanted.length === got.length && wanted.every((size, i) => size === undefined || size === got[i])) {
    return;
  }
  const shape = wanted.map((size) => size ?? "any").join(", ");
  throw corrupt(path, `tensor "${name}" needs shape [${shape}], got [${got.join(", ")}]`);
}

function corrupt(path: string, why: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot read ${path}: ${why}`);
}
