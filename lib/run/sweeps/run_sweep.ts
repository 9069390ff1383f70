/**
 * `deno task sweep width`: every run of a sweep, a row each of one table. A run that is done under the same settings is
 * not run again, and stages that a setting does not touch are shared with the study's other runs.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeJsonAtomic } from "../../io/atomic.ts";
import { sha256 } from "../../io/hash.ts";
import { resultsRoot } from "../../io/paths.ts";
import { writeTable } from "../../io/tables.ts";
import { markdownTable, signed } from "../../report/text_table.ts";
import { sweepRunsFigure } from "../../report/figures/sweep_runs.ts";
import type { Inference } from "../../stats/interval.ts";
import { drawFigure } from "../embedded/figures.ts";
import { type OnStage, runStudies } from "../embedded/run_studies.ts";
import { type StudyConfig, workFolderOf } from "../embedded/study_config.ts";
import { withExpansion } from "../embedded/widen.ts";
import { openFigureRenderer } from "../figure_renderer.ts";
import type { SweepConfig, SweepRun } from "./sweep_config.ts";

/** What to run, where, and who is told. */
export interface SweepRunOptions {
  /** Default `results/sweeps/<table>`. */
  readonly folder?: string;
  /** Where stages are kept; default those of the studies' own profiles. */
  readonly workFolder?: string;
  readonly print: (text: string) => void;
  readonly onStage: OnStage;
  readonly onRun?: (name: string, index: number, of: number, state: "running" | "kept") => void;
}

/** Differences that the table holds, each over all SAE seeds. */
const PAIRS = {
  sae_over_raw: "P3_cheap_sae-P2_cheap_raw",
  sae_over_cheap: "P3_cheap_sae-P1_cheap",
  increment: "P6_nested_sae-B_uncertainty_cheap_raw",
} as const;

/** One run: what it was and what came out. */
export interface SweepResult {
  readonly study: string;
  readonly run: string;
  readonly points: Readonly<Record<string, string>>;
  readonly n_train: number;
  readonly n_test: number;
  readonly d_sae: number;
  readonly hook: string;
  readonly sae_verdict: string;
  /** Fraction of variance unexplained on test positions, mean over seeds. */
  readonly sae_fvu: number;
  readonly auroc: Readonly<Record<string, number>>;
  readonly deltas: Readonly<Record<keyof typeof PAIRS, Inference>>;
}

/**
 * Runs what is not done and writes `<table>.parquet`, `.json`, `.md` and its figure.
 * @returns a result a run, in order
 * @throws what a study throws; runs that ended before it are kept
 */
export async function runSweep(
  { table }: SweepConfig,
  runs: readonly SweepRun[],
  options: SweepRunOptions,
): Promise<readonly SweepResult[]> {
  const { print, onStage, onRun = () => {} } = options;
  const folder = options.folder ?? join(resultsRoot, "sweeps", table);
  const results: SweepResult[] = [];
  for (const [index, run] of runs.entries()) {
    const config = await withExpansion(run.config);
    const own = join(folder, run.name), donePath = join(own, "sweep_row.json");
    const key = sha256(JSON.stringify(config));
    const kept = readKept(donePath, key);
    onRun(run.name, index, runs.length, kept ? "kept" : "running");
    if (kept) {
      results.push(kept);
      continue;
    }
    await runStudies(
      [{
        of: config,
        folder: own,
        workFolder: workFolderOf(options.workFolder ?? join(resultsRoot, ".work", config.profile), config),
        isForced: false,
        isFast: true, // a sweep asks the predictive question; the causal one has its own
      }],
      onStage,
      1,
    );
    const result = resultOf(run, config, own);
    await writeJsonAtomic(donePath, { key, result });
    results.push(result);
  }
  await writeJsonAtomic(join(folder, `${table}.json`), { table, runs: results });
  await writeTable(join(folder, `${table}.parquet`), results.map(rowOf));
  using renderer = openFigureRenderer();
  await drawFigure(sweepRunsFigure(results, { name: table }), join(folder, "figures"), renderer);
  print(`${tableText(results)}\n${table}.parquet, .json and its figure are in ${folder}\n`);
  return results;
}

function readKept(path: string, key: string): SweepResult | null {
  if (!existsSync(path)) return null;
  const { key: own, result } = JSON.parse(readFileSync(path, "utf8")) as {
    readonly key: string;
    readonly result: SweepResult;
  };
  return own === key ? result : null;
}

/** From the artifacts that the run wrote. */
function resultOf({ study, name, points }: SweepRun, config: StudyConfig, folder: string): SweepResult {
  const read = (artifact: string) => JSON.parse(readFileSync(join(folder, `${artifact}.json`), "utf8"));
  const probe = read("probe_results") as {
    readonly n_train: number;
    readonly n_test: number;
    readonly probes: Readonly<Record<string, { readonly auroc: number }>>;
  };
  const sae = read("sae_evaluation") as {
    readonly verdict: string;
    readonly by_seed: readonly { readonly evaluation: { readonly fvu: number } }[];
  };
  const { over_seeds: effects } = read("claims") as {
    readonly over_seeds: Readonly<Record<string, { readonly inference: Inference }>>;
  };
  return {
    ...{ study, run: name, points, n_train: probe.n_train, n_test: probe.n_test },
    ...{ d_sae: config.sae.d_sae, hook: config.hook, sae_verdict: sae.verdict },
    sae_fvu: sae.by_seed.reduce((sum, { evaluation }) => sum + evaluation.fvu, 0) / sae.by_seed.length,
    auroc: Object.fromEntries(Object.entries(probe.probes).map(([rung, { auroc }]) => [rung, auroc])),
    deltas: Object.fromEntries(
      Object.entries(PAIRS).map(([key, pair]) => [key, effects[pair]!.inference]),
    ) as unknown as SweepResult["deltas"],
  };
}

/** Flat: a column an axis, a rung, an end of an interval. */
function rowOf({ points, auroc, deltas, ...own }: SweepResult) {
  const named = (prefix: string, record: Readonly<Record<string, number | string>>) =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [`${prefix}_${key}`, value]));
  return {
    ...own,
    ...named("axis", points),
    ...named("auroc", auroc),
    ...Object.fromEntries(
      Object.entries(deltas).flatMap(([key, inference]) => {
        const isValid = inference.status === "valid";
        return [
          [key, inference.value],
          [`${key}_low`, isValid ? inference.ciLow : null],
          [`${key}_high`, isValid ? inference.ciHigh : null],
        ];
      }),
    ),
  };
}

function tableText(results: readonly SweepResult[]): string {
  const interval = (inference: Inference) =>
    inference.status === "valid"
      ? `${signed(inference.value)} [${signed(inference.ciLow)}, ${signed(inference.ciHigh)}]`
      : `${signed(inference.value)} (${inference.reason})`;
  return markdownTable(
    ["run", "SAE", "FVU", "P2", "P3", "P3 - P2", "P6 - B"],
    results.map(({ run, sae_verdict, sae_fvu, auroc, deltas }) => [
      ...[run, sae_verdict, sae_fvu.toFixed(3)],
      ...["P2_cheap_raw", "P3_cheap_sae"].map((rung) => auroc[rung]!.toFixed(3)),
      ...[interval(deltas.sae_over_raw), interval(deltas.increment)],
    ]),
  );
}
