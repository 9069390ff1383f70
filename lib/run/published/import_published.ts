/**
 * `deno task import-published DIR`: whoever has the published study's repository with its activations fits the ladder
 * anew on them, and sees every number beside the published one.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PUBLISHED_FILES } from "../../data/published_layout.ts";
import { readPublished, readRecordedTest, type RecordedTest } from "../../data/records.ts";
import { UsageError } from "../../guardrail.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../io/atomic.ts";
import { requireData, resultsRoot } from "../../io/paths.ts";
import { writeTable } from "../../io/tables.ts";
import { defaultRng } from "../../math/random.ts";
import { openEngine } from "../../model/engine.ts";
import { cascade } from "../../questions/cascade.ts";
import { selectivePrediction } from "../../questions/selective.ts";
import { markdownTable } from "../../report/text_table.ts";
import { auroc } from "../../stats/auroc.ts";
import { discoverConfigs, findConfig, type Layer, readRunConfig } from "../config.ts";
import { runName } from "../records/study.ts";
import { type NumberBeside, numbersBeside } from "./beside.ts";
import { type PublishedInputs, readPublishedInputs } from "./read_published.ts";
import { publishedBlocks, publishedFolds, publishedSplit, refitCalibration, refitLadder } from "./refit.ts";

/** What to import. */
export interface ImportOptions {
  /** A checkout of the repository. */
  readonly root: string;
  readonly dataset: string;
  readonly layer: Layer;
  /** Default `results/imported/<run>`. */
  readonly folder?: string;
  readonly engine: "native" | "portable";
  readonly onStep: (step: string) => void;
}

/** Fits, asks, compares, writes. @returns the table and the folder @throws as readPublishedInputs() */
export async function importPublished(options: ImportOptions): Promise<{ text: string; folder: string }> {
  const { root, layer, onStep } = options;
  const files = Object.entries(PUBLISHED_FILES).find(([name]) => name === options.dataset)?.[1][layer];
  if (files === undefined) {
    const known = Object.keys(PUBLISHED_FILES).join(", ");
    throw new UsageError(`Unknown dataset "${options.dataset}"; known: ${known}`);
  }
  const config = readRunConfig(
    findConfig(discoverConfigs(), { modality: "llm", dataset: options.dataset }).path,
  );
  const inputs = await readPublishedInputs(root, config, files);
  const { items } = inputs.dataset;
  const folder = options.folder ?? join(resultsRoot, "imported", runName(config, layer));
  onStep(`${items.ids.length} items, ${inputs.activations.nVectors} vectors each`);
  const blocks = await publishedBlocks(inputs, await openEngine({ engine: options.engine }));
  const split = publishedSplit(inputs);
  const labels = split.test.map((row) => items.labels[row]!);
  const artifacts: Record<string, unknown> = {};

  const allFolds = publishedFolds(inputs, split);
  const ladders: Record<string, Awaited<ReturnType<typeof refitLadder>>> = {};
  for (const [name, folds] of Object.entries(allFolds)) {
    onStep(`ladder, folds by ${name}`);
    ladders[name] = await refitLadder(inputs, { blocks, split, folds });
  }
  const ladder = ladders["label"]!;
  const { scores, result } = ladder.ladder;
  artifacts["probe_results"] = result;
  if (ladders["topic_and_label"]) {
    artifacts["probe_results_topic_folds"] = ladders["topic_and_label"].ladder.result;
  }
  onStep("selective prediction");
  artifacts["selective_prediction"] = selectivePrediction(scores, labels, {
    nResamples: config.selective.n_bootstraps,
    baselineRng: defaultRng(config.seed),
    bootstrapRng: defaultRng(config.seed),
  });
  onStep("calibration");
  const calibrated = refitCalibration(inputs, { blocks, split, ladder });
  artifacts["recalibration_results"] = Object.fromEntries(
    Object.entries(calibrated).map((
      [rung, own],
    ) => [rung, { ...own.metrics, calibratable: own.calibratable }]),
  );
  const recorded = await recordedTest(root, inputs, layer);
  if (recorded) {
    onStep("cascade");
    const chosen = config.cascade.scores.map((rung) => [rung, scores[rung]!] as const);
    const errorOf = new Map(Array.from(recorded.rows, (row, i) => [row, recorded.expensiveError[i]!]));
    artifacts["cascade_results"] = cascade(Object.fromEntries(chosen), {
      cheapErrors: labels,
      expensiveErrors: Array.from(split.test, (row) => errorOf.get(row)!),
      cheapCost: config.models.cheap.cost,
      expensiveCost: config.models.expensive.cost,
    }, { nTrials: config.cascade.n_random_trials, rng: defaultRng(config.seed) });
  }
  const beside: NumberBeside[] = [];
  for (const [name, ours] of Object.entries(artifacts)) {
    const published = await publishedArtifact(root, `${config.records.published[layer]}/${name}.json`);
    if (published !== null) beside.push(...numbersBeside(name, ours, published));
  }
  const text = rungTable({ ladders, beside, recorded });
  for (const [name, json] of Object.entries(artifacts)) {
    await writeJsonAtomic(join(folder, `${name}.json`), json);
  }
  await writeJsonAtomic(join(folder, "import.json"), {
    ...{
      run: runName(config, layer),
      files: inputs.hashes,
      are_published_activations: inputs.isPublishedFile,
    },
    ...{ n_vectors: inputs.activations.nVectors, d_model: inputs.activations.dModel, d_sae: inputs.sae.dSae },
    folds: Object.keys(ladders),
    not_done: recorded ? [] : ["cascade: needs the recorded scores and the expensive model's outcomes"],
  });
  if (beside.length > 0) {
    await writeTable(join(folder, "beside_published.parquet"), beside.map((row) => ({ ...row })));
  }
  await writeFileAtomic(join(folder, "beside_published.md"), `${text}\n`);
  return { text, folder };
}

/** AUROC of every rung: ours, the published repository's, and that of the scores recorded a test item. */
function rungTable({ ladders, beside, recorded }: {
  readonly ladders: Readonly<Record<string, Awaited<ReturnType<typeof refitLadder>>>>;
  readonly beside: readonly NumberBeside[];
  readonly recorded: RecordedTest | null;
}): string {
  const digits = (value: number | null | undefined) =>
    typeof value === "number" ? value.toFixed(6) : "not here";
  const rungs = Object.keys(ladders["label"]!.ladder.result.probes);
  return markdownTable(
    [
      "rung",
      ...Object.keys(ladders).map((name) => `refit, folds by ${name}`),
      "published",
      "recorded scores",
    ],
    rungs.map((rung) => [
      rung,
      ...Object.values(ladders).map(({ ladder: { result } }) => digits(result.probes[rung]!.auroc)),
      digits(beside.find(({ key }) => key === `probes.${rung}.auroc`)?.published),
      digits(recorded ? auroc(recorded.scores[rung as keyof RecordedTest["scores"]], recorded.labels) : null),
    ]),
  );
}

/** Scores and the expensive model's outcomes, where the checkout has both. */
async function recordedTest(
  root: string,
  { dataset: { config: { records }, items } }: PublishedInputs,
  layer: Layer,
): Promise<RecordedTest | null> {
  const scores = records.scores[layer];
  if (![scores, records.expensive].every((name) => existsSync(join(root, name)))) return null;
  return await readRecordedTest(root, { ...records, scores }, items);
}

/** A published artifact: from the checkout, else from the records; null where neither has it. */
async function publishedArtifact(root: string, name: string): Promise<unknown> {
  let roots = [root];
  try {
    roots = [root, requireData("records")];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  const own = roots.find((candidate) => existsSync(join(candidate, name)));
  return own === undefined ? null : await readPublished(own, name);
}
