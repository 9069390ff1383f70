/** `--sae FILE`: another checkpoint in the place of the study's own SAEs, or a refusal; never one in its stead. */
import type { Study } from "../../modality.ts";
import type { Engine } from "../../model/engine.ts";
import { assessSae } from "../../sae/assess.ts";
import { describeSae } from "../../sae/describe.ts";
import { detectSaeFormat } from "../../sae/formats/checkpoint.ts";
import { requireValidSae } from "../../sae/gate.ts";
import { loadSaeFor } from "../../sae/load_for.ts";
import type { SaeWeights } from "../../sae/weights.ts";
import type { Extracted } from "./extract.ts";
import { type JudgedSae, MAX_ASSESSED_ROWS } from "./saes.ts";
import type { StageCache } from "./stage_cache.ts";
import type { StudyConfig } from "./study_config.ts";

/**
 * Reads a checkpoint of any format for a study's hook. The published format does not store its k: it is the
 * configured one.
 * @throws {GuardrailError} "sae-missing", "sae-foreign" for another width, hook or model, "sae-invalid",
 *   "corrupt-file" or "unsafe-pickle"
 */
export function readGivenSae(
  path: string,
  { dModel, hook }: Pick<Study, "dModel" | "hook">,
  { models, sae: { k } }: Pick<StudyConfig, "models" | "sae">,
): SaeWeights {
  const store = { d: dModel, metadata: { hook, model: models.cheap } };
  return loadSaeFor(path, store, detectSaeFormat(path) === "published" ? { k } : {});
}

/** The study's settings with that checkpoint instead of an SAE a seed: one ladder, under the first seed's number. */
export function withGivenSae(config: StudyConfig, { dSae }: SaeWeights): StudyConfig {
  return { ...config, sae: { ...config.sae, d_sae: dSae, seeds: config.sae.seeds.slice(0, 1) } };
}

/**
 * Judges it on the test items as the study's own SAEs are.
 * @throws {GuardrailError} "sae-invalid" if the gate refuses it: nobody asked for a claim that may not be made
 */
export async function judgeGivenSae(
  sae: SaeWeights,
  { seed, extracted, engine, cache }: {
    readonly seed: number;
    readonly extracted: Pick<Extracted, "testStore" | "inputs">;
    readonly engine: Engine;
    readonly cache: StageCache;
  },
): Promise<JudgedSae> {
  const inputs = { sae: describeSae(sae).arraysSha256, seed, on: extracted.inputs };
  const assessment = await cache.stage(
    "sae_given_assessment",
    inputs,
    () => assessSae(sae, extracted.testStore, { engine, nThreads: 1, seed, maxRows: MAX_ASSESSED_ROWS }),
  );
  requireValidSae(assessment.gate, "the given SAE");
  return { seed, sae, training: null, assessment };
}
