/**
 * `deno task sweep NAME`: the runs of a sweep, one row each of one table. A run that is finished is kept and not run
 * again; a killed sweep goes on where it was.
 */
import { join } from "node:path";
import { writeJsonAtomic } from "../../io/atomic.ts";
import { projectRoot, resultsRoot } from "../../io/paths.ts";
import { createProgress } from "../../io/progress.ts";
import { writeTable } from "../../io/tables.ts";
import { sweepFigure } from "../../report/figures/sweep.ts";
import { drawFigure } from "../embedded/figures.ts";
import { openStageCache } from "../embedded/stage_cache.ts";
import { workFolderOf } from "../embedded/study_config.ts";
import { openFigureRenderer } from "../figure_renderer.ts";
import { expandSweep, type SweepRun } from "./expand.ts";
import { measureRun, type SweepRow } from "./measure.ts";
import { readSweep } from "./sweep_config.ts";

/** Which sweep, of what, and where it goes. */
export interface RunSweepOptions {
  /** A name of configs/sweeps, or a `.yaml` file. */
  readonly sweep: string;
  /** Other studies than the sweep's own. */
  readonly studies?: readonly string[];
  /** Items a run, evenly spaced. */
  readonly limit?: number;
  /** Default the project's `configs`. */
  readonly configFolder?: string;
  /** Default `results/sweeps/<name>`; with other studies, a folder of theirs below it. */
  readonly folder?: string;
  /** Default `results/.work`, shared with the studies: what they extracted is taken over. */
  readonly workFolder?: string;
  readonly isQuiet?: boolean;
  readonly onStage: (run: string, stage: string, state: "computed" | "unchanged", seconds: number) => void;
}

/** The runs of a sweep without running them, and where its table goes. @throws {UsageError} as expandSweep() */
export async function planSweep(options: RunSweepOptions) {
  const { studies, limit, configFolder = join(projectRoot, "configs") } = options;
  const sweep = readSweep(options.sweep, configFolder);
  const runs = await expandSweep(sweep, {
    configFolder,
    ...(studies && { studies }),
    ...(limit !== undefined && { limit }),
  });
  const own = studies === undefined ? [] : [studies.join("+")];
  const tag = limit === undefined ? [] : [`limit${limit}`];
  const folder = options.folder ?? join(resultsRoot, "sweeps", sweep.name, [...own, ...tag].join("_"));
  return { sweep, runs, folder };
}

/** Runs a sweep. @returns its rows, and the folder with sweep.json, sweep.parquet and its figure */
export async function runSweep(options: RunSweepOptions): Promise<{ rows: SweepRow[]; folder: string }> {
  const { sweep, runs, folder } = await planSweep(options);
  const rows: SweepRow[] = [];
  const progress = createProgress({
    ...{ label: sweep.name, total: runs.length, unit: "runs", isQuiet: options.isQuiet ?? false },
  });
  progress.update(0);
  for (const run of runs) {
    rows.push(await measureRun(run, cacheOf(run, options)));
    progress.update(rows.length, run.name);
  }
  progress.done();
  await writeJsonAtomic(join(folder, "sweep.json"), {
    ...sweep,
    studies: options.studies ?? sweep.studies,
    rows,
  });
  await writeTable(join(folder, "sweep.parquet"), wholeRows(rows));
  if (rows.every(({ refused }) => refused !== null)) return { rows, folder }; // nothing to draw
  using renderer = openFigureRenderer();
  await drawFigure(sweepFigure(rows, { heading: sweep.question }), join(folder, "figures"), renderer);
  return { rows, folder };
}

function cacheOf({ name, config }: SweepRun, { workFolder, onStage }: RunSweepOptions) {
  return openStageCache({
    folder: workFolderOf(join(workFolder ?? join(resultsRoot, ".work"), config.profile), config),
    isForced: false,
    onStage: (stage, state, seconds) => onStage(name, stage, state, seconds),
  });
}

/** Rows with every column of any: a refused run has no figures. */
function wholeRows(rows: readonly SweepRow[]): SweepRow[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null])));
}
