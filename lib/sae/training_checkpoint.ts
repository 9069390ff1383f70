/** A training run on disk: one safetensors file with everything the next step needs, written whole or not at all. */
import { existsSync } from "node:fs";
import { GuardrailError } from "../guardrail.ts";
import { readFloat32, readSafetensorsHeader } from "../model/safetensors.ts";
import { writeSafetensors } from "../model/safetensors_write.ts";
import { padRowsInto, unpadRows } from "./arena.ts";
import type { ShufflePosition } from "./shuffle.ts";
import type { Parameter, TrainingState } from "./training_state.ts";

/** What is stored beside the arrays. */
export interface RunPosition {
  readonly position: ShufflePosition;
  /** Running figures, so that a resumed run reports as the uninterrupted one does. */
  readonly history: readonly number[];
}

const PARTS = ["value", "first", "second"] as const;

/**
 * Writes a checkpoint.
 * @param fingerprint says which run this is: rules, data, seed
 */
export function writeTrainingCheckpoint(
  path: string,
  state: TrainingState,
  { fingerprint, ...position }: RunPosition & { readonly fingerprint: string },
): void {
  const arrays = new Map<string, Float32Array>();
  for (const [name, parameter] of parametersOf(state)) {
    for (const part of PARTS) {
      arrays.set(`${name}.${part}`, unpadRows(parameter[part].view, parameter.nRows, parameter.d));
    }
  }
  // Counts of tokens outgrow float32's integers: low and high part.
  arrays.set("since_fired.low", Float32Array.from(state.sinceFired, (count) => count % SPLIT));
  arrays.set("since_fired.high", Float32Array.from(state.sinceFired, (count) => Math.floor(count / SPLIT)));
  const tensors = [...arrays].map(([name, { length }]) => ({ name, dtype: "F32" as const, shape: [length] }));
  const metadata = { fingerprint, state: JSON.stringify({ counters: state.counters, ...position }) };
  writeSafetensors(path, tensors, ({ name }) => new Uint8Array(arrays.get(name)!.buffer), { metadata });
}

/**
 * Reads a checkpoint back into a state.
 * @returns where the run was, or undefined if there is no file
 * @throws {GuardrailError} "sae-foreign" if the file is another run's
 * @throws {GuardrailError} "corrupt-file" if arrays are missing or do not fit
 */
export function readTrainingCheckpoint(
  path: string,
  state: TrainingState,
  fingerprint: string,
): RunPosition | undefined {
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = readSafetensorsHeader(path);
  if (metadata["fingerprint"] !== fingerprint) {
    throw new GuardrailError(
      "sae-foreign",
      `Cannot resume from ${path}: it belongs to another run (other rules, data or seed); remove it to start anew`,
    );
  }
  const read = (name: string, length: number): Float32Array => {
    const tensor = tensors.get(name);
    const values = tensor && readFloat32(tensor);
    if (values?.length !== length) {
      throw new GuardrailError(
        "corrupt-file",
        `Cannot resume from ${path}: needs ${name} of ${length} values`,
      );
    }
    return values;
  };
  for (const [name, parameter] of parametersOf(state)) {
    for (const part of PARTS) {
      padRowsInto(parameter[part].view, read(`${name}.${part}`, parameter.nRows * parameter.d), parameter.d);
    }
  }
  const low = read("since_fired.low", state.sinceFired.length);
  const high = read("since_fired.high", state.sinceFired.length);
  low.forEach((count, f) => (state.sinceFired[f] = high[f]! * SPLIT + count));
  const { counters, position, history } = JSON.parse(metadata["state"] ?? "{}");
  Object.assign(state.counters, counters);
  return { position, history };
}

const SPLIT = 1 << 20;

function parametersOf(state: TrainingState): [string, Parameter][] {
  return Object.entries(state.parameters);
}
