/** From a configuration to the study behind the seam: the one place that knows which adapters there are. */
import { join } from "node:path";
import { UsageError } from "../../guardrail.ts";
import { projectRoot } from "../../io/paths.ts";
import type { Study } from "../../modality.ts";
import { openLlmStudy } from "../../modalities/llm.ts";
import { openTsfmStudy } from "../../modalities/tsfm.ts";
import { organismWindows } from "../../modalities/tsfm_windows.ts";
import type { EngineOptions } from "../../model/engine.ts";
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
    return openLlmStudy({ ...common, dataset, nItems });
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
  throw new UsageError(
    `Cannot open ${modality} ${dataset}: known are llm facts, llm endings, and tsfm series with a forecast section`,
  );
}
