/**
 * What a training needs to go on: weights, moments and the curve so far, in one file written at once. Batches are pure
 * functions of the step, so the step is all there is to a stream's position.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../../guardrail.ts";
import { fromFloat32 } from "../float_formats.ts";
import { readFloat32, readSafetensorsHeader } from "../safetensors.ts";
import { writeSafetensors } from "../safetensors_write.ts";
import type { AdamState } from "./adam.ts";

/** The curve's columns: nats of the loss (weighted), and of what is counted: answers, or all steps of a horizon. */
export interface TrainingCurve {
  readonly loss: Float32Array;
  readonly answerNats: Float32Array;
}

export interface TrainingState {
  /** Steps done. */
  step: number;
  readonly parameters: Float32Array;
  readonly adam: AdamState;
  /** Shape [all steps]; written up to `step`. */
  readonly curve: TrainingCurve;
}

/** Writes a state atomically. @param fingerprint what the training is: its spec as text */
export function saveTrainingState(path: string, state: TrainingState, fingerprint: string): void {
  const tensors = tensorsOf(state);
  mkdirSync(dirname(path), { recursive: true });
  writeSafetensors(
    path,
    Object.entries(tensors).map(([name, values]) => ({ name, dtype: "F32", shape: [values.length] })),
    ({ name }) => fromFloat32(tensors[name as keyof typeof tensors], "F32"),
    { metadata: { step: String(state.step), spec: fingerprint } },
  );
}

/**
 * Reads a state into `state`, if there is one.
 * @returns whether there was
 * @throws {UsageError} if it belongs to another training
 * @throws {GuardrailError} "corrupt-file"
 */
export function loadTrainingStateInPlace(path: string, state: TrainingState, fingerprint: string): boolean {
  if (!existsSync(path)) return false;
  const { metadata, tensors } = readSafetensorsHeader(path);
  const step = Number(metadata["step"]);
  if (metadata["spec"] !== fingerprint || !Number.isSafeInteger(step) || step < 0) {
    throw new UsageError(
      `Cannot resume from ${path}: needs a state of the same spec; delete it to start over`,
    );
  }
  for (const [name, values] of Object.entries(tensorsOf(state))) {
    const stored = tensors.get(name);
    if (stored === undefined || stored.shape[0] !== values.length) {
      throw new UsageError(`Cannot resume from ${path}: needs ${values.length} values of ${name}`);
    }
    values.set(readFloat32(stored));
  }
  state.step = step;
  state.adam.nSteps = step;
  return true;
}

function tensorsOf({ parameters, adam, curve }: TrainingState) {
  return {
    parameters,
    first: adam.first,
    second: adam.second,
    loss: curve.loss,
    answerNats: curve.answerNats,
  };
}
