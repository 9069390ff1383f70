/** `--plan`: what a run would do, how large it is, about how long it takes, and what is done already. Opens no model. */
import { openCheckpoint } from "../../model/checkpoint.ts";
import { countParameters, modelWidth } from "../../modalities/parameters.ts";
import { markdownTable } from "../../report/text_table.ts";
import { keyOfPart, type Part, partsOf } from "./extract.ts";
import { extractionInputs } from "./extraction_inputs.ts";
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
  /** On disk, bytes; null where it is next to nothing. */
  readonly bytes: number | null;
  /** Of all parts, at ASSUMED_FLOPS; null where it is not a matter of matrix products. */
  readonly seconds: number | null;
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
  readonly splits: readonly string[];
  /** Of prompts or contexts, those of items that are purged too. */
  readonly tokens: number;
  /** That a model reads to score the items: prompts twice, and with each candidate. */
  readonly tokensScored: number;
}

/**
 * The stages of some runs.
 * @throws {UsageError} if a model or data set is not here; the message says what fetches it
 */
export async function planRuns(configs: readonly StudyConfig[], workFolder: string): Promise<PlannedStage[]> {
  const stages: PlannedStage[] = [];
  for (const config of configs) stages.push(...await planRun(config, workFolder));
  return stages;
}

async function planRun(config: StudyConfig, workFolder: string): Promise<PlannedStage[]> {
  const run = runOf(config);
  const inputs = await extractionInputs(config);
  const cache = openStageCache({
    folder: workFolderOf(workFolder, config),
    isForced: false,
    onStage: () => {},
  });
  const volume = await volumeOf(config);
  const parts = partsOf(volume.nItems, config);
  const kept = (stage: string, own: object, some: readonly Part[]) =>
    some.filter((part) => cache.has(`${stage}${part.suffix}`, keyOfPart(own, part))).length;
  const holding = (split: string) =>
    parts.filter(({ from, to }) => volume.splits.slice(from, to).includes(split));
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
  const test = holding("test"), train = holding("train");
  return [
    {
      run,
      stage: "outcomes of the cheap model",
      nParts: parts.length,
      nDone: kept("outcomes_cheap", inputs.outcomes, parts),
      bytes: null,
      seconds: seconds(directories.cheap, volume.tokensScored),
    },
    {
      run,
      stage: "outcomes of the expensive model",
      nParts: test.length,
      nDone: kept("outcomes_expensive", inputs.outcomes, test),
      bytes: null,
      seconds: seconds(directories.expensive, volume.tokensScored * testShare),
    },
    {
      run,
      stage: "activations",
      nParts: train.length + test.length,
      nDone: kept("activations_train", inputs.activations, train) +
        kept("activations_test", inputs.activations, test),
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

function countItems(items: readonly { readonly split: string }[]) {
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
