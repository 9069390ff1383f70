/**
 * `deno task import-published DIR`: the published rungs fitted again on the parents' own activations and SAEs, for
 * whoever has downloaded them. DIR is a checkout of the parent study with its large files; the later study's published
 * figures are read from it too, where they are there (`seed/`).
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RECORDED_RUNGS, type RecordedRung } from "../../data/records.ts";
import { UsageError } from "../../guardrail.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../io/atomic.ts";
import { projectRoot, resultsRoot } from "../../io/paths.ts";
import { writeTable } from "../../io/tables.ts";
import { defaultRng } from "../../math/random.ts";
import { type Engine, openEngine } from "../../model/engine.ts";
import { publishedRungs, runProbeLadder } from "../../questions/predictive.ts";
import { markdownTable, small } from "../../report/text_table.ts";
import { auroc } from "../../stats/auroc.ts";
import { labelPermutationTest } from "../../stats/label_permutation.ts";
import { spearman } from "../../stats/ridge.ts";
import { discoverConfigs, type Layer, readRunConfig, type RunConfig } from "../config.ts";
import { writeManifest } from "../manifest.ts";
import { readPrimary } from "../primary.ts";
import {
  type Artifact,
  cascadeArtifacts,
  probeArtifacts,
  scoreTable,
  selectiveArtifact,
} from "../records/artifacts.ts";
import { cascadeExperiment, type ProbeExperiment, selectiveExperiment } from "../records/experiments.ts";
import { loadDataset, loadStudy, type RecordedStudy, runName } from "../records/study.ts";
import { publishedBlocks, type PublishedFiles } from "./published_blocks.ts";

/** Where which run's artifacts are. */
export interface PublishedArtifacts {
  readonly tensor: string;
  /** Latents kept a vector; the checkpoints do not say. */
  readonly k: number;
  readonly runs: Readonly<Record<string, PublishedFiles>>;
}

/** What to import and whom to tell. */
export interface ImportOptions {
  readonly directory: string;
  /** Default `results/imported`. */
  readonly folder?: string;
  /** Default: those of the project's configurations. */
  readonly configs?: readonly RunConfig[];
  /** Default lib/data/published_artifacts.json. */
  readonly artifacts?: PublishedArtifacts;
  readonly print: (text: string) => void;
  readonly onStep: (step: string) => void;
}

/** One rung: three fits of it. */
export interface RefittedRung {
  readonly run: string;
  readonly rung: string;
  /** In the published JSON; null where it is not there. */
  readonly published: number | null;
  /** Of the recorded test scores. */
  readonly recorded: number;
  readonly refitted: number;
  readonly best_C: number | null;
  /** Rank correlation of refitted and recorded test scores; 0 where either is constant. */
  readonly spearman: number;
}

/**
 * Imports every run whose activations are there.
 * @returns a row a rung
 * @throws {UsageError} if no run's activations are there, or a run is there in part
 * @throws {GuardrailError} as publishedBlocks() and the ladder
 */
export async function importPublished(options: ImportOptions): Promise<readonly RefittedRung[]> {
  const { directory, onStep, print, artifacts = readArtifacts() } = options;
  const folder = options.folder ?? join(resultsRoot, "imported");
  const configs = options.configs ?? discoverConfigs().map(({ path }) => readRunConfig(path));
  const wanted = configs.flatMap((config) =>
    (["mid", "late"] satisfies Layer[]).flatMap((layer) => {
      const files = artifacts.runs[runName(config, layer)];
      return files && existsSync(join(directory, files.activations)) ? [{ config, layer, files }] : [];
    })
  );
  if (wanted.length === 0) {
    const names = Object.values(artifacts.runs).map(({ activations }) => activations).join(", ");
    throw new UsageError(`Cannot import from ${directory}: needs one or more of ${names}, got none`);
  }
  const primarySha256 = readPrimary().sha256;
  const engine = await openEngine({ engine: "native", threads: 2 });
  const rows: RefittedRung[] = [];
  for (const { config, layer, files } of wanted) {
    const study = await loadStudy(await loadDataset(directory, config), layer);
    const run = await refit(study, files, { artifacts, engine, onStep });
    const own = join(folder, study.run);
    await writeArtifacts(own, run.artifacts);
    const { name, rows: scores } = scoreTable(study, run.probe);
    await writeTable(join(own, `${name}.parquet`), scores);
    await writeManifest(own, {
      ...{ profile: "imported", protocol: "published", seed: config.seed, config, primarySha256 },
      inputs: {
        [files.activations]: join(directory, files.activations),
        [files.sae]: join(directory, files.sae),
        [config.records.metadata]: join(directory, config.records.metadata),
      },
      outputs: Object.fromEntries(
        [...run.artifacts.map((artifact) => `${artifact.name}.json`), `${name}.parquet`]
          .map((file) => [file, join(own, file)]),
      ),
    });
    rows.push(...run.rungs);
  }
  await writeTable(join(folder, "rungs.parquet"), rows.map((row) => ({ ...row })));
  const table = rungTable(rows);
  await writeFileAtomic(join(folder, "rungs.md"), `# Refitted on the published activations\n\n${table}`);
  print(`${table}\nTables and artifacts are in ${folder}\n`);
  return rows;
}

/** The ladder on the imported blocks, and the decisions that its scores lead to. */
async function refit(
  study: RecordedStudy,
  files: PublishedFiles,
  { artifacts: { tensor, k }, engine, onStep }: {
    readonly artifacts: PublishedArtifacts;
    readonly engine: Engine;
    readonly onStep: (step: string) => void;
  },
) {
  const { config, cheap, items, split, folds, test } = study;
  onStep(`${study.run}: activations and codes`);
  const { raw, sae, assessment } = await publishedBlocks(study, files, { tensor, k, engine });
  onStep(`${study.run}: five rungs on ${raw.nCols} raw and ${sae.nCols} SAE columns`);
  const { c_grid: grid, n_bootstraps: nResamples, n_permutations: nPermutations } = config.probe;
  const ladder = runProbeLadder(publishedRungs({ cheap, raw, sae }), {
    ...{ labels: items.labels, split, folds, nResamples, grid, protocol: "published" },
    rng: defaultRng(config.seed),
  });
  const permutation = labelPermutationTest(
    ladder.scores.P3_cheap_sae!,
    ladder.scores.P2_cheap_raw!,
    test.labels,
    { nPermutations, rng: defaultRng(config.seed) },
  );
  const probe: ProbeExperiment = { ladder, permutation };
  onStep(`${study.run}: decisions`);
  const { verdict } = assessment.gate;
  const written: Artifact[] = [
    { name: "sae_evaluation", json: assessment, rows: [] },
    ...probeArtifacts(probe).map((artifact) =>
      artifact.name === "probe_results"
        ? { ...artifact, json: { ...(artifact.json as object), sae_verdict: verdict } }
        : artifact
    ),
    selectiveArtifact(selectiveExperiment(study, probe)),
    ...cascadeArtifacts(cascadeExperiment(study, probe)),
  ];
  const published = publishedAurocs(study);
  const rungs = Object.entries(ladder.result.probes).map(
    ([rung, { auroc: refitted, best_C }]): RefittedRung => {
      const recorded = test.scores[rung as RecordedRung];
      return {
        ...{ run: study.run, rung, refitted, best_C },
        published: published[rung] ?? null,
        recorded: auroc(recorded, test.labels),
        spearman: spearman(ladder.scores[rung]!, recorded),
      };
    },
  );
  return { probe, artifacts: written, rungs };
}

async function writeArtifacts(folder: string, artifacts: readonly Artifact[]): Promise<void> {
  for (const { name, json, rows } of artifacts) {
    await writeJsonAtomic(join(folder, `${name}.json`), json);
    if (rows.length > 0) await writeTable(join(folder, `${name}.parquet`), rows);
  }
}

/** AUROCs of the published JSON, as far as it is in the directory. */
function publishedAurocs({ root, config, layer }: RecordedStudy): Readonly<Record<string, number>> {
  const path = join(root, config.records.published[layer] ?? "", "probe_results.json");
  if (!existsSync(path)) return {};
  const { probes } = JSON.parse(readFileSync(path, "utf8")) as {
    readonly probes: Readonly<Record<RecordedRung, { readonly auroc: number }>>;
  };
  return Object.fromEntries(
    (Object.keys(RECORDED_RUNGS) as RecordedRung[]).map((rung) => [rung, probes[rung].auroc]),
  );
}

function rungTable(rows: readonly RefittedRung[]): string {
  return markdownTable(
    ["run", "rung", "published", "recorded scores", "refitted here", "difference", "C", "rank correlation"],
    rows.map(({ run, rung, published, recorded, refitted, best_C, spearman }) => [
      ...[
        run,
        rung,
        published === null ? "" : published.toFixed(6),
        recorded.toFixed(6),
        refitted.toFixed(6),
      ],
      ...[small(Math.abs(refitted - (published ?? recorded))), String(best_C), spearman.toFixed(4)],
    ]),
  );
}

function readArtifacts(): PublishedArtifacts {
  return JSON.parse(readFileSync(join(projectRoot, "lib/data/published_artifacts.json"), "utf8"));
}
