/** `--plan`: what a run would do, how large it is, about how long it takes, and what is done already. Opens no model. */
import { UsageError } from "../../guardrail.ts";
import { dataFile } from "../../io/paths.ts";
import { openCheckpoint } from "../../model/checkpoint.ts";
import { countParameters, modelWidth } from "../../modalities/parameters.ts";
import type { Split } from "../../modality.ts";
import { markdownTable } from "../../report/text_table.ts";
import { extractionInputs } from "./extraction_inputs.ts";
import { type ExtractionKind, partsOf, stagesOfPart } from "./extraction_stages.ts";
import { modelDirectory } from "./model_files.ts";
import { limited, promptsOf, windowsOf } from "./open_study.ts";
import { saeInputs } from "./saes.ts";
import { openStageCache } from "./stage_cache.ts";
import { runOf, type StudyConfig, workFolderOf } from "./study_config.ts";

/** One row of the plan. */
export interface PlannedStage {
  readonly run: string;
  readonly stage: string;
  readonly nParts: number;
  readonly nDone: number;
  /** On disk, bytes; null where it is next to nothing, or not known yet. */
  readonly bytes: number | null;
  /** Of all parts, at ASSUMED_FLOPS; null where it is not a matter of matrix products, or not known yet. */
  readonly seconds: number | null;
  /** What must be fetched before more is known. */
  readonly missing?: readonly string[];
}

/** Multiply-adds count two. What the native engine reaches on two cores of the machine it was measured on. */
export const ASSUMED_FLOPS = 130e9;

/** Characters of a token of English, and what a forecast of one step costs beside its context. */
const CHARACTERS_PER_TOKEN = 4;

/** Sizes of a study, from its data alone. */
interface Volume {
  readonly nItems: number;
  readonly nTest: number;
  /** Before near repeats are purged, which takes no part away in practice. */
  readonly splits: readonly Split[];
  /** Of prompts or contexts, those of items that are purged too. */
  readonly tokens: number;
  /** That a model reads to score the items: prompts twice, and with each candidate. */
  readonly tokensScored: number;
}

/** The stages of some runs; of one whose models or data are not fetched, what its configuration alone tells. */
export async function planRuns(configs: readonly StudyConfig[], workFolder: string): Promise<PlannedStage[]> {
  const stages: PlannedStage[] = [];
  for (const config of configs) stages.push(...await planRun(config, workFolder));
  return stages;
}

/** Parts of a run whose inputs are not here; how many of them hold test items is not known, so only all are counted. */
async function planUnfetched(config: StudyConfig): Promise<PlannedStage[] | undefined> {
  const missing = await missingInputs(config);
  if (missing.length === 0) return;
  const nItems = Math.min(config.n_items, config.limit ?? Infinity);
  const common = { run: runOf(config), nDone: 0, bytes: null, seconds: null, missing };
  return [
    { ...common, stage: "outcomes and activations", nParts: partsOf(nItems, config).length },
    { ...common, stage: "sparse autoencoders", nParts: config.sae.seeds.length },
    { ...common, stage: "questions, controls, figures", nParts: 1 },
  ];
}

/** Names of models and data files that are not on this machine. */
async function missingInputs({ models, corpus, series }: StudyConfig): Promise<string[]> {
  const missing: string[] = [];
  const look = async (name: string, find: () => unknown) => {
    try {
      await find();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      missing.push(name);
    }
  };
  for (const name of [models.cheap, models.expensive]) await look(name, () => modelDirectory(name));
  const file = corpus?.file ?? series?.file;
  if (file !== undefined) await look(file, () => dataFile(file));
  return missing;
}

async function planRun(config: StudyConfig, workFolder: string): Promise<PlannedStage[]> {
  const unfetched = await planUnfetched(config);
  if (unfetched) return unfetched;
  const run = runOf(config);
  const inputs = await extractionInputs(config);
  const cache = openStageCache({
    folder: workFolderOf(workFolder, config),
    isForced: false,
    onStage: () => {},
  });
  const volume = await volumeOf(config);
  const parts = partsOf(volume.nItems, config).flatMap((part) =>
    stagesOfPart(part, { inputs, splits: volume.splits })
  );
  const counts = (...kinds: readonly ExtractionKind[]) => {
    const own = parts.filter(({ kind }) => kinds.includes(kind));
    return { nParts: own.length, nDone: own.filter(({ name, key }) => cache.has(name, key)).length };
  };
  const directories = {
    cheap: await modelDirectory(config.models.cheap),
    expensive: await modelDirectory(config.models.expensive),
  };
  const width = modelWidth(directories.cheap);
  const seconds = (directory: string, tokens: number) =>
    2 * countParameters(directory) * tokens / ASSUMED_FLOPS;
  const testShare = volume.nTest / volume.nItems;
  const { sae } = config;
  const trainTokens = volume.tokens * (1 - testShare);
  const nTrained =
    sae.seeds.filter((seed) => cache.has(`sae_${seed}_training`, saeInputs(config, seed, inputs.activations)))
      .length;
  return [
    {
      run,
      stage: "outcomes of the cheap model",
      ...counts("outcomes_cheap"),
      bytes: null,
      seconds: seconds(directories.cheap, volume.tokensScored),
    },
    {
      run,
      stage: "outcomes of the expensive model",
      ...counts("outcomes_expensive"),
      bytes: null,
      seconds: seconds(directories.expensive, volume.tokensScored * testShare),
    },
    {
      run,
      stage: "activations",
      ...counts("activations_train", "activations_test"),
      bytes: volume.tokens * width * (config.extraction?.dtype === "float16" ? 2 : 4),
      seconds: seconds(directories.cheap, volume.tokens) * shareBelow(config.hook, directories.cheap),
    },
    {
      run,
      stage: "sparse autoencoders",
      nParts: sae.seeds.length,
      nDone: nTrained,
      bytes: sae.seeds.length * 4 * (2 * width * sae.d_sae + width + sae.d_sae),
      // forward, and two products of its size backwards
      seconds: sae.seeds.length * sae.n_epochs * trainTokens * 6 * width * sae.d_sae / ASSUMED_FLOPS,
    },
    { run, stage: "questions, controls, figures", nParts: 1, nDone: 0, bytes: null, seconds: null },
  ];
}

async function volumeOf(config: StudyConfig): Promise<Volume> {
  if (config.modality === "llm") {
    const items = limited(await promptsOf(config), config.limit);
    const longest = config.corpus?.max_prompt_tokens ?? Infinity;
    const tokensOf = (text: string) => Math.ceil(text.length / CHARACTERS_PER_TOKEN);
    let tokens = 0, tokensScored = 0;
    for (const { prompt, candidates } of items) {
      const own = Math.min(longest, tokensOf(prompt));
      tokens += own;
      if (candidates.length === 1) tokensScored += config.corpus?.answer_tokens ?? 0;
      tokensScored += own + candidates.reduce((sum, text) => sum + own + tokensOf(text), 0);
    }
    if (config.extraction?.positions === "boundary") tokens = items.length * items[0]!.candidates.length;
    return { ...countItems(items), tokens, tokensScored };
  }
  const { n_paths: nPaths, season_length } = config.forecast!;
  const windows = limited(windowsOf(config, season_length), config.limit);
  const { context, future } = windows[0]!;
  // Every path decodes a token a step; contexts are encoded once for all paths, and again for the true future.
  const perItem = 2 * (context.length + 1) + nPaths * future.length;
  return {
    ...countItems(windows),
    tokens: windows.length * context.length,
    tokensScored: windows.length * perItem,
  };
}

function countItems(items: readonly { readonly split: Split }[]) {
  const splits = items.map(({ split }) => split);
  return { nItems: items.length, nTest: splits.filter((split) => split === "test").length, splits };
}

/** Blocks up to the hook, of all. */
function shareBelow(hook: string, directory: string): number {
  const { config } = openCheckpoint(directory);
  const nBlocks = Number(config["num_hidden_layers"] ?? config["num_layers"]);
  return (Number(/\.(\d+)\./.exec(hook)?.[1]) + 1) / nBlocks;
}

/** The plan as a table, and the assumption behind its times. */
export function planTable(stages: readonly PlannedStage[]): string {
  const left = stages.reduce(
    (sum, { seconds, nParts, nDone }) => sum + (seconds ?? 0) * (1 - nDone / nParts),
    0,
  );
  const table = markdownTable(
    ["run", "stage", "done", "of", "size", "time in all"],
    stages.map(({ run, stage, nParts, nDone, bytes, seconds }) => [
      ...[run, stage, String(nDone), String(nParts)],
      bytes === null ? "" : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`,
      seconds === null ? "" : duration(seconds),
    ]),
  );
  const missing = new Set(stages.flatMap((stage) => stage.missing ?? []));
  if (missing.size > 0) {
    return `${table}\nSizes and times are not known before: npx -y deno@2.9.6 task fetch full (not here: ${
      [...missing].join(", ")
    }; --plan shows the sizes of the downloads)\n`;
  }
  return `${table}\nAbout ${duration(left)} of matrix products are left, at ${
    ASSUMED_FLOPS / 1e9
  } GFLOP/s (two cores).\n`;
}

function duration(seconds: number): string {
  return seconds < 90
    ? `${Math.ceil(seconds)} s`
    : seconds < 5400
    ? `${Math.round(seconds / 60)} min`
    : `${(seconds / 3600).toFixed(1)} h`;
}
