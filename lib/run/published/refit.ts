/** The published ladder fitted anew on imported activations, and the decisions that follow from it. */
import { availableParallelism } from "node:os";
import { poolTokens } from "../../features/pooling.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import { defaultRng } from "../../math/random.ts";
import type { Engine } from "../../model/engine.ts";
import { publishedRungs } from "../../questions/predictive.ts";
import { type FittedLadder, runLadder } from "../../questions/predictive_rungs.ts";
import { recalibrate, type Recalibration } from "../../questions/recalibrate.ts";
import { openSaeEncoder } from "../../sae/encoder.ts";
import { poolCodes } from "../../sae/pool_codes.ts";
import { joinBlocks, pickRows } from "../../stats/feature_blocks.ts";
import { countFolds, type Fold, kFold, stratifiedKFold } from "../../stats/folds.ts";
import { decisionFunction, fitLogistic, sigmoid } from "../../stats/l1_logistic.ts";
import { openThreads } from "../../stats/logistic/threads.ts";
import type { ImportedActivations, PublishedInputs } from "./read_published.ts";

/** The three blocks of the published ladder, a row an item. */
export type PublishedBlocks = Readonly<Record<"cheap" | "raw" | "sae", Matrix | CsrMatrix>>;

export interface PublishedSplit {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/**
 * Blocks as published: an item's valid vectors pooled mean | max | last, one vector alone as it is.
 * The mean of float16 vectors is rounded to float16, as NumPy does it.
 */
export async function publishedBlocks(
  { dataset: { items, cheap }, activations, sae }: PublishedInputs,
  engine: Engine,
): Promise<PublishedBlocks> {
  const { data, nItems, nVectors: nTokens, dModel: d, isHalf } = activations;
  const raw = poolTokens({ data, nItems, nTokens, d }, items.seqLen, { singleToken: "keep" });
  if (isHalf && nTokens > 1) raw.data.set(new Float16Array(raw.data));
  const encoder = await openSaeEncoder(sae, { engine, nThreads: 1 });
  try {
    const { vectors, starts } = validVectors(activations, items.seqLen);
    return { cheap, raw, sae: poolCodes(await encoder.encode(vectors), starts, { singleToken: "keep" }) };
  } finally {
    await encoder.close();
  }
}

/** The first `nValid` vectors of each item, one after the other. */
function validVectors({ data, nItems, nVectors, dModel: d }: ImportedActivations, nValid: Float64Array) {
  const starts = new Uint32Array(nItems + 1);
  for (let item = 0; item < nItems; item++) {
    starts[item + 1] = starts[item]! + Math.min(nValid[item]!, nVectors);
  }
  const vectors = new Float32Array(starts[nItems]! * d);
  for (let item = 0; item < nItems; item++) {
    const from = item * nVectors * d, n = starts[item + 1]! - starts[item]!;
    vectors.set(data.subarray(from, from + n * d), starts[item]! * d);
  }
  return { vectors, starts };
}

/** Items of both splits; those that were purged are in neither. */
export function publishedSplit({ dataset: { items } }: PublishedInputs): PublishedSplit {
  const rowsOf = (wanted: string) =>
    Uint32Array.from(items.split.flatMap((split, row) => split === wanted ? [row] : []));
  return { train: rowsOf("train"), test: rowsOf("test") };
}

/** Inner folds hold at least this many items each. */
const ITEMS_PER_FOLD = 10;

/**
 * The folds of the published repository, stratified by label; and those of the study's first repository, by topic and
 * label, unless a topic and label together have fewer items than there are folds.
 */
export function publishedFolds(
  { dataset: { items, config: { seed } } }: PublishedInputs,
  { train }: PublishedSplit,
): Readonly<Record<string, readonly Fold[]>> {
  const labels = train.map((row) => items.labels[row]!);
  const nSplits = countFolds(labels, ITEMS_PER_FOLD);
  const byLabel = stratifiedKFold(labels, { nSplits, seed });
  const keys = Array.from(train, (row) => `${items.topics[row]}_${items.labels[row]}`);
  const counts = Array.from(Map.groupBy(keys, (key) => key).values(), ({ length }) => length);
  const isSmall = counts.some((count) => count < nSplits);
  return { label: byLabel, ...(!isSmall && { topic_and_label: stratifiedKFold(keys, { nSplits, seed }) }) };
}

/** Fits the five published rungs. */
export async function refitLadder(
  { dataset: { items, config } }: PublishedInputs,
  { blocks, split, folds }: {
    readonly blocks: PublishedBlocks;
    readonly split: PublishedSplit;
    readonly folds: readonly Fold[];
  },
): Promise<FittedLadder> {
  const threads = openThreads({ nThreads: availableParallelism() });
  const { c_grid: grid, n_bootstraps: nResamples } = config.probe;
  try {
    return await runLadder(publishedRungs(blocks), {
      ...{ labels: items.labels, split, folds, threads, grid, nResamples },
      ...{ rng: defaultRng(config.seed), protocol: "published" },
    });
  } finally {
    threads.close();
  }
}

/** P1 and P3 recalibrated out of fold, on features that are not standardised, as published (flaw F15). */
export function refitCalibration(
  { dataset: { items, config } }: PublishedInputs,
  { blocks: { cheap, sae }, split, ladder }: {
    readonly blocks: PublishedBlocks;
    readonly split: PublishedSplit;
    readonly ladder: FittedLadder;
  },
): Record<string, Recalibration> {
  const labelsOf = (rows: Uint32Array) => rows.map((row) => items.labels[row]!);
  const folds = kFold(split.train.length, { nSplits: config.calibrate.n_folds, seed: config.seed });
  const rungs = { P1_cheap: [cheap], P3_cheap_sae: [cheap, sae] };
  return Object.fromEntries(
    Object.entries(rungs).map(([rung, own]) => {
      const features = joinBlocks(own), c = ladder.rungs[rung]!.bestC!;
      const score = (train: Uint32Array, rows: Uint32Array) => {
        const fit = fitLogistic(pickRows(features, train), labelsOf(train), { c });
        return decisionFunction(features, fit, { rows }).map(sigmoid);
      };
      const outOfFold = new Float64Array(split.train.length);
      for (const { train, test } of folds) {
        const at = (positions: Uint32Array) => positions.map((position) => split.train[position]!);
        score(at(train), at(test)).forEach((value, i) => outOfFold[test[i]!] = value);
      }
      const train = { scores: outOfFold, labels: labelsOf(split.train) };
      const test = { scores: score(split.train, split.test), labels: labelsOf(split.test) };
      return [rung, recalibrate(train, test, { platt: "published" })];
    }),
  );
}
