/** What `deno task sae train` and `deno task sae eval` do: from stores and checkpoints on disk to checkpoints and verdicts. */
import { join } from "node:path";
import { UsageError } from "../guardrail.ts";
import { type ActivationStore, openActivationStore } from "../io/activation_store.ts";
import { writeJsonAtomic } from "../io/atomic.ts";
import { type EngineName, openEngine } from "../model/engine.ts";
import { atomCosines } from "../sae/atoms.ts";
import { pcaSae, randomDecoderSae } from "../sae/controls.ts";
import { describeSae, type SaeDescription } from "../sae/describe.ts";
import { evaluateSae, requireSameActivations, type SaeEvaluation, spreadBatches } from "../sae/evaluate.ts";
import { readSae, type ReadSaeOptions, writeSae } from "../sae/formats/checkpoint.ts";
import { type GateFigures, type GateVerdict, judgeSae, readGateThresholds } from "../sae/gate.ts";
import { CORRECTED, PUBLISHED, type SaeVariant, type TrainingRules } from "../sae/rules.ts";
import { type TrainedSae, type TrainingProgress, trainSae } from "../sae/train.ts";

/** A training run as the command line gives it. */
export interface TrainCommand {
  /** Folder of activations. */
  readonly store: string;
  /** Folder of the checkpoint (SAELens' layout) and of training.json. */
  readonly out: string;
  readonly dSae: number;
  readonly k: number;
  readonly variant: string;
  readonly protocol: string;
  readonly nEpochs: number;
  readonly seed: number;
  readonly engine: EngineName;
  /** Rules that differ from the protocol's, e.g. learningRate. */
  readonly rules?: Partial<TrainingRules>;
  readonly saveEverySteps?: number;
  readonly onStep?: (progress: TrainingProgress) => void;
}

/** Trains an SAE, resuming a killed run of the same command, and writes it. */
export async function trainFromStore(
  command: TrainCommand,
): Promise<Omit<TrainedSae, "sae"> & SaeDescription> {
  const store = await openActivationStore(command.store);
  try {
    const base = { published: PUBLISHED, corrected: CORRECTED }[command.protocol];
    if (base === undefined) {
      throw new UsageError(`Unknown protocol "${command.protocol}"; known: published, corrected`);
    }
    const rules: TrainingRules = {
      ...base,
      auxK: Math.min(base.auxK, command.dSae),
      ...command.rules,
      variant: variantNamed(command),
    };
    const { sae, ...figures } = await trainSae(store, {
      ...command,
      rules,
      engine: await openEngine({ engine: command.engine }),
      nThreads: navigator.hardwareConcurrency,
      checkpoint: {
        path: join(command.out, "training.safetensors"),
        everySteps: command.saveEverySteps ?? 200,
      },
    });
    const { hook, model } = store.metadata;
    const named = { ...sae, ...(hook !== undefined && { hook }), ...(model !== undefined && { model }) };
    await writeSae(named, command.out, "saelens");
    const description = describeSae(named);
    await writeJsonAtomic(join(command.out, "training.json"), { rules, ...figures, ...description });
    return { ...figures, ...description };
  } finally {
    await store.close();
  }
}

/** Options of an evaluation. */
export interface EvalCommand extends ReadSaeOptions {
  readonly store: string;
  readonly engine: EngineName;
  /** Tokens evaluated; the random control is trained on as many. */
  readonly maxRows: number;
  readonly seed: number;
  /** Thresholds; default configs/sae_gate.yaml. */
  readonly gate?: string;
}

/** An evaluation with its verdict, as it is printed and recorded. */
export interface JudgedSae {
  readonly sae: SaeDescription;
  readonly evaluation: Omit<SaeEvaluation, "firingRates"> & {
    readonly firingRateQuantiles: readonly number[];
  };
  readonly figures: Omit<GateFigures, "evaluation">;
  readonly gate: GateVerdict;
}

/**
 * Evaluates a checkpoint on a store and judges it.
 * @throws {GuardrailError} "sae-missing", "sae-foreign" or "sae-invalid" if it cannot be used at all
 */
export async function judgeCheckpoint(path: string, command: EvalCommand): Promise<JudgedSae> {
  const thresholds = readGateThresholds(command.gate);
  const sae = readSae(path, command);
  const store = await openActivationStore(command.store);
  try {
    requireSameActivations(sae, store);
    const engine = await openEngine({ engine: command.engine });
    const eos = store.metadata["eos_position"];
    const options = {
      engine,
      nThreads: navigator.hardwareConcurrency,
      maxRows: command.maxRows,
      ...(eos !== undefined && { isEos: (_: number, position: number) => position === Number(eos) }),
    };
    const { firingRates, ...evaluation } = await evaluateSae(sae, store, options);
    const k = Math.max(1, Math.round(evaluation.l0));
    const pca = await pcaSae(store, { dSae: sae.dSae, k, engine, maxRows: command.maxRows });
    const random = await randomDecoderSae(limitRows(store, command.maxRows), {
      ...options,
      dSae: sae.dSae,
      k: Math.min(k, sae.dSae),
      nEpochs: 1,
      seed: command.seed,
      rules: CONTROL_RULES,
    });
    const figures = {
      cosines: await atomCosines(sae, engine),
      controlFvu: {
        pca: (await evaluateSae(pca, store, options)).byClass.rest.fvu ?? 0,
        random: (await evaluateSae(random.sae, store, options)).byClass.rest.fvu ?? 0,
      },
    };
    const sorted = firingRates.slice().sort();
    const quantiles = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1];
    return {
      sae: describeSae(sae),
      evaluation: {
        ...evaluation,
        firingRateQuantiles: quantiles.map((q) => sorted[Math.floor(q * (sorted.length - 1))]!),
      },
      figures,
      gate: judgeSae({ evaluation: { ...evaluation, firingRates }, ...figures }, thresholds),
    };
  } finally {
    await store.close();
  }
}

/** Small batches: the control shall be trained out on the tokens it is given. */
const CONTROL_RULES = { batchSize: 256, learningRate: 2e-3, warmupSteps: 20 };

/** The same store with fewer batches. */
function limitRows(store: ActivationStore, maxRows: number): ActivationStore {
  const batches = spreadBatches(store, maxRows);
  return { ...store, batches, nRows: batches.reduce((sum, { nRows }) => sum + nRows, 0) };
}

function variantNamed({ variant, k, dSae }: TrainCommand): SaeVariant {
  switch (variant) {
    case "topk":
    case "batchtopk":
      return { kind: variant, k };
    case "matryoshka": {
      // Each dictionary twice the one before: 1/8, 1/4, 1/2 and all of the latents.
      const eighth = Math.floor(dSae / 8);
      return { kind: variant, k, groupSizes: [eighth, eighth, 2 * eighth, dSae - 4 * eighth] };
    }
    case "jumprelu":
      return { kind: variant, l0Coefficient: 1e-3, bandwidth: 0.03, initialThreshold: 0.1 };
    default:
      throw new UsageError(`Unknown variant "${variant}"; known: topk, batchtopk, matryoshka, jumprelu`);
  }
}

/** @throws {UsageError} for an unknown engine */
export function engineNamed(name: string): EngineName {
  if (name === "native" || name === "portable") return name;
  throw new UsageError(`Unknown engine "${name}"; known: native, portable`);
}

/** @throws {UsageError} unless the text is a positive whole number */
export function wholeNumber(flag: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`${flag} needs a positive whole number, got "${text}"`);
}
