/** `deno task reproduce`: the embedded profile, from the organisms to the synthesis, its figures and its manifest. */
import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../io/atomic.ts";
import { projectRoot, resultsRoot } from "../../io/paths.ts";
import { embeddedTable } from "../../report/embedded_table.ts";
import { openFigureRenderer } from "../figure_renderer.ts";
import { writeManifest, writeRunRecord } from "../manifest.ts";
import { readPrimary } from "../primary.ts";
import { drawStudyFigures } from "./figures.ts";
import { type OnStage, runStudies } from "./run_studies.ts";
import { discoverStudies, runOf } from "./study_config.ts";
import { type EmbeddedSynthesis, synthesizeStudies } from "./synthesis.ts";

/** Where the output goes and who is told. */
export interface ReproduceEmbeddedOptions {
  /** default `results/embedded` */
  readonly folder?: string;
  /** Where stages are kept; default `results/.work/embedded`. */
  readonly workFolder?: string;
  /** Compute everything anew. */
  readonly isForced: boolean;
  /** Leave the causal question out. */
  readonly isFast: boolean;
  readonly print: (text: string) => void;
  readonly onStage: OnStage;
}

/** Runs the profile. @throws what a study throws */
export async function reproduceEmbedded(options: ReproduceEmbeddedOptions): Promise<EmbeddedSynthesis> {
  const startedAt = performance.now();
  const primary = readPrimary(); // before anything is computed
  const folder = options.folder ?? join(resultsRoot, "embedded");
  const workFolder = options.workFolder ?? join(resultsRoot, ".work", "embedded");
  const configs = discoverStudies();
  const written = await runStudies(
    configs.map((config) => ({
      config,
      folder: join(folder, runOf(config)),
      workFolder: join(workFolder, runOf(config)),
      isForced: options.isForced,
      isFast: options.isFast,
    })),
    options.onStage,
  );
  const outputs: Record<string, string> = {};
  const note = (name: string) => outputs[name] = join(folder, name);
  using renderer = openFigureRenderer();
  for (const [i, config] of configs.entries()) {
    const run = runOf(config);
    const figures = await drawStudyFigures(config, join(folder, run), renderer);
    for (const name of [...written[i]!, ...figures]) note(`${run}/${name}`);
  }
  const synthesis = synthesizeStudies(configs, folder);
  const text = `# The embedded study\n\n${embeddedTable(synthesis)}`;
  await writeJsonAtomic(join(folder, "cross_modal_synthesis.json"), synthesis);
  await writeFileAtomic(join(folder, "cross_modal_synthesis.md"), text);
  note("cross_modal_synthesis.json");
  note("cross_modal_synthesis.md");
  const models = [...new Set(configs.flatMap(({ models }) => [models.cheap, models.expensive]))].sort();
  await writeManifest(folder, {
    profile: "embedded",
    protocol: "corrected",
    seed: configs[0]!.seed,
    config: configs,
    primarySha256: primary.sha256,
    inputs: Object.fromEntries(
      models.map((model) => [model, join(projectRoot, model, "model.safetensors")]),
    ),
    outputs,
  });
  await writeRunRecord(folder, startedAt);
  options.print(`\n${text}\nTables and figures are in ${folder}\n`);
  return synthesis;
}
