/** `deno task reproduce`: a profile of studies, from the organisms to the synthesis, its figures and its manifest. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../io/atomic.ts";
import { projectRoot, resultsRoot } from "../../io/paths.ts";
import type { SensitivityControl } from "../../questions/controls/sensitivity.ts";
import { modelWidth } from "../../modalities/parameters.ts";
import { embeddedTable } from "../../report/embedded_table.ts";
import { powerCurveFigure } from "../../report/figures/power_curve.ts";
import { type FigureRenderer, openFigureRenderer } from "../figure_renderer.ts";
import { writeManifest, writeRunRecord } from "../manifest.ts";
import { readPrimary } from "../primary.ts";
import { drawFigure, drawStudyFigures } from "./figures.ts";
import { type OnStage, runStudies } from "./run_studies.ts";
import { SENSITIVITY } from "./sensitivity.ts";
import { discoverStudies, runOf, type StudyConfig, type StudyProfile } from "./study_config.ts";
import type { StudyJob } from "./study_worker.ts";
import { type EmbeddedSynthesis, synthesizeStudies } from "./synthesis.ts";

/** Where the output goes and who is told. */
export interface ReproduceEmbeddedOptions {
  /** default "embedded" */
  readonly profile?: StudyProfile;
  /** default `results/<profile>` */
  readonly folder?: string;
  /** Where stages are kept; default `results/.work/<profile>`. */
  readonly workFolder?: string;
  /** Compute everything anew. */
  readonly isForced: boolean;
  /** Leave the causal question out. */
  readonly isFast: boolean;
  /** SAEs of this many times the model's width instead of the configured one, in folders of their own. */
  readonly expansion?: number;
  readonly print: (text: string) => void;
  readonly onStage: OnStage;
}

function widened(config: StudyConfig, expansion: number): StudyConfig {
  const width = modelWidth(join(projectRoot, config.models.cheap));
  return { ...config, sae: { ...config.sae, d_sae: expansion * width } };
}

const HEADINGS: Readonly<Record<StudyProfile, string>> = {
  embedded: "The embedded study",
  zero_shot: "The organisms on series that they were not made for",
};

/** Runs the profile. @throws what a study throws */
export async function reproduceEmbedded(options: ReproduceEmbeddedOptions): Promise<EmbeddedSynthesis> {
  const startedAt = performance.now();
  const primary = readPrimary(); // before anything is computed
  const { profile = "embedded", expansion } = options;
  const name = expansion === undefined ? profile : `${profile}_x${expansion}`;
  const folder = options.folder ?? join(resultsRoot, name);
  const workFolder = options.workFolder ?? join(resultsRoot, ".work", name);
  const configs = discoverStudies(profile).map((config) => expansion ? widened(config, expansion) : config);
  const isEmbedded = profile === "embedded";
  const job = (run: string, of: StudyJob["of"]): StudyJob => ({
    of,
    folder: join(folder, run),
    workFolder: join(workFolder, run),
    isForced: options.isForced,
    isFast: options.isFast,
  });
  // Forecasting samples paths step by step and takes longest: begun first, it does not keep one core waiting at the end.
  const slowestFirst = configs.toSorted((a, b) =>
    Number(b.modality === "tsfm") - Number(a.modality === "tsfm")
  );
  const written = await runStudies([
    ...slowestFirst.map((config) => job(runOf(config), config)),
    ...(isEmbedded ? [job("", { sensitivitySeed: configs[0]!.seed })] : []),
  ], options.onStage);

  const names: string[] = isEmbedded ? [SENSITIVITY] : [];
  using renderer = openFigureRenderer();
  for (const config of configs) {
    const run = runOf(config), own = written[slowestFirst.indexOf(config)]!;
    const figures = await drawStudyFigures(config, join(folder, run), renderer);
    names.push(...[...own, ...figures].map((name) => `${run}/${name}`));
  }
  if (isEmbedded) names.push(...await drawPower(folder, renderer));
  const synthesis = synthesizeStudies(configs, folder);
  const text = `# ${HEADINGS[profile]}\n\n${embeddedTable(synthesis)}`;
  await writeJsonAtomic(join(folder, "cross_modal_synthesis.json"), synthesis);
  await writeFileAtomic(join(folder, "cross_modal_synthesis.md"), text);
  names.push("cross_modal_synthesis.json", "cross_modal_synthesis.md");
  const models = [...new Set(configs.flatMap(({ models }) => [models.cheap, models.expensive]))].sort();
  await writeManifest(folder, {
    profile,
    protocol: "corrected",
    seed: configs[0]!.seed,
    config: configs,
    primarySha256: primary.sha256,
    inputs: Object.fromEntries(
      models.map((model) => [model, join(projectRoot, model, "model.safetensors")]),
    ),
    outputs: Object.fromEntries(names.map((name) => [name, join(folder, name)])),
  });
  await writeRunRecord(folder, startedAt);
  options.print(`\n${text}\nTables and figures are in ${folder}\n`);
  return synthesis;
}

/** The sensitivity control's curve. @returns names of the files written, relative to the folder */
async function drawPower(folder: string, renderer: FigureRenderer): Promise<string[]> {
  const { curve, required_power: required }: SensitivityControl = JSON.parse(
    readFileSync(join(folder, SENSITIVITY), "utf8"),
  );
  const spec = powerCurveFigure(curve, { heading: "Sensitivity control", required });
  const files = await drawFigure(spec, join(folder, "figures"), renderer);
  return files.map((name) => `figures/${name}`);
}
