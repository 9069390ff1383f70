/** Training an organism: steps, checkpoints and going on where a sitting ended, to the same bits. */
import type { Tensor } from "../engine.ts";
import { parseChronosConfig } from "../chronos_config.ts";
import { chronosBins } from "../chronos_tokens.ts";
import { readGptNeoxConfig } from "../gpt_neox_config.ts";
import { t5Tensors } from "../t5.ts";
import { readT5Config } from "../t5_config.ts";
import { adamState, scheduledRate, updateInPlace } from "./adam.ts";
import { factsBatch } from "./facts_batches.ts";
import { gptNeoxParameters, gptNeoxTrainingGraph } from "./gpt_neox_training.ts";
import { decayMask, initializeInPlace, initializeRetrievalInPlace } from "./initialize.ts";
import { initializeSeriesInPlace } from "./initialize_series.ts";
import type { OrganismSpec } from "./organisms.ts";
import { seriesBatch } from "./series_batches.ts";
import { type FlatParameters, flatParameters, openTrainingSession } from "./session.ts";
import { t5TrainingGraph } from "./t5_training.ts";
import { loadTrainingStateInPlace, saveTrainingState, type TrainingState } from "./training_state.ts";

export interface TrainOptions {
  /** The file of the training's state; without it nothing is saved, and nothing resumed. */
  readonly stateFile?: string;
  /** Ends the sitting after this step of the schedule; default: the last. */
  readonly untilStep?: number;
  /** Asked between steps; true ends the sitting with a checkpoint. */
  readonly shouldStop?: () => boolean;
  /** Awaited between steps: a place to sleep while others need the machine. */
  readonly pause?: () => Promise<void>;
  readonly onStep?: (step: StepReport) => void;
  /** The bits do not depend on it. */
  readonly threads: number;
  /** Steps between checkpoints. */
  readonly saveEvery?: number;
}

export interface StepReport {
  /** Steps done. */
  readonly step: number;
  readonly nSteps: number;
  readonly loss: number;
  /** Mean nats of answers, or of all steps of a horizon. */
  readonly answerNats: number;
  readonly gradientNorm: number;
}

export interface Trained {
  readonly parameters: FlatParameters;
  readonly state: TrainingState;
  readonly isFinished: boolean;
}

/** AdamW's constants that all organisms share. */
const ADAM = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, maxGradientNorm: 1 };

/**
 * Trains, from where the state file says.
 * @throws {UsageError} if the state file belongs to another spec
 * @throws {RangeError} if a gradient is not finite
 */
export async function trainOrganism(spec: OrganismSpec, options: TrainOptions): Promise<Trained> {
  const { stateFile, untilStep = spec.nSteps, shouldStop, pause, onStep, threads, saveEvery = 100 } = options;
  const { parameters, graph, batch, startInPlace } = trainingOf(spec);
  const gradient = flatParameters(parameters.shapes);
  startInPlace();
  const state: TrainingState = {
    step: 0,
    parameters: parameters.data,
    adam: adamState(parameters.data.length),
    curve: { loss: new Float32Array(spec.nSteps), answerNats: new Float32Array(spec.nSteps) },
  };
  const fingerprint = JSON.stringify(spec);
  if (stateFile !== undefined) loadTrainingStateInPlace(stateFile, state, fingerprint);
  const save = () => stateFile !== undefined && saveTrainingState(stateFile, state, fingerprint);
  const end = Math.min(untilStep, spec.nSteps);
  if (state.step >= end) return { parameters, state, isFinished: state.step === spec.nSteps };

  const decays = decayMask(parameters.shapes);
  const schedule = { peak: spec.learningRate, nWarmup: spec.nWarmup, nSteps: spec.nSteps };
  const session = await openTrainingSession(graph, { parameters, gradient, threads });
  try {
    while (state.step < end && !shouldStop?.()) {
      await pause?.();
      const { feeds, isCounted } = batch(state.step);
      const { loss, nats } = await session.run(feeds);
      const gradientNorm = updateInPlace(parameters.data, gradient.data, {
        state: state.adam,
        decays,
        options: {
          ...ADAM,
          weightDecay: spec.weightDecay,
          learningRate: scheduledRate(state.step, schedule),
        },
      });
      const answerNats = meanWhere(nats, isCounted);
      state.curve.loss[state.step] = loss;
      state.curve.answerNats[state.step] = answerNats;
      state.step++;
      onStep?.({ step: state.step, nSteps: spec.nSteps, loss, answerNats, gradientNorm });
      if (state.step % saveEvery === 0 && state.step < end) save();
    }
  } finally {
    await session.close();
  }
  save();
  return { parameters, state, isFinished: state.step === spec.nSteps };
}

/** A step's data, and which of its predictions the curve counts. */
type BatchOf = (step: number) => { readonly feeds: Record<string, Tensor>; readonly isCounted: Uint8Array };

function trainingOf(spec: OrganismSpec) {
  const { config: raw, dataSeed: seed, nRows, rowLength: length, textWeight } = spec;
  const where = `organism ${spec.name}`;
  if (raw["model_type"] === "t5") {
    const config = readT5Config(raw, where);
    const bins = chronosBins(parseChronosConfig(raw, where));
    const { contextLength, predictionLength, useEosToken } = bins.config;
    const batch: BatchOf = (step) => seriesBatch(step, { seed, nRows, bins });
    const parameters = flatParameters(t5Tensors(config));
    return {
      parameters,
      graph: t5TrainingGraph(config, {
        nRows,
        contextLength: contextLength + Number(useEosToken),
        targetLength: predictionLength,
      }),
      batch,
      startInPlace: () => {
        initializeInPlace(parameters, { seed: spec.seed, nWriters: 2 * config.nEncoderBlocks });
        initializeSeriesInPlace(parameters, { config, bins, seed: spec.seed });
      },
    };
  }
  const config = readGptNeoxConfig(raw, where);
  const batch: BatchOf = (step) => factsBatch(step, { seed, nRows, length, textWeight });
  const parameters = flatParameters(gptNeoxParameters(config));
  return {
    parameters,
    graph: gptNeoxTrainingGraph(config, { nRows, length }),
    batch,
    startInPlace: () => {
      initializeInPlace(parameters, { seed: spec.seed, nWriters: 2 * config.nBlocks });
      initializeRetrievalInPlace(parameters, config);
    },
  };
}

function meanWhere(values: Float32Array, counts: Uint8Array): number {
  let sum = 0;
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    if (!counts[i]) continue;
    sum += values[i]!;
    n++;
  }
  return sum / n;
}
