/** Everything that outcomes and activations depend on, as the keys that their stages are kept under. */
import { sha256File } from "../../io/hash.ts";
import { dataFile } from "../../io/paths.ts";
import { modelDirectory, weightsHash } from "./model_files.ts";
import type { StudyConfig } from "./study_config.ts";

/** Keys of both kinds of stages. A hook is none of the outcomes' business: a second one reuses them. */
export interface ExtractionInputs {
  readonly outcomes: object;
  readonly activations: object;
}

/** Reads what there is to be hashed. */
export async function extractionInputs(config: StudyConfig): Promise<ExtractionInputs> {
  const { modality, dataset, seed, n_items, hook, forecast, corpus, series, extraction, limit, label } =
    config;
  const weights = async (role: "cheap" | "expensive") =>
    await weightsHash(await modelDirectory(config.models[role]));
  const files = [corpus?.file, corpus?.fallback, series?.file].filter((name) => name !== undefined);
  const outcomes = {
    ...{ modality, dataset, seed, n_items, forecast: forecast ?? null },
    models: { cheap: await weights("cheap"), expensive: await weights("expensive") },
    ...(files.length > 0 && { data: await sha256File(dataFile(...files)) }),
    ...(corpus && { split: corpus.split, maxPromptTokens: corpus.max_prompt_tokens ?? null }),
    ...(corpus?.answer_tokens !== undefined && {
      answerTokens: corpus.answer_tokens,
      wrongMeansNoMatch: label?.kind === "exact_match",
    }),
    ...(series && { series }),
    ...(extraction && { engine: extraction.engine, error: label?.error ?? null }),
    ...(limit !== undefined && { limit }),
  };
  return {
    outcomes,
    activations: {
      ...outcomes,
      hook,
      ...(extraction && { positions: extraction.positions, dtype: extraction.dtype }),
    },
  };
}
