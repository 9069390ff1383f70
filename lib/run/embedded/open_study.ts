/** From a configuration to the study behind the seam: the one place that knows which adapters there are. */
import { readHellaswag } from "../../data/hellaswag.ts";
import { readSeriesColumn } from "../../data/series_csv.ts";
import { readSquad } from "../../data/squad.ts";
import { GuardrailError, UsageError } from "../../guardrail.ts";
import { dataFile } from "../../io/paths.ts";
import { hellaswagPrompts, squadPrompts } from "../../modalities/llm_corpora.ts";
import type { Study } from "../../modality.ts";
import { openLlmStudy } from "../../modalities/llm.ts";
import { type PromptItem, promptItems } from "../../modalities/llm_prompts.ts";
import { openTsfmStudy } from "../../modalities/tsfm.ts";
import { csvWindows, organismWindows, type WindowItem } from "../../modalities/tsfm_windows.ts";
import type { EngineOptions } from "../../model/engine.ts";
import { overlapLength } from "../../stats/time_blocks.ts";
import { modelDirectory } from "./model_files.ts";
import type { StudyConfig } from "./study_config.ts";

/** Opens the study of a configuration. @throws {UsageError} for a dataset that no adapter has */
export async function openStudy(config: StudyConfig, engine: EngineOptions): Promise<Study> {
  const { modality, dataset, seed, hook, label, forecast, series, extraction, corpus } = config;
  const common = {
    ...{ seed, hook, engine, dataset },
    models: {
      cheap: await modelDirectory(config.models.cheap),
      expensive: await modelDirectory(config.models.expensive),
    },
    hardQuantile: label?.hard_quantile ?? 0.75,
  };
  if (modality === "llm") {
    return openLlmStudy({
      ...common,
      items: limited(await promptsOf(config), config.limit),
      label: label?.kind ?? (dataset === "facts" ? "nats" : "wrong_ending"),
      ...(corpus && {
        purgesMemorised: true,
        ...(corpus.max_prompt_tokens !== undefined && { maxPromptTokens: corpus.max_prompt_tokens }),
        hasPublishedCheap: corpus.published_cheap ?? false,
        answerTokens: corpus.answer_tokens,
      }),
      ...(extraction?.positions === "boundary" && { positions: "boundary" as const }),
    });
  }
  if (forecast === undefined) throw unknown(config);
  const all = windowsOf(config, forecast.season_length);
  const windows = limited(all, config.limit);
  return openTsfmStudy({
    ...common,
    windows,
    // Windows that were left out share no data: as many fewer neighbours overlap.
    ...(series && { purge: Math.ceil(overlapLength(series) * windows.length / all.length) }),
    nPaths: forecast.n_paths,
    rules: {
      error: label?.error,
      thresholdOver: label?.threshold_over,
      continuation: forecast.continuation,
    },
    causal: {
      nPaths: config.causal.n_paths,
      nSteps: config.causal.n_steps,
      sharesUniforms: config.causal.common_random_numbers,
    },
    seasonLength: forecast.season_length,
    hasExtendedCheap: config.cheap?.extended,
    ...(extraction?.positions === "with_eos" && { positions: "with_eos" as const }),
  });
}

/** The items of a text study, all of them. */
export async function promptsOf(config: StudyConfig): Promise<PromptItem[]> {
  const { dataset, seed, n_items: nItems, corpus } = config;
  if (dataset === "facts" || dataset === "endings") return promptItems(dataset, { seed, nItems });
  if (corpus === undefined) throw unknown(config);
  const path = dataFile(corpus.file, ...(corpus.fallback === undefined ? [] : [corpus.fallback]));
  const rules = { split: corpus.split, seed };
  if (dataset === "squad") return squadPrompts(first(await readSquad(path), nItems, path), rules);
  if (dataset === "hellaswag") return hellaswagPrompts(first(await readHellaswag(path), nItems, path), rules);
  throw unknown(config);
}

/** The windows of a series study, all of them. */
export function windowsOf(config: StudyConfig, seasonLength: number): WindowItem[] {
  const { dataset, seed, n_items: nItems, series } = config;
  if (series === undefined) {
    if (dataset === "series") return organismWindows({ seed, nItems });
    throw unknown(config);
  }
  const { file, column, ...cut } = series;
  const windows = csvWindows(readSeriesColumn(dataFile(file), column), { ...cut, seasonLength });
  if (windows.length === nItems) return windows;
  throw new GuardrailError(
    "corrupt-file",
    `Cannot study ${file}: needs to give ${nItems} windows, gave ${windows.length}`,
  );
}

/** The first items of a data set, as the study has them. */
function first<T>(items: readonly T[], nItems: number, path: string): T[] {
  if (items.length >= nItems) return items.slice(0, nItems);
  throw new GuardrailError(
    "corrupt-file",
    `Cannot study ${path}: needs ${nItems} items, got ${items.length}`,
  );
}

/** `limit` items, evenly spaced over the list, or all of them; splits were made before. */
export function limited<T>(items: readonly T[], limit: number | undefined): readonly T[] {
  if (limit === undefined || limit >= items.length) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i + 0.5) * items.length / limit)]!);
}

function unknown({ modality, dataset }: StudyConfig): UsageError {
  return new UsageError(
    `Cannot open ${modality} ${dataset}: known are llm facts, llm endings, llm squad and llm hellaswag with a corpus ` +
      `section, tsfm series, and tsfm with a series section`,
  );
}
