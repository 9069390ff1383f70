/** From a sweep to its runs: every combination of its axes, each a study's configuration with some settings changed. */
import { UsageError } from "../../guardrail.ts";
import { readSeriesColumn } from "../../data/series_csv.ts";
import { cutWindows } from "../../data/windows.ts";
import { dataFile } from "../../io/paths.ts";
import { countBlocks, modelWidth } from "../../modalities/parameters.ts";
import { modelDirectory } from "../embedded/model_files.ts";
import { readStudyConfig, studyPaths } from "../embedded/read_study.ts";
import { runOf, STUDY_PROFILES, type StudyConfig } from "../embedded/study_config.ts";
import type { SweepAxis, SweepConfig } from "./sweep_config.ts";

/** Which part of pooled vectors the probes see. */
export const POOLINGS = ["all", "mean", "max", "last"] as const;
export type Pooling = typeof POOLINGS[number];

/** One run of a sweep. */
export interface SweepRun {
  /** The study's name and what is varied. */
  readonly name: string;
  readonly study: string;
  /** What is varied, by axis. */
  readonly point: Readonly<Record<string, string | number>>;
  readonly config: StudyConfig;
  readonly pooling: Pooling;
}

/** A value of an axis, its name, and the settings it stands for. */
interface Choice {
  readonly axis: string;
  readonly value: string | number;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Axes that stand for one key. */
const KEYS: Readonly<Record<string, string>> = {
  channel: "series.column",
  horizon: "series.horizon",
  backbone: "models.cheap",
};
/** Axes that are worked out from the study's own configuration. */
const DERIVED = ["layer", "site", "width", "seed", "pooling"];

/**
 * The runs of a sweep, study by study.
 * @param options `studies` replaces those of the sweep; `limit` items a run, evenly spaced
 * @throws {UsageError} for a study, axis, layer or value that there is not, or a setting that the study cannot have
 */
export async function expandSweep(
  sweep: SweepConfig,
  options: { readonly configFolder: string; readonly studies?: readonly string[]; readonly limit?: number },
): Promise<SweepRun[]> {
  const paths = pathsByStudy(options.configFolder);
  const runs: SweepRun[] = [];
  for (const study of options.studies ?? sweep.studies) {
    const path = paths.get(study);
    if (path === undefined) {
      throw new UsageError(`Unknown study "${study}"; known: ${[...paths.keys()].join(", ")}`);
    }
    let points: readonly (readonly Choice[])[] = [[]];
    for (const [axis, values] of Object.entries(sweep.axes)) {
      const choices = await choicesOf(axis, values, readStudyConfig(path));
      points = points.flatMap((point) => choices.map((choice) => [...point, choice]));
    }
    for (const point of points) runs.push(await runAt(study, path, { point, limit: options.limit }));
  }
  return runs;
}

function pathsByStudy(configFolder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const profile of STUDY_PROFILES) {
    let paths: readonly string[] = [];
    try {
      paths = studyPaths(profile, configFolder);
    } catch (error) { // a folder of one's own need not have every profile
      if (!(error instanceof UsageError)) throw error;
    }
    for (const path of paths) found.set(runOf(readStudyConfig(path)), path);
  }
  return found;
}

async function choicesOf(axis: string, values: SweepAxis, config: StudyConfig): Promise<Choice[]> {
  if (!Array.isArray(values)) {
    return Object.entries(values).map(([name, settings]) => ({ axis, value: name, settings }));
  }
  if (axis === "layer" && values.length === 1 && values[0] === "all") {
    const nBlocks = countBlocks(await modelDirectory(config.models.cheap));
    return Array.from({ length: nBlocks }, (_, layer) => ({ axis, value: layer, settings: {} }));
  }
  const key = KEYS[axis] ?? (axis.includes(".") ? axis : undefined);
  if (key === undefined && !DERIVED.includes(axis)) {
    const known = [...Object.keys(KEYS), ...DERIVED].join(", ");
    throw new UsageError(
      `Unknown axis "${axis}" of a sweep: needs names of settings, a key.path, or ${known}`,
    );
  }
  return values.map((value) => ({ axis, value, settings: key === undefined ? {} : { [key]: value } }));
}

async function runAt(
  study: string,
  path: string,
  { point: choices, limit }: { readonly point: readonly Choice[]; readonly limit: number | undefined },
): Promise<SweepRun> {
  const point = Object.fromEntries(choices.map(({ axis, value }) => [axis, value]));
  const settings: Record<string, unknown> = Object.assign({}, ...choices.map((choice) => choice.settings));
  if (limit !== undefined) settings["limit"] = limit;
  const read = () =>
    readStudyConfig(path, Object.entries(settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`));
  const given = read();
  if ("layer" in point || "site" in point) settings["hook"] = hookAt(given.hook, point);
  settings["sae.seeds"] = [wholeAt(point, "seed", given.sae.seeds[0]!)];
  if ("width" in point) {
    const width = modelWidth(await modelDirectory(given.models.cheap));
    settings["sae.d_sae"] = wholeAt(point, "width", 1) * width;
  }
  const isCutAnew = Object.keys(settings).some((key) => key.startsWith("series."));
  if (given.series && isCutAnew) { // another file or horizon gives another number of windows
    const values = readSeriesColumn(dataFile(given.series.file), given.series.column);
    settings["n_items"] = cutWindows(values.length, given.series).length;
  }
  const { variants: _, sweep: __, ...config } = read();
  const names = choices.map(({ axis, value }) => `${axis.split(".").at(-1)}-${value}`);
  return { name: [study, ...names].join("_"), study, point, config, pooling: poolingAt(point) };
}

/** The study's hook with another layer or site. */
function hookAt(hook: string, { layer, site }: SweepRun["point"]): string {
  const [, stack, own, ownSite] = /^(\w+)\.(\d+)\.hook_(\w+)$/.exec(hook) ?? [];
  if (stack === undefined) throw new UsageError(`Cannot sweep the hook ${hook}: needs STACK.LAYER.hook_SITE`);
  return `${stack}.${layer ?? own}.hook_${site ?? ownSite}`;
}

function poolingAt({ pooling = "all" }: SweepRun["point"]): Pooling {
  const known = POOLINGS.find((name) => name === pooling);
  if (known !== undefined) return known;
  throw new UsageError(`Unknown pooling "${pooling}"; known: ${POOLINGS.join(", ")}`);
}

function wholeAt(point: SweepRun["point"], axis: string, otherwise: number): number {
  const value = point[axis] ?? otherwise;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new UsageError(`Cannot sweep ${axis}: needs whole numbers, got ${JSON.stringify(value)}`);
}
