/** The figures of an embedded study, as specs drawn from the artifacts it wrote. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeTable } from "../../io/tables.ts";
import { writeRendered } from "../../io/figures/render_figure.ts";
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import { calibrationCurvesFigure } from "../../report/figures/calibration_curves.ts";
import { causalForestFigure, hasEffects } from "../../report/figures/causal_forest.ts";
import { correctedFrontierFigure } from "../../report/figures/corrected_frontier.ts";
import { ladderFigure } from "../../report/figures/ladder.ts";
import { riskCoverageFigure } from "../../report/figures/risk_coverage.ts";
import type { FigureRenderer } from "../figure_renderer.ts";
import { runOf, type StudyConfig } from "./study_config.ts";

const PNG_SCALE = 2;

/** The rung whose calibration is drawn: the study's strongest published baseline. */
const CALIBRATED_RUNG = "P2_cheap_raw";

/** Draws the figures of a study. @returns names of the files written, relative to its folder */
export async function drawStudyFigures(
  config: StudyConfig,
  folder: string,
  renderer: FigureRenderer,
): Promise<string[]> {
  const files: string[] = [];
  const directory = join(folder, "figures");
  for (const spec of studyFigures(config, folder)) {
    for (const file of await drawFigure(spec, directory, renderer)) files.push(`figures/${file}`);
  }
  return files;
}

/** Draws one figure and writes the numbers behind it. @returns names of the files written */
export async function drawFigure(
  spec: FigureSpec,
  directory: string,
  renderer: FigureRenderer,
): Promise<string[]> {
  const rendered = await renderer.render(spec, ["svg", "png"], PNG_SCALE);
  const files = await writeRendered(rendered, spec.name, directory);
  await writeTable(join(directory, `${spec.name}.parquet`), spec.source);
  return [...files, `${spec.name}.parquet`];
}

/** Every figure that the artifacts of a folder allow. */
export function studyFigures(config: StudyConfig, folder: string): FigureSpec[] {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const heading = `${runOf(config)}, ${config.models.cheap.split("/").at(-1)}, ${config.hook}`;
  const errorLabel = config.modality === "llm" ? "Share of wrong answers" : "CRPS / seasonal error";
  const [all, last] = ["causal_ablation_all", "causal_ablation_last"] as const;
  const has = (name: string) => existsSync(join(folder, `${name}.json`));
  return [
    ...(has("probe_results") ? [ladderFigure(read("probe_results"), { heading })] : []),
    ...(has("selective_prediction")
      ? [riskCoverageFigure(read("selective_prediction"), { heading, errorLabel })]
      : []),
    ...(has("recalibration_results")
      ? [calibrationCurvesFigure(read("recalibration_results")[CALIBRATED_RUNG].metrics, {
        heading: `${heading}, ${CALIBRATED_RUNG}`,
      })]
      : []),
    ...(has(all) && hasEffects(read(all), read(last))
      ? [causalForestFigure(read(all), read(last), { heading })]
      : []),
    ...(has("cascade_results")
      ? [correctedFrontierFigure(read("cascade_results").corrected, { heading })]
      : []),
  ];
}
