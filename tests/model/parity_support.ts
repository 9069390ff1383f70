/** What the parity tests share: checkpoints written by transformers, and what PyTorch computed with them. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readFloat32, readSafetensorsHeader, type StoredTensor } from "lib/model/safetensors.ts";
import { readSlice } from "lib/model/file_slice.ts";

/** Folders of tests/golden/models whose names begin so; made by tests/golden/model_parity.py. */
export function goldenModels(prefix: string): readonly string[] {
  const folder = fileURLToPath(new URL("../golden/models/", import.meta.url));
  return readdirSync(folder).filter((name) => name.startsWith(prefix)).toSorted().map((name) =>
    folder + name
  );
}

/** What PyTorch computed, by name. */
export interface Expected {
  readonly names: readonly string[];
  tokens(name: string): readonly number[];
  values(name: string): Float32Array;
}

export function expectedOf(directory: string): Expected {
  const { tensors } = readSafetensorsHeader(`${directory}/expected.safetensors`);
  const find = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    assert.ok(tensor, `${directory} has no expected ${name}`);
    return tensor;
  };
  return {
    names: [...tensors.keys()],
    tokens: (name) => [...new Int32Array(readSlice(find(name)).slice().buffer)],
    values: (name) => readFloat32(find(name)),
  };
}

/** Largest difference over the expected tensor's largest magnitude. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
    if (Number.isNaN(actual[i]!)) return NaN;
  }
  return difference / magnitude;
}

/** The bound: 2e-5 of the tensor's largest magnitude. */
export const PARITY = 2e-5;

export function assertParity(actual: Float32Array | undefined, expected: Float32Array, what: string): void {
  assert.ok(actual, `${what}: missing`);
  const error = relativeError(actual, expected);
  assert.ok(error <= PARITY, `${what}: off by ${error} of the largest magnitude`);
}
