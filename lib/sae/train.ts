/**
 * Training an SAE on an activation store: shuffled batches, a learning-rate schedule, checkpoints, resumption to the
 * same bits. Memory does not grow with the number of tokens.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { GuardrailError } from "../guardrail.ts";
import type { ActivationStore } from "../io/activation_store.ts";
import { sha256 } from "../io/hash.ts";
import { randomStream } from "../math/random.ts";
import type { Engine } from "../model/engine.ts";
import { geometricMedian, initialWeights, meanRow } from "./initial.ts";
import { resampleDeadInPlace } from "./resample.ts";
import { rateAt, type SaeSize, type TrainingRules } from "./rules.ts";
import { type ShuffledRows, shuffleRows } from "./shuffle.ts";
import { openTrainer, type SaeTrainer, type StepReport } from "./trainer.ts";
import { readTrainingCheckpoint, writeTrainingCheckpoint } from "./training_checkpoint.ts";
import { weightsOf } from "./training_state.ts";
import type { SaeWeights } from "./weights.ts";

/** How a store is turned into an SAE. */
export interface SaeTrainingOptions {
  readonly dSae: number;
  readonly rules: TrainingRules;
  readonly nEpochs: number;
  readonly seed: number;
  readonly engine: Engine;
  readonly nThreads: number;
  /** Rows shuffled at a time; what is held in memory. Default 65,536. */
  readonly windowRows?: number;
  /** Where the run is saved and resumed from; nothing is saved without it. */
  readonly checkpoint?: { readonly path: string; readonly everySteps: number };
  readonly onStep?: (progress: TrainingProgress) => void;
}

/** Figures after a step. */
export interface TrainingProgress extends StepReport {
  readonly step: number;
  readonly totalSteps: number;
  readonly nTokens: number;
  /** Squared error over the variance of the data around its mean. */
  readonly fvu: number;
  readonly deadFraction: number;
}

/** A trained SAE and how it went. */
export interface TrainedSae {
  readonly sae: SaeWeights;
  readonly nSteps: number;
  readonly nTokens: number;
  /** FVU of the training batches, the mean of each tenth of the run. */
  readonly fvuHistory: readonly number[];
  readonly deadFraction: number;
}

/**
 * Trains from scratch, or from the checkpoint of the same run if there is one.
 * @throws {GuardrailError} "sae-foreign" if the checkpoint is another run's
 * @throws {GuardrailError} "empty-split" if the data do not vary
 * @throws {RangeError} if the rules do not fit
 */
export async function trainSae(store: ActivationStore, options: SaeTrainingOptions): Promise<TrainedSae> {
  const { rules, nEpochs, seed, checkpoint, onStep } = options;
  const size: SaeSize = { dModel: store.d, dSae: options.dSae };
  const data = shuffleRows(store, { seed, windowRows: options.windowRows ?? 65_536 });
  const totalSteps = nEpochs * Math.ceil(data.nRows / rules.batchSize);
  const start = await sampleCentre(data, rules, size);
  const trainer = await openTrainer(size, {
    ...options,
    initial: initialWeights(size, { rules, rng: randomStream(seed, "sae/init"), bDec: start.centre }),
  });
  try {
    const { state } = trainer;
    const fingerprint = fingerprintOf(store, options);
    const saved = checkpoint && readTrainingCheckpoint(checkpoint.path, state, fingerprint);
    if (checkpoint) prepareFolder(checkpoint.path);
    let position = saved?.position ?? { epoch: 0, row: 0 };
    const history = [...saved?.history ?? []];
    while (position.epoch < nEpochs) {
      const step = state.counters.step;
      const { nRows, next } = await data.readInto(trainer.batch, position);
      const report = await trainer.step(nRows, rateAt(rules, step, totalSteps));
      resample(trainer, nRows, seed);
      position = next;
      const fvu = report.mse / start.variance;
      if (!Number.isFinite(fvu)) {
        throw new GuardrailError("non-finite", `Cannot train on: the loss of step ${step} is ${report.loss}`);
      }
      recordFvu(history, fvu, step / totalSteps);
      const deadFraction = report.nDead / size.dSae;
      onStep?.({ ...report, step: step + 1, totalSteps, nTokens: state.counters.nTokens, fvu, deadFraction });
      const isDue = checkpoint && (step + 1) % checkpoint.everySteps === 0;
      if (isDue) writeTrainingCheckpoint(checkpoint.path, state, { fingerprint, position, history });
    }
    const { step: nSteps, nTokens } = state.counters;
    return {
      sae: weightsOf(state, size, rules),
      nSteps,
      nTokens,
      fvuHistory: meansOf(history),
      deadFraction: state.sinceFired.filter((since) => since > rules.deadAfter.count).length / size.dSae,
    };
  } finally {
    await trainer.close();
  }
}

/** Makes the checkpoint's folder, and removes what runs killed while writing left there. */
function prepareFolder(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(`${basename(path)}.`) && name.endsWith(".tmp")) rmSync(join(dirname(path), name));
  }
}

/** Where b_dec starts and what FVU is relative to, from the first rows of the shuffled data. */
async function sampleCentre(data: ShuffledRows, rules: TrainingRules, { dModel: d }: SaeSize) {
  const rows = new Float32Array(Math.min(data.nRows, SAMPLE_ROWS) * d);
  await data.readInto(rows, { epoch: 0, row: 0 });
  const mean = meanRow(rows, d);
  let squares = 0;
  for (let i = 0; i < rows.length; i++) squares += (rows[i]! - mean[i % d]!) * (rows[i]! - mean[i % d]!);
  if (!(squares > 0)) {
    throw new GuardrailError(
      "empty-split",
      `Cannot train an SAE: needs rows that differ, got ${rows.length / d} alike`,
    );
  }
  const centre = rules.initialBias === "mean" ? mean : geometricMedian(rows, d);
  return { centre, variance: squares / rows.length };
}

const SAMPLE_ROWS = 16_384;

function resample(trainer: SaeTrainer, nRows: number, seed: number): void {
  const { resampleEverySteps: every } = trainer.rules;
  const { step } = trainer.state.counters;
  if (every > 0 && step % every === 0) {
    resampleDeadInPlace(trainer, nRows, randomStream(seed, `sae/resample/${step}`));
  }
}

/** Sums and counts of ten equal parts of the run, side by side. */
function recordFvu(history: number[], fvu: number, progress: number): void {
  const part = 2 * Math.min(9, Math.floor(10 * progress));
  while (history.length < part + 2) history.push(0);
  history[part]! += fvu;
  history[part + 1]! += 1;
}

/** The means of the parts that had a step. */
function meansOf(history: readonly number[]): number[] {
  const parts = Array.from(
    { length: history.length / 2 },
    (_, i) => [history[2 * i]!, history[2 * i + 1]!] as const,
  );
  return parts.filter(([, count]) => count > 0).map(([sum, count]) => sum / count);
}

/** Two runs with one fingerprint take the same steps: rules, seed, engine and the data's layout. */
function fingerprintOf(store: ActivationStore, options: SaeTrainingOptions): string {
  const { dSae, rules, nEpochs, seed, windowRows, engine } = options;
  const { d, dtype, metadata, batches } = store;
  const data = { d, dtype, metadata, batches };
  return sha256(JSON.stringify({ dSae, rules, nEpochs, seed, windowRows, engine: engine.name, data }));
}
