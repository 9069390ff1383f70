/** One recorded study: a dataset at one layer, read and put into the shapes that the questions take. */
import {
  readRecordedItems,
  readRecordedTest,
  type RecordedItems,
  type RecordedTest,
} from "../../data/records.ts";
import { lexicalStatistics } from "../../features/lexical.ts";
import { GuardrailError } from "../../guardrail.ts";
import type { Matrix } from "../../math/matrix.ts";
import { countFolds, type Fold, stratifiedKFold } from "../../stats/folds.ts";
import type { Layer, RunConfig } from "../config.ts";

/** What the layers of a dataset share. */
export interface RecordedDataset {
  readonly config: RunConfig;
  /** the records directory */
  readonly root: string;
  readonly items: RecordedItems;
  /** the 8 lexical statistics of every item, from its prompt */
  readonly cheap: Matrix;
}

/** Everything the questions need of a recorded study: a dataset at one layer. */
export interface RecordedStudy extends RecordedDataset {
  /** e.g. "llm_squad", "llm_squad_late" */
  readonly run: string;
  readonly layer: Layer;
  readonly test: RecordedTest;
  readonly split: { readonly train: Uint32Array; readonly test: Uint32Array };
  /** inner folds, as positions in `split.train` */
  readonly folds: readonly Fold[];
}

/** Inner folds hold at least this many items each. */
const ITEMS_PER_FOLD = 10;

/** Reads a dataset's items and measures their prompts. */
export async function loadDataset(root: string, config: RunConfig): Promise<RecordedDataset> {
  const items = await readRecordedItems(root, config.records);
  const cheap = lexicalStatistics(items.prompts.map((prompt, i) => ({
    prompt,
    category: items.topics[i]!,
    tokenCount: items.seqLen[i]!,
    perplexity: items.promptPerplexity[i]!,
    isTrain: items.split[i] === "train",
  })));
  return { config, root, items, cheap };
}

/** Reads a layer's recorded scores and joins them to the items. */
export async function loadStudy(dataset: RecordedDataset, layer: Layer): Promise<RecordedStudy> {
  const { config, root, items } = dataset;
  const { records } = config;
  const test = await readRecordedTest(root, { ...records, scores: records.scores[layer] }, items);
  const train = rowsOf(items.split, "train");
  requireSameItems(rowsOf(items.split, "test"), test.rows, records.scores[layer]);
  const trainLabels = train.map((row) => items.labels[row]!);
  const nSplits = countFolds(trainLabels, ITEMS_PER_FOLD);
  return {
    ...dataset,
    run: runName(config, layer),
    layer,
    test,
    split: { train, test: test.rows },
    folds: stratifiedKFold(trainLabels, { nSplits, seed: config.seed }),
  };
}

/** Name of a run's folder. */
export function runName(config: RunConfig, layer: Layer): string {
  return `${config.modality}_${config.dataset}${layer === "late" ? "_late" : ""}`;
}

function rowsOf(split: readonly string[], part: string): Uint32Array {
  const rows = Uint32Array.from(split.flatMap((value, row) => value === part ? [row] : []));
  if (rows.length === 0) throw new GuardrailError("empty-split", `Cannot run: the ${part} split has no item`);
  return rows;
}

function requireSameItems(expected: Uint32Array, scored: Uint32Array, table: string): void {
  const known = new Set(expected);
  const stranger = scored.find((row) => !known.has(row));
  if (stranger !== undefined || scored.length !== expected.length) {
    throw new GuardrailError(
      "misaligned-rows",
      `Cannot use ${table}: needs scores of the ${expected.length} test items, got ${scored.length} rows` +
        (stranger === undefined ? "" : `, one of them for item row ${stranger} of another split`),
    );
  }
}
