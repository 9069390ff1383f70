/**
 * Rungs fitted under hundreds of labels at a given C. One design a rung holds training and test rows; all labels'
 * problems are followed side by side over it, so that a column is fetched once for many of them.
 */
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import { auroc } from "../../stats/auroc.ts";
import type { Fold } from "../../stats/choose_c.ts";
import { joinBlocks } from "../../stats/feature_blocks.ts";
import { foldWeights } from "../../stats/fold_paths.ts";
import { classWeights, penaltyOf } from "../../stats/l1_logistic.ts";
import { createDesign, type Design } from "../../stats/logistic/design.ts";
import type { PathPoint, PathTask } from "../../stats/logistic/paths.ts";
import type { PathThreads } from "../../stats/logistic/threads.ts";
import { fitStandardScaler } from "../../stats/standard_scaler.ts";
import type { Split } from "../predictive.ts";

type Blocks = readonly (Matrix | CsrMatrix)[];

/** What all labels share. */
export interface RelabelledOptions {
  readonly split: Split;
  /** Indices into `split.train`. */
  readonly folds: readonly Fold[];
  readonly threads: PathThreads;
  /** As fitLogistic() (default 1e-6). */
  readonly tolerance?: number;
}

/** Margins of the test rows under one label. */
export interface RelabelledFit {
  readonly margins: Float64Array;
  /** No coefficient is other than zero; of a nested increment: the block stayed empty. */
  readonly empty: boolean;
}

/** A base and the increment on it, under one label. */
export interface RelabelledNested {
  readonly base: RelabelledFit;
  readonly nested: RelabelledFit;
}

/**
 * Fits one rung under each label.
 * @param labelings 0 or 1 of every item, each of shape [nItems]
 * @throws {GuardrailError} "single-class" if a label has one class among the training rows
 */
export async function relabelledScores(
  blocks: Blocks,
  labelings: readonly Uint8Array[],
  { c, ...options }: RelabelledOptions & { readonly c: number },
): Promise<RelabelledFit[]> {
  const rung = openRung(blocks, options);
  const fits = await follow(rung, labelings.map((labels) => wholeTask(rung, labels)), { c, ...options });
  return fits.map(fitOf);
}

/**
 * Fits a base and the nested increment on it under each label, as fitNestedProbe() does at these two C: the base's
 * cross-fitted logit is an offset, and the block is used only if it beats leaving it out over the folds.
 * @throws {GuardrailError} "single-class" if a label has one class in a part of a fold
 */
export async function relabelledNested(
  { base, added }: { readonly base: Blocks; readonly added: Blocks },
  labelings: readonly Uint8Array[],
  { cBase, cAdded, ...options }: RelabelledOptions & { readonly cBase: number; readonly cAdded: number },
): Promise<RelabelledNested[]> {
  const { folds } = options;
  const baseRung = openRung(base, options), addedRung = openRung(added, options);
  const baseFits = inLabels(
    await follow(
      baseRung,
      labelings.flatMap((labels) => allTasks(baseRung, labels, folds)),
      { c: cBase, ...options },
    ),
    folds.length + 1,
  );
  const offsets = baseFits.map((fits) => crossFitted(baseRung, fits, folds));
  const tasks = labelings.flatMap((labels, k) =>
    allTasks(addedRung, labels, folds, offsets[k]!).map((task) => ({ ...task, offset: offsets[k]!.offset }))
  );
  const intercept = "none" as const;
  const addedFits = inLabels(
    await follow(addedRung, tasks, { c: cAdded, intercept, ...options }),
    folds.length + 1,
  );
  return labelings.map((labels, k) => {
    const [whole, ...byFold] = addedFits[k]!;
    const baseFit = fitOf(baseFits[k]![0]!);
    const trainLabels = Uint8Array.from(options.split.train, (i) => labels[i]!);
    const empty = whole!.nNonzero === 0 ||
      !(foldScore(byFold.map(({ margins }) => margins), trainLabels, folds) >
        foldScore(baseFits[k]!.slice(1).map(({ margins }) => margins), trainLabels, folds));
    return { base: baseFit, nested: { margins: empty ? baseFit.margins : whole!.margins, empty } };
  });
}

/** A rung's design: training rows by the fold that tests them, then the test rows. */
interface OpenRung {
  readonly design: Design;
  readonly nTrain: number;
  /** Item of each row of the design. */
  readonly items: Uint32Array;
  /** Row of the design of each training row. */
  readonly position: Uint32Array;
  readonly testRows: Uint32Array;
}

function openRung(blocks: Blocks, { split, folds }: RelabelledOptions): OpenRung {
  const joined = joinBlocks(blocks);
  const nTrain = split.train.length, nTest = split.test.length;
  const testedBy = new Int32Array(nTrain).fill(-1);
  folds.forEach(({ test }, f) => {
    for (let k = 0; k < test.length; k++) testedBy[test[k]!] = f;
  });
  // What a fit leaves out then lies together: the solver passes the longest such run by.
  const order = Uint32Array.from(testedBy.keys()).sort((a, b) => testedBy[a]! - testedBy[b]! || a - b);
  const position = new Uint32Array(nTrain);
  order.forEach((k, row) => position[k] = row);
  const items = Uint32Array.from(
    { length: nTrain + nTest },
    (_, row) => row < nTrain ? split.train[order[row]!]! : split.test[row - nTrain]!,
  );
  const scaler = fitStandardScaler(joined, split.train);
  const testRows = Uint32Array.from({ length: nTest }, (_, i) => nTrain + i);
  return { design: createDesign(joined, { rows: items, scaler }), nTrain, items, position, testRows };
}

type Task = Omit<PathTask, "grid" | "penalty">;

/** All training rows, scored on the test rows. */
function wholeTask({ items, nTrain, testRows }: OpenRung, labels: Uint8Array): Task {
  const byRow = new Uint8Array(items.length); // a loop: this runs thousands of times, and from() is slow
  for (let row = 0; row < items.length; row++) byRow[row] = labels[items[row]!]!;
  const weights = new Float64Array(items.length);
  weights.set(classWeights(byRow.subarray(0, nTrain), "balanced", "the training rows"));
  return { labels: byRow, weights, scoredRows: testRows };
}

/** The whole fit, then one a fold scored on the fold's test rows; rows without a cross-fitted logit weigh nothing. */
function allTasks(
  rung: OpenRung,
  labels: Uint8Array,
  folds: readonly Fold[],
  { known }: { readonly known?: Float64Array } = {},
): Task[] {
  const { items, position, nTrain } = rung;
  const whole = wholeTask(rung, labels);
  const byTrainRow = new Uint8Array(nTrain);
  for (let k = 0; k < nTrain; k++) byTrainRow[k] = whole.labels[position[k]!]!;
  const fits = folds.map((fold, f): Task => {
    const byRow = foldWeights(byTrainRow, fold, { what: `training part of fold ${f}` }) ??
      classWeights(Uint8Array.from(fold.train, (k) => byTrainRow[k]!), "balanced", `fold ${f}`);
    const weights = new Float64Array(items.length);
    position.forEach((row, k) => weights[row] = byRow[k]!);
    return { labels: whole.labels, weights, scoredRows: Uint32Array.from(fold.test, (k) => position[k]!) };
  });
  const tasks = [whole, ...fits];
  if (known === undefined) return tasks;
  return tasks.map((task) => ({
    ...task,
    weights: task.weights.map((weight, row) => row < nTrain ? weight * known[row]! : 0),
  }));
}

/** The base's cross-fitted margins of the training rows and its margins of the test rows, by row of the design. */
function crossFitted(
  { position, items, nTrain }: OpenRung,
  [whole, ...byFold]: readonly PathPoint[],
  folds: readonly Fold[],
): { readonly offset: Float64Array; readonly known: Float64Array } {
  const offset = new Float64Array(items.length), known = new Float64Array(nTrain);
  folds.forEach(({ test }, f) => {
    for (let k = 0; k < test.length; k++) {
      const row = position[test[k]!]!;
      offset[row] = byFold[f]!.margins[k]!;
      known[row] = 1;
    }
  });
  offset.set(whole!.margins, nTrain);
  return { offset, known };
}

async function follow(
  { design }: OpenRung,
  tasks: readonly Task[],
  { c, threads, tolerance = 1e-6, intercept }: RelabelledOptions & {
    readonly c: number;
    readonly intercept?: "none";
  },
): Promise<PathPoint[]> {
  const { c: _, ...penalty } = penaltyOf({ c, tolerance, ...(intercept && { intercept }) });
  const paths = await threads.follow(design, tasks.map((task) => ({ ...task, grid: [c], penalty })));
  return paths.map(([point]) => point!);
}

function inLabels(points: readonly PathPoint[], each: number): PathPoint[][] {
  return Array.from({ length: points.length / each }, (_, k) => points.slice(k * each, (k + 1) * each));
}

/** Mean AUROC over the folds of margins of their test rows. */
function foldScore(
  margins: readonly Float64Array[],
  trainLabels: Uint8Array,
  folds: readonly Fold[],
): number {
  const scores = folds.map(({ test }, f) =>
    auroc(margins[f]!, Uint8Array.from(test, (k) => trainLabels[k]!))
  );
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function fitOf({ margins, nNonzero }: PathPoint): RelabelledFit {
  return { margins, empty: nNonzero === 0 };
}
