/** `deno task reproduce`: a profile of studies, from the organisms to the synthesis, its figures and its manifest. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../io/atomic.ts";
import { resultsRoot } from "../../io/paths.ts";
import type { SensitivityControl } from "../../questions/controls/sensitivity.ts";
import { modelWidth } from "../../modalities/parameters.ts";
import { embeddedTable } from "../../report/embedded_table.ts";
import { powerCurveFigure } from "../../report/figures/power_curve.ts";
import { type FigureRenderer, openFigureRenderer } from "../figure_renderer.ts";
import { writeManifest, writeRunRecord } from "../manifest.ts";
import { readPrimary } from "../primary.ts";
import { drawFigure, drawStudyFigures } from "./figures.ts";
import { fullConfigs, type FullSelection } from "./full_configs.ts";
import { modelDirectory, weightFiles } from "./model_files.ts";
import { type OnStage, runStudies } from "./run_studies.ts";
import { SENSITIVITY } from "./sensitivity.ts";
import { discoverStudies } from "./read_study.ts";
import { runOf, type StudyConfig, type StudyProfile, workFolderOf } from "./study_config.ts";
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
  /** Of the profile `full`: which runs, in which variant; default all, as configured. */
  readonly selection?: FullSelection;
  /** SAEs of this many times the model's width instead of the configured one, in folders of their own. */
  readonly expansion?: number;
  readonly print: (text: string) => void;
  readonly onStage: OnStage;
}

async function widened(config: StudyConfig, expansion: number): Promise<StudyConfig> {
  const width = modelWidth(await modelDirectory(config.models.cheap));
  return { ...config, sae: { ...config.sae, d_sae: expansion * width } };
}

const HEADINGS: Readonly<Record<StudyProfile, string>> = {
  embedded: "The embedded study",
  zero_shot: "The organisms on series that they were not made for",
  full: "The study: Pythia and Chronos",
};

/** Runs the profile. @throws what a study throws */
export async function reproduceEmbedded(options: ReproduceEmbeddedOptions): Promise<EmbeddedSynthesis> {
  const startedAt = performance.now();
  const primary = readPrimary(); // before anything is computed
  const { profile = "embedded", expansion } = options;
  const { folder, workFolder } = foldersOf(options);
  const configs: StudyConfig[] = [];
  for (const config of configsOf(options)) {
    configs.push(expansion === undefined ? config : await widened(config, expansion));
  }
  const isEmbedded = profile === "embedded";
  const job = (run: string, of: StudyJob["of"]): StudyJob => ({
    of,
    folder: join(folder, run),
    workFolder: "sensitivitySeed" in of ? join(workFolder, run) : workFolderOf(workFolder, of),
    isForced: options.isForced,
    isFast: options.isFast,
  });
  // Forecasting samples paths step by step and takes longest: begun first, it does not keep one core waiting at the end.
  const slowestFirst = configs.toSorted((a, b) =>
    Number(b.modality === "tsfm") - Number(a.modality === "tsfm")
  );
  const written = await runStudies(
    [
      ...slowestFirst.map((config) => job(runOf(config), config)),
      ...(isEmbedded ? [job("", { sensitivitySeed: configs[0]!.seed })] : []),
    ],
    options.onStage,
    ...(profile === "full" ? [1] : []),
  ); // one large model at a time fits in memory

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
  const inputs: Record<string, string> = {};
  for (const model of models) {
    const files = weightFiles(await modelDirectory(model));
    files.forEach((file) => inputs[files.length === 1 ? model : `${model}/${basename(file)}`] = file);
  }
  await writeManifest(folder, {
    profile,
    protocol: protocolOf(options.selection),
    seed: configs[0]!.seed,
    config: configs,
    primarySha256: primary.sha256,
    inputs,
    outputs: Object.fromEntries(names.map((name) => [name, join(folder, name)])),
  });
  await writeRunRecord(folder, startedAt);
  options.print(`\n${text}\nTables and figures are in ${folder}\n`);
  return synthesis;
}

/** The runs of a profile. */
export function configsOf(
  { profile = "embedded", selection }: Pick<ReproduceEmbeddedOptions, "profile" | "selection">,
) {
  return profile === "full" ? fullConfigs(selection) : discoverStudies(profile);
}

/** The variant changes what is extracted and how SAEs are trained; the questions are asked as corrected in any case. */
function protocolOf({ variants }: FullSelection = {}): string {
  return variants?.["protocol"] === "published"
    ? "published splits, prompts, labels, positions and SAE training; corrected questions"
    : "corrected";
}

/** Where the results of a profile go, and where its stages are kept. */
export function foldersOf(
  { profile = "embedded", expansion, selection, ...own }: Pick<
    ReproduceEmbeddedOptions,
    "profile" | "expansion" | "selection" | "folder" | "workFolder"
  >,
) {
  const { limit } = selection ?? {};
  const name = profile + (expansion === undefined ? "" : `_x${expansion}`) + (limit ? `_limit${limit}` : "");
  return {
    folder: own.folder ?? join(resultsRoot, name),
    workFolder: own.workFolder ?? join(resultsRoot, ".work", name),
  };
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
