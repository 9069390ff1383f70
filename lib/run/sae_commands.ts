/** What `deno task sae train` and `deno task sae eval` do: from stores and checkpoints on disk to checkpoints and verdicts. */
import { join } from "node:path";
import { UsageError } from "../guardrail.ts";
import { openActivationStore } from "../io/activation_store.ts";
import { writeJsonAtomic } from "../io/atomic.ts";
import { type EngineName, openEngine } from "../model/engine.ts";
import { type HookedModel, loadModel } from "../model/model.ts";
import { assessSae, type SaeAssessment } from "../sae/assess.ts";
import { describeSae, type SaeDescription } from "../sae/describe.ts";
import { type ReadSaeOptions, writeSae } from "../sae/formats/checkpoint.ts";
import { readGateThresholds } from "../sae/gate.ts";
import { loadSaeFor } from "../sae/load_for.ts";
import { CORRECTED, PUBLISHED, type SaeVariant, type TrainingRules } from "../sae/rules.ts";
import { type TrainedSae, type TrainingProgress, trainSae } from "../sae/train.ts";
import { readSpliceItems } from "./splice_items.ts";

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
  /** Tokens evaluated; the controls see as many. */
  readonly maxRows: number;
  readonly seed: number;
  /** Thresholds; default configs/sae_gate.yaml. */
  readonly gate?: string;
  /** Splices the SAE into this model, on these items. */
  readonly splice?: {
    /** Folder of the model's checkpoint. */
    readonly model: string;
    /** File of items, see readSpliceItems(). */
    readonly items: string;
    /** Default: the SAE's or the store's. */
    readonly hook?: string;
  };
}

/**
 * Assesses a checkpoint on a store, and in a model if one is given.
 * @throws {GuardrailError} "sae-missing", "sae-foreign" or "sae-invalid" if it cannot be used at all
 * @throws {UsageError} if the splice's hook is not known or its items cannot be read
 */
export async function judgeCheckpoint(path: string, command: EvalCommand): Promise<SaeAssessment> {
  const thresholds = readGateThresholds(command.gate);
  const store = await openActivationStore(command.store);
  let model: HookedModel | undefined;
  try {
    const sae = loadSaeFor(path, store, command);
    const { engine: name, maxRows, seed, splice } = command;
    const hook = splice?.hook ?? sae.hook;
    if (splice && hook === undefined) {
      throw new UsageError("Cannot splice: neither the SAE nor the store names a hook; give --hook");
    }
    if (splice) model = await loadModel(splice.model, { engine: name });
    return await assessSae(sae, store, {
      engine: await openEngine({ engine: name }),
      nThreads: navigator.hardwareConcurrency,
      maxRows,
      seed,
      thresholds,
      ...(splice && model && hook !== undefined && {
        splice: { model, hook, ...await readSpliceItems(splice.items, splice.model) },
      }),
    });
  } finally {
    await model?.close();
    await store.close();
  }
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
