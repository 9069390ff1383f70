/** `deno task run`: finds the configuration, checks every name, runs the experiments, says what came out. */
import { join } from "node:path";
import { UsageError } from "../guardrail.ts";
import { requireData, resultsRoot } from "../io/paths.ts";
import { gatesTable } from "../report/gates_table.ts";
import { discoverStudies } from "./embedded/read_study.ts";
import { runOf } from "./embedded/study_config.ts";
import { discoverConfigs, findConfig, type Layer, readRunConfig, type RunConfig } from "./config.ts";
import { openFigureRenderer } from "./figure_renderer.ts";
import type { ExitCode } from "./main.ts";
import { EXPERIMENTS, runRecords } from "./records/profile.ts";
import { loadDataset, runName } from "./records/study.ts";

/** What the command line asks for; names are checked here. */
export interface RunSelection {
  readonly modality?: string | undefined;
  readonly dataset?: string | undefined;
  /** a configuration file instead of modality and dataset */
  readonly config?: string | undefined;
  /** one experiment or "all" */
  readonly experiment: string;
  readonly layer: string;
  readonly protocol: string;
  readonly profile: string;
  /** suffix of the run's folder, so that a variant does not overwrite the run */
  readonly tag?: string | undefined;
  /** `key.path=value` */
  readonly overrides: readonly string[];
  readonly print: (text: string) => void;
  readonly onStep: (step: string) => void;
}

/**
 * Runs the experiments of one configuration.
 * @returns 1 if a published number is not re-derived, unless the configuration was overridden
 * @throws {UsageError} for an unknown name, listing the known ones
 */
export async function runExperiment(selection: RunSelection): Promise<ExitCode> {
  if (selection.profile === "embedded") {
    const known = discoverStudies().map(runOf).join(", ");
    throw new UsageError(`Cannot run one of profile embedded: needs --study NAME (known: ${known})`);
  }
  oneOf("profile", selection.profile, ["records"]);
  oneOf("protocol", selection.protocol, ["published"]);
  const layer = oneOf("layer", selection.layer, ["mid", "late"] satisfies Layer[]);
  const experiment = oneOf("experiment", selection.experiment, [...EXPERIMENTS, "all"]);
  const config = chooseConfig(selection);
  const { tag, overrides, print, onStep } = selection;
  if (tag !== undefined && !/^[A-Za-z0-9._-]+$/.test(tag)) {
    throw new UsageError(`Cannot tag a run "${tag}": needs letters, digits, '.', '_' and '-' only`);
  }
  if (overrides.length > 0 && tag === undefined) {
    throw new UsageError(
      "Cannot override a setting without --tag: the run's own results would be overwritten",
    );
  }
  const folder = join(resultsRoot, "records", runName(config, layer) + (tag ? `_${tag}` : ""));
  using renderer = openFigureRenderer();
  const { gates, files } = await runRecords({
    renderer,
    dataset: await loadDataset(requireData("records"), config),
    layer,
    experiments: experiment === "all" ? EXPERIMENTS : [experiment],
    folder,
    onStep,
  });
  const broken = gates.filter(({ passed }) => !passed);
  print(gatesTable(gates));
  print(
    `${
      gates.length - broken.length
    } of ${gates.length} gates passed. ${files.length} files are in ${folder}\n`,
  );
  return broken.length > 0 && overrides.length === 0 ? 1 : 0;
}

function chooseConfig({ config, modality, dataset, overrides }: RunSelection): RunConfig {
  if (config !== undefined) {
    if (modality !== undefined || dataset !== undefined) {
      throw new UsageError("Cannot use --config together with --modality or --dataset: choose one way");
    }
    return readRunConfig(config, overrides);
  }
  const configs = discoverConfigs();
  if (modality === undefined) {
    const known = [...new Set(configs.map((found) => found.modality))].join(", ");
    throw new UsageError(`Cannot run: needs --modality (known: ${known}) or --config FILE`);
  }
  return readRunConfig(findConfig(configs, { modality, dataset }).path, overrides);
}

function oneOf<T extends string>(kind: string, given: string, known: readonly T[]): T {
  const match = known.find((name) => name === given);
  if (match === undefined) throw new UsageError(`Unknown ${kind} "${given}"; known: ${known.join(", ")}`);
  return match;
}
