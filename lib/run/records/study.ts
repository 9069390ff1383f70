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

/** Everything the questions need of a recorded study. */
export interface RecordedStudy {
  /** e.g. "llm_squad", "llm_squad_late" */
  readonly run: string;
  readonly config: RunConfig;
  readonly layer: Layer;
  readonly root: string;
  readonly items: RecordedItems;
  readonly test: RecordedTest;
  /** the 8 lexical statistics of every item, from its prompt */
  readonly cheap: Matrix;
  readonly split: { readonly train: Uint32Array; readonly test: Uint32Array };
  /** inner folds, as positions in `split.train` */
  readonly folds: readonly Fold[];
}

/** Inner folds hold at least this many items each. */
const ITEMS_PER_FOLD = 10;

/** Reads a study from the records directory. */
export async function loadStudy(root: string, config: RunConfig, layer: Layer): Promise<RecordedStudy> {
  const { records } = config;
  const items = await readRecordedItems(root, records);
  const test = await readRecordedTest(root, { ...records, scores: records.scores[layer] }, items);
  const train = rowsOf(items.split, "train");
  requireSameItems(rowsOf(items.split, "test"), test.rows, records.scores[layer]);
  const cheap = lexicalStatistics(items.prompts.map((prompt, i) => ({
    prompt,
    category: items.topics[i]!,
    tokenCount: items.seqLen[i]!,
    perplexity: items.promptPerplexity[i]!,
    isTrain: items.split[i] === "train",
  })));
  const trainLabels = train.map((row) => items.labels[row]!);
  const nSplits = countFolds(trainLabels, ITEMS_PER_FOLD);
  return {
    run: runName(config, layer),
    config,
    layer,
    root,
    items,
    test,
    cheap,
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
