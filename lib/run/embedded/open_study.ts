/** From a configuration to the study behind the seam: the one place that knows which adapters there are. */
import { join } from "node:path";
import { readSeriesColumn } from "../../data/series_csv.ts";
import { GuardrailError, UsageError } from "../../guardrail.ts";
import { projectRoot, requireData } from "../../io/paths.ts";
import type { Study } from "../../modality.ts";
import { openLlmStudy } from "../../modalities/llm.ts";
import { promptItems } from "../../modalities/llm_prompts.ts";
import { openTsfmStudy } from "../../modalities/tsfm.ts";
import { csvWindows, organismWindows } from "../../modalities/tsfm_windows.ts";
import type { EngineOptions } from "../../model/engine.ts";
import { overlapLength } from "../../stats/time_blocks.ts";
import type { StudyConfig } from "./study_config.ts";

/** Opens the study of a configuration. @throws {UsageError} for a dataset that no adapter has */
export function openStudy(config: StudyConfig, engine: EngineOptions): Promise<Study> {
  const { modality, dataset, seed, n_items: nItems, hook } = config;
  const common = {
    seed,
    hook,
    engine,
    models: {
      cheap: join(projectRoot, config.models.cheap),
      expensive: join(projectRoot, config.models.expensive),
    },
    hardQuantile: config.label?.hard_quantile ?? 0.75,
  };
  if (modality === "llm" && (dataset === "facts" || dataset === "endings")) {
    const items = promptItems(dataset, { seed, nItems });
    return openLlmStudy({ ...common, dataset, items, label: dataset === "facts" ? "nats" : "wrong_ending" });
  }
  if (modality === "tsfm" && dataset === "series" && config.forecast) {
    return openTsfmStudy({
      ...common,
      dataset,
      windows: organismWindows({ seed, nItems }),
      nPaths: config.forecast.n_paths,
      causal: {
        nPaths: config.causal.n_paths,
        nSteps: config.causal.n_steps,
        sharesUniforms: config.causal.common_random_numbers,
      },
      seasonLength: config.forecast.season_length,
    });
  }
  if (modality === "tsfm" && config.series && config.forecast) {
    const { file, column, ...cut } = config.series;
    const windows = csvWindows(readSeriesColumn(join(requireData("data"), file), column), {
      ...cut,
      seasonLength: config.forecast.season_length,
    });
    if (windows.length !== nItems) {
      throw new GuardrailError(
        "corrupt-file",
        `Cannot study ${file}: needs to give ${nItems} windows, gave ${windows.length}`,
      );
    }
    return openTsfmStudy({
      ...common,
      dataset,
      windows,
      purge: overlapLength(cut),
      nPaths: config.forecast.n_paths,
      seasonLength: config.forecast.season_length,
    });
  }
  throw new UsageError(
    `Cannot open ${modality} ${dataset}: known are llm facts, llm endings, tsfm series, and tsfm with a series section`,
  );
}
