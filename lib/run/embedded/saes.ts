/** Stage 2: an SAE a seed on the train items' activations, judged on the test items', refused where it does not hold. */
import { join } from "node:path";
import type { Engine } from "../../model/engine.ts";
import { assessSae, type SaeAssessment } from "../../sae/assess.ts";
import { readSae, writeSae } from "../../sae/formats/checkpoint.ts";
import { CORRECTED, PUBLISHED, type TrainingRules } from "../../sae/rules.ts";
import { trainSae } from "../../sae/train.ts";
import type { SaeWeights } from "../../sae/weights.ts";
import type { Extracted } from "./extract.ts";
import type { StageCache } from "./stage_cache.ts";
import type { StudyConfig } from "./study_config.ts";

/** One trained SAE and the verdict on it. */
export interface JudgedSae {
  readonly seed: number;
  readonly sae: SaeWeights;
  /** null for a checkpoint that was trained elsewhere. */
  readonly training: {
    readonly nSteps: number;
    readonly nTokens: number;
    readonly fvuHistory: readonly number[];
  } | null;
  readonly assessment: SaeAssessment;
}

/** Trains and judges the SAE of every seed, or reads what an earlier run left. */
export async function trainSaes(
  config: StudyConfig,
  { extracted, engine, cache }: {
    readonly extracted: Extracted;
    readonly engine: Engine;
    readonly cache: StageCache;
  },
): Promise<JudgedSae[]> {
  const { sae: { seeds, ...size } } = config;
  const judged: JudgedSae[] = [];
  for (const seed of seeds) {
    const inputs = saeInputs(config, seed, extracted.inputs);
    const folder = cache.folderOf(`sae_${seed}`, inputs);
    const training = await cache.stage(`sae_${seed}_training`, inputs, async () => {
      const { sae, nSteps, nTokens, fvuHistory } = await trainSae(extracted.trainStore, {
        dSae: size.d_sae,
        rules: rulesOf(config),
        nEpochs: size.n_epochs,
        seed,
        engine,
        nThreads: 1,
        checkpoint: { path: join(folder, "training.safetensors"), everySteps: 500 },
      });
      await writeSae(
        { ...sae, hook: config.hook, model: config.models.cheap },
        join(folder, "sae"),
        "saelens",
      );
      return { nSteps, nTokens, fvuHistory };
    });
    const sae = readSae(join(folder, "sae"));
    const assessment = await cache.stage(
      `sae_${seed}_assessment`,
      inputs,
      () => assessSae(sae, extracted.testStore, { engine, nThreads: 1, seed, maxRows: MAX_ASSESSED_ROWS }),
    );
    judged.push({ seed, sae, training, assessment });
  }
  return judged;
}

/** What one SAE depends on: its stages' key. @param on what the activations depend on */
export function saeInputs({ sae: { seeds: _, ...size } }: StudyConfig, seed: number, on: unknown): object {
  return { ...size, seed, on };
}

/** Enough tokens for three digits of FVU. */
export const MAX_ASSESSED_ROWS = 20_000;

function rulesOf({ sae }: StudyConfig): TrainingRules {
  if (sae.rules === "published") {
    return { ...PUBLISHED, variant: { kind: "topk", k: sae.k }, auxK: sae.aux_k };
  }
  return {
    ...CORRECTED,
    variant: { kind: "topk", k: sae.k },
    batchSize: sae.batch_size,
    learningRate: sae.learning_rate,
    auxK: sae.aux_k,
    deadAfter: { unit: "tokens", count: sae.dead_tokens },
  };
}
