/** SAEs of so many times the model's width: what `sae.expansion` and `--expansion` mean. */
import { modelWidth } from "../../modalities/parameters.ts";
import { modelDirectory } from "./model_files.ts";
import type { StudyConfig } from "./study_config.ts";

/** The configuration with `d_sae` in the place of an expansion; unchanged without one. */
export async function withExpansion(
  config: StudyConfig,
  expansion: number | undefined = config.sae.expansion,
): Promise<StudyConfig> {
  if (expansion === undefined) return config;
  const width = modelWidth(await modelDirectory(config.models.cheap));
  const { expansion: _, ...sae } = config.sae;
  return { ...config, sae: { ...sae, d_sae: expansion * width } };
}
