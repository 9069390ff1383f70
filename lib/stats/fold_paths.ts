/** The inner folds of one rung as path tasks over one shared design, and the refusals that come before them. */
import { GuardrailError } from "../guardrail.ts";
import { type Features, shapeOf } from "./feature_blocks.ts";
import { type LogisticOptions, penaltyOf, requireLabels, weightsByClass } from "./l1_logistic.ts";
import { createDesign, type Design } from "./logistic/design.ts";
import { gather } from "./logistic/model_parts.ts";
import type { PathTask } from "./logistic/paths.ts";

/** The published grid. */
export const PUBLISHED_C_GRID: readonly number[] = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1];

/** Row indices of one fold; rows in neither take no part in it. */
export interface Fold {
  readonly train: ArrayLike<number>;
  readonly test: ArrayLike<number>;
}

/** What the folds need of the options; see ChooseCOptions. */
export interface FoldOptions extends Omit<LogisticOptions, "c"> {
  /** Memory for the design to use again (default: new). */
  readonly memory?: WebAssembly.Memory;
  readonly folds: readonly Fold[];
  readonly grid?: readonly number[];
  readonly protocol?: "published" | "corrected";
}

/** Everything the folds of one choice share. */
export interface FoldPlan {
  readonly design: Design;
  /** Row that each row of the design is: of the matrix, or its place among `rows`. */
  readonly order: Uint32Array;
  /** Labels of the design's rows. */
  readonly labels: Uint8Array;
  readonly common: Omit<PathTask, "weights" | "scoredRows">;
  /** One a fold that can be fitted. */
  readonly tasks: readonly PathTask[];
  /** The fold's index of each task. */
  readonly foldOfTask: readonly number[];
  readonly nFolds: number;
}

/** One path task a fold, over one design. */
export function planFolds(
  features: Features,
  labels: ArrayLike<number>,
  { folds, ...options }: FoldOptions,
): FoldPlan {
  const grid = requireGrid(options.grid ?? PUBLISHED_C_GRID);
  const nRows = options.rows?.length ?? shapeOf(features).nRows;
  requireLabels(labels, nRows);
  if (folds.length === 0) throw new RangeError("Cannot choose C: needs at least one fold, got none");
  const given = Uint8Array.from(labels);
  const usable = folds.map((fold, f) => {
    const single = isSingleClass(given, fold.train) || isSingleClass(given, fold.test);
    if (single && options.protocol !== "published") throw singleClassFold(given, fold, f);
    return !single;
  });
  const order = orderByFold(nRows, folds);
  const position = new Uint32Array(order.length);
  order.forEach((row, i) => position[row] = i);
  const design = createDesign(features, {
    rows: options.rows === undefined ? order : order.map((row) => options.rows![row]!),
    ...(options.scaler && { scaler: options.scaler }),
    ...(options.memory && { memory: options.memory }),
  });
  const { c: _, ...penalty } = penaltyOf({ ...options, c: 1 });
  const common = {
    labels: Uint8Array.from(order, (row) => given[row]!),
    grid,
    penalty,
    ...(options.offset && { offset: gather(options.offset, order) }),
  };
  const foldOfTask = [...folds.keys()].filter((f) => usable[f]);
  const tasks = foldOfTask.map((f) => ({
    ...common,
    weights: foldWeights(given, folds[f]!, {
      ...options,
      what: `training part of fold ${f}`,
      places: position,
    })!,
    scoredRows: Uint32Array.from(folds[f]!.test, (row) => position[row]!),
  }));
  return { design, order, labels: common.labels, common, tasks, foldOfTask, nFolds: folds.length };
}

/** Rows by the fold that tests them, so that what a fold leaves out lies together and can be passed by. */
function orderByFold(nRows: number, folds: readonly Fold[]): Uint32Array {
  const testedBy = new Int32Array(nRows).fill(-1);
  folds.forEach((fold, f) => {
    for (let k = 0; k < fold.test.length; k++) testedBy[fold.test[k]!] = f;
  });
  return Uint32Array.from({ length: nRows }, (_, i) => i).sort((a, b) =>
    testedBy[a]! - testedBy[b]! || a - b
  );
}

/**
 * Row weights of a fold's training part, zero elsewhere; undefined if it has a single class.
 * @param options.places where each row's weight goes (default: its own place)
 */
export function foldWeights(
  labels: Uint8Array,
  { train }: Fold,
  { classWeight = "balanced", sampleWeights, what, places }:
    & Pick<LogisticOptions, "classWeight" | "sampleWeights">
    & { readonly what: string; readonly places?: ArrayLike<number> },
): Float64Array | undefined {
  const n = train.length;
  let nPositive = 0;
  for (let k = 0; k < n; k++) nPositive += labels[train[k]!]!;
  if (nPositive === 0 || nPositive === n) return undefined;
  const [ofZero, ofOne] = weightsByClass({ nPositive, n }, classWeight, what);
  const weights = new Float64Array(labels.length);
  for (let k = 0; k < n; k++) {
    const i = train[k]!;
    weights[places === undefined ? i : places[i]!] = (labels[i] === 1 ? ofOne : ofZero) *
      (sampleWeights?.[i] ?? 1);
  }
  return weights;
}

/** The refusal of a fold one of whose parts has a single class. */
export function singleClassFold(labels: Uint8Array, fold: Fold, f: number): GuardrailError {
  const part = isSingleClass(labels, fold.train) ? "train" : "test";
  const rows = fold[part];
  let nPositive = 0;
  for (let k = 0; k < rows.length; k++) nPositive += labels[rows[k]!]!;
  return new GuardrailError(
    "single-class",
    `Cannot choose C: needs both classes in every fold, got ${nPositive} of ${rows.length} positive in the ` +
      `${part} part of fold ${f}`,
  );
}

/** Whether one class is absent among the rows. */
export function isSingleClass(labels: Uint8Array, rows: ArrayLike<number>): boolean {
  let nPositive = 0;
  for (let k = 0; k < rows.length; k++) nPositive += labels[rows[k]!]!;
  return nPositive === 0 || nPositive === rows.length;
}

/** @throws {RangeError} unless the grid ascends strictly and is positive */
export function requireGrid(grid: readonly number[]): readonly number[] {
  if (grid.length === 0) throw new RangeError("Cannot choose C: needs a grid, got an empty one");
  grid.forEach((c, k) => {
    if (!(c > 0 && c < Infinity) || (k > 0 && c <= grid[k - 1]!)) {
      throw new RangeError(`Cannot choose C: needs a positive ascending grid, got ${grid.join(", ")}`);
    }
  });
  return grid;
}
