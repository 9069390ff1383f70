/**
 * Everything that speaks for or against an SAE, in one call: its own figures, its controls trained and measured beside
 * it, what the model loses with it, and the gate's verdict. The result is plain JSON, to be recorded in every artifact
 * that rests on the SAE.
 */
import type { ActivationStore } from "../io/activation_store.ts";
import type { HookedModel, Tokens } from "../model/model.ts";
import { atomCosines } from "./atoms.ts";
import { pcaSae, randomDecoderSae } from "./controls.ts";
import { describeSae, type SaeDescription } from "./describe.ts";
import { type EncoderOptions, openSaeEncoder, type SaeEncoder } from "./encoder.ts";
import {
  evaluateSae,
  type EvaluationOptions,
  requireSameActivations,
  type SaeEvaluation,
  spreadBatches,
} from "./evaluate.ts";
import { type FiringHistogram, firingHistogram } from "./firing_histogram.ts";
import {
  type GateFigures,
  type GateThresholds,
  type GateVerdict,
  judgeSae,
  readGateThresholds,
} from "./gate.ts";
import { compareSplices, type SpliceOptions } from "./splice.ts";
import type { SaeWeights } from "./weights.ts";

/** How an SAE is assessed. */
export interface AssessOptions extends Omit<EvaluationOptions, "maxRows"> {
  /** Tokens evaluated, batches evenly spaced; the controls see the same. */
  readonly maxRows: number;
  /** Of the random decoder. */
  readonly seed: number;
  /** Default configs/sae_gate.yaml. */
  readonly thresholds?: GateThresholds;
  /** Where the SAE is spliced in; without it the loss recovered is not measured and not judged. */
  readonly splice?: SpliceOptions & { readonly model: HookedModel; readonly items: readonly Tokens[] };
}

/** An SAE's figures and verdict. */
export interface SaeAssessment {
  readonly sae: SaeDescription;
  readonly evaluation: Omit<SaeEvaluation, "firingRates"> & {
    /** Over the latents, at FIRING_QUANTILES. */
    readonly firingRateQuantiles: readonly number[];
    readonly firingHistogram: FiringHistogram;
  };
  readonly figures: Omit<GateFigures, "evaluation">;
  readonly gate: GateVerdict;
}

export const FIRING_QUANTILES = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1] as const;

/**
 * Assesses an SAE on a store, and in a model if one is given. A refusal is a result here; requireValidSae() throws it.
 * @throws {GuardrailError} "sae-foreign" if the SAE was made for other activations
 */
export async function assessSae(
  sae: SaeWeights,
  store: ActivationStore,
  options: AssessOptions,
): Promise<SaeAssessment> {
  requireSameActivations(sae, store);
  const { engine, splice, thresholds = readGateThresholds() } = options;
  const eos = store.metadata["eos_position"];
  const evaluating: EvaluationOptions = {
    ...(eos !== undefined && { isEos: (_: number, position: number) => position === Number(eos) }),
    ...options,
  };
  const { firingRates, ...evaluation } = await evaluateSae(sae, store, evaluating);
  const controls = await controlsOf(sae, store, { ...options, l0: evaluation.l0 });
  const restFvu = async (control: SaeWeights) =>
    (await evaluateSae(control, store, evaluating)).byClass.rest.fvu;
  const figures = {
    cosines: await atomCosines(sae, engine),
    controlFvu: { pca: await restFvu(controls.pca), random: await restFvu(controls.random) },
    ...(splice && { splice: await spliceAll({ sae, ...controls }, splice, options) }),
  };
  const sorted = firingRates.slice().sort();
  return {
    sae: describeSae(sae),
    evaluation: {
      ...evaluation,
      firingRateQuantiles: FIRING_QUANTILES.map((q) => sorted[Math.floor(q * (sorted.length - 1))]!),
      firingHistogram: firingHistogram(firingRates, evaluation.nRows),
    },
    figures,
    gate: judgeSae({ evaluation: { ...evaluation, firingRates }, ...figures }, thresholds),
  };
}

/** Small batches and a token budget below which the data are repeated: a control that is not trained out is no bar. */
const CONTROL_RULES = { batchSize: 256, learningRate: 2e-3, warmupSteps: 20 };
const CONTROL_TOKENS = 100_000;

/** Controls of the SAE's width, with as many latents active as it has. */
async function controlsOf(
  { dSae }: SaeWeights,
  store: ActivationStore,
  { l0, maxRows, seed, engine, nThreads }: AssessOptions & { readonly l0: number },
): Promise<{ readonly pca: SaeWeights; readonly random: SaeWeights }> {
  const k = Math.min(dSae, Math.max(1, Math.round(l0)));
  const batches = spreadBatches(store, maxRows);
  const seen = { ...store, batches, nRows: batches.reduce((sum, { nRows }) => sum + nRows, 0) };
  const random = await randomDecoderSae(seen, {
    ...{ engine, nThreads, dSae, k, seed },
    nEpochs: Math.ceil(CONTROL_TOKENS / seen.nRows),
    rules: CONTROL_RULES,
  });
  return { pca: await pcaSae(store, { dSae, k, engine, maxRows }), random: random.sae };
}

/** Splices the SAE and its controls into the model. */
async function spliceAll(
  saes: Readonly<Record<"sae" | "pca" | "random", SaeWeights>>,
  { model, items, ...where }: NonNullable<AssessOptions["splice"]>,
  { engine, nThreads }: EncoderOptions,
): Promise<NonNullable<GateFigures["splice"]>> {
  const encoders: SaeEncoder[] = [];
  const open = async (sae: SaeWeights) => {
    const encoder = await openSaeEncoder(sae, { engine, nThreads });
    encoders.push(encoder);
    return encoder;
  };
  try {
    const opened = { sae: await open(saes.sae), pca: await open(saes.pca), random: await open(saes.random) };
    return await compareSplices(model, items, { ...where, encoders: opened });
  } finally {
    for (const encoder of encoders) await encoder.close();
  }
}
