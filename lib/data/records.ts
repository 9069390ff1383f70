/**
 * The published study's own per-item records (Pythia-410M / 2.8B on HellaSwag and SQuAD): prompts, labels, splits,
 * recorded scores, the expensive model's outcomes, per-item causal values. Read only, never committed.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { GuardrailError } from "../guardrail.ts";
import { alignById, numberColumn, readTable, type Table, takeRows, textColumn } from "../io/tables.ts";

/** The rungs whose test scores the published study recorded, and the columns that hold them. */
export const RECORDED_RUNGS = {
  P1_cheap: "pred_P1_InputStats",
  P2_cheap_raw: "pred_P2_InputStats_Raw",
  P3_cheap_sae: "pred_P3_InputStats_SAE",
  P4_raw_only: "pred_P4_RawOnly",
  P5_sae_only: "pred_P5_SAEOnly",
} as const;

/** A rung with recorded scores. */
export type RecordedRung = keyof typeof RECORDED_RUNGS;

/** All items of one dataset, in the hub's order; every column has shape [nItems]. */
export interface RecordedItems {
  readonly ids: Float64Array;
  readonly prompts: readonly string[];
  readonly promptPerplexity: Float64Array;
  /** number of stored activation vectors, not of tokens (flaw F16) */
  readonly seqLen: Float64Array;
  /** article (SQuAD) or activity (HellaSwag): the group of an item */
  readonly topics: readonly string[];
  readonly split: readonly string[];
  /** 1 = hard */
  readonly labels: Uint8Array;
  /** perplexity of the gold answer, where the label is made from it */
  readonly targetPerplexity?: Float64Array;
  /** gold answers, where the label is made from their likelihood */
  readonly answers?: readonly string[];
}

/** Recorded outcomes of the test items, rows in the order of `ids`. */
export interface RecordedTest {
  readonly ids: Float64Array;
  /** rows of these items among all items */
  readonly rows: Uint32Array;
  readonly labels: Uint8Array;
  readonly scores: Readonly<Record<RecordedRung, Float64Array>>;
  /** recorded out-of-fold calibrated scores by column name, where the table has them */
  readonly calibrated: Readonly<Record<string, Float64Array>>;
  /** 1 where the expensive model fails the item */
  readonly expensiveError: Float64Array;
  /** the expensive model's perplexity of the gold answer, where the label is made from it */
  readonly expensivePerplexity?: Float64Array;
}

/** Per-item causal values: the metric under each condition. */
export interface RecordedCausal {
  readonly ids: Float64Array;
  readonly natural: Float64Array;
  readonly reconstruction: Float64Array;
  /** latent index -> metric with that latent ablated */
  readonly ablated: ReadonlyMap<number, Float64Array>;
}

/**
 * Reads the items of a dataset.
 * @param root the records directory
 * @param source file and column names of the dataset
 */
export async function readRecordedItems(
  root: string,
  source: {
    readonly metadata: string;
    readonly prompt_perplexity: string;
    readonly target_perplexity?: string;
  },
): Promise<RecordedItems> {
  const path = join(root, source.metadata);
  const target = source.target_perplexity;
  const table = await readTable(path, [
    ...["prompt", "activity_label", "split"],
    ...["window_id", source.prompt_perplexity, "seq_len", "difficulty"],
    ...(target ? [target] : []),
  ], target ? ["gold_answer"] : []);
  return {
    ids: numberColumn(table, "window_id", path),
    prompts: textColumn(table, "prompt", path),
    promptPerplexity: numberColumn(table, source.prompt_perplexity, path),
    seqLen: numberColumn(table, "seq_len", path),
    topics: textColumn(table, "activity_label", path),
    split: textColumn(table, "split", path),
    labels: binaryColumn(table, "difficulty", path),
    ...(target && { targetPerplexity: numberColumn(table, target, path) }),
    ...("gold_answer" in table.columns && { answers: textColumn(table, "gold_answer", path) }),
  };
}

/** Reads recorded test scores and the expensive model's outcomes, joined to the items by id. */
export async function readRecordedTest(
  root: string,
  source: { readonly scores: string; readonly expensive: string; readonly target_perplexity?: string },
  items: RecordedItems,
): Promise<RecordedTest> {
  const scorePath = join(root, source.scores);
  const columns = Object.values(RECORDED_RUNGS);
  const scores = await readTable(
    scorePath,
    ["window_id", "difficulty", ...columns],
    CALIBRATED.map(({ column }) => column),
  );
  const ids = numberColumn(scores, "window_id", scorePath);
  const rows = alignById(ids, items.ids, `${source.scores} to the items`);
  const labels = binaryColumn(scores, "difficulty", scorePath);
  const disagreeing = ids.find((_, i) => labels[i] !== items.labels[rows[i]!]);
  if (disagreeing !== undefined) {
    throw new GuardrailError(
      "misaligned-rows",
      `Cannot join ${source.scores}: item ${disagreeing} has another label than in the metadata`,
    );
  }
  const expensivePath = join(root, source.expensive);
  const target = source.target_perplexity;
  const expensive = await readTable(expensivePath, ["window_id", "difficulty", ...(target ? [target] : [])]);
  const order = alignById(ids, numberColumn(expensive, "window_id", expensivePath), source.expensive);
  const expensiveRows = takeRows(expensive, order);
  const entries = Object.entries(RECORDED_RUNGS).map(([rung, column]) =>
    [rung, numberColumn(scores, column, scorePath)] as const
  );
  return {
    ids,
    rows,
    labels,
    scores: Object.fromEntries(entries) as Record<RecordedRung, Float64Array>,
    calibrated: calibratedColumns(scores, scorePath),
    expensiveError: Float64Array.from(binaryColumn(expensiveRows, "difficulty", expensivePath)),
    ...(target && { expensivePerplexity: numberColumn(expensiveRows, target, expensivePath) }),
  };
}

/** Reads `<stem>.parquet`: `err_natural`, `err_recon` and one `err_ablate_<latent>` per latent. */
export async function readRecordedCausal(
  root: string,
  stem: string,
  latents: readonly number[],
): Promise<RecordedCausal> {
  const path = join(root, `${stem}.parquet`);
  const column = (latent: number) => `err_ablate_${latent}`;
  const table = await readTable(path, ["window_id", "err_natural", "err_recon", ...latents.map(column)]);
  return {
    ids: numberColumn(table, "window_id", path),
    natural: numberColumn(table, "err_natural", path),
    reconstruction: numberColumn(table, "err_recon", path),
    ablated: new Map(latents.map((latent) => [latent, numberColumn(table, column(latent), path)])),
  };
}

/** Reads a published JSON artifact. */
export async function readPublished(root: string, path: string): Promise<unknown> {
  const contents = await readFile(join(root, path), "utf8");
  // The published files hold Python's NaN, which is no JSON.
  return JSON.parse(contents.replaceAll(/\bNaN\b/g, "null"));
}

const CALIBRATED = ["P1_cheap", "P3_cheap_sae"].flatMap((rung) =>
  ["platt", "isotonic"].map((method) => ({
    name: `${rung}_${method}`,
    column: `${RECORDED_RUNGS[rung as RecordedRung]}_${method}`,
  }))
);

function calibratedColumns(table: Table, where: string): Record<string, Float64Array> {
  const present = CALIBRATED.filter(({ column }) => column in table.columns); // only the mid layer has them
  return Object.fromEntries(present.map(({ name, column }) => [name, numberColumn(table, column, where)]));
}

function binaryColumn(table: Table, name: string, where: string): Uint8Array {
  return Uint8Array.from(numberColumn(table, name, where), (value, row) => {
    if (value !== 0 && value !== 1) {
      throw new RangeError(`Cannot use ${where}: needs 0 or 1 in ${name}, got ${value} in row ${row}`);
    }
    return value;
  });
}
