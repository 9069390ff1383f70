/** Inner cross-validation of the penalty: mean AUROC over folds at every C, and the rule that picks one. */
import { GuardrailError } from "../guardrail.ts";
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import { auroc } from "./auroc.ts";
import { classWeights, type LogisticOptions, openSolver, penaltyOf, requireLabels } from "./l1_logistic.ts";
import { createDesign } from "./logistic/design.ts";

/** The published grid. */
export const PUBLISHED_C_GRID: readonly number[] = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1];

/** Row indices of one fold; rows in neither take no part in it. */
export interface Fold {
  readonly train: ArrayLike<number>;
  readonly test: ArrayLike<number>;
}

/** The choice and everything it was made from. */
export interface ChosenC {
  readonly bestC: number;
  readonly bestIndex: number;
  readonly grid: readonly number[];
  /** Mean AUROC over the folds, by C; NaN where a fold has a single class (published protocol only). */
  readonly meanScores: readonly number[];
  /** AUROC by C, then by fold. */
  readonly foldScores: readonly (readonly number[])[];
  /** Nonzero coefficients by C, then by fold. */
  readonly nNonzero: readonly (readonly number[])[];
}

/** How to choose. */
export interface ChooseCOptions extends Omit<LogisticOptions, "c" | "rows"> {
  /** Ascending (default: the published nine). */
  readonly grid?: readonly number[];
  /**
   * published: a fold with a single class scores NaN, which selects the smallest C without a word (study flaw
   * F21); corrected: it is refused by name (default).
   */
  readonly protocol?: "published" | "corrected";
  /**
   * first-best: the smallest C among those with the largest mean (default); one-standard-error: the smallest C
   * whose mean is within one standard error of the largest.
   */
  readonly rule?: "first-best" | "one-standard-error";
}

/**
 * Chooses C by mean AUROC over inner folds. Each fold is one path along ascending C, warm-started.
 *
 * @param matrix training rows, shape [n, p]
 * @param labels 0 or 1, shape [n]
 * @param folds indices into the rows of `matrix`
 * @throws {GuardrailError} single-class, naming the fold, under the corrected protocol
 * @throws {RangeError} if the grid is empty or not ascending, or there is no fold
 * @see Breiman et al. 1984, section 3.4.3 (the one-standard-error rule)
 */
export function chooseC(
  matrix: Matrix | CsrMatrix,
  labels: ArrayLike<number>,
  { folds, ...options }: ChooseCOptions & { readonly folds: readonly Fold[] },
): ChosenC {
  const grid = requireGrid(options.grid ?? PUBLISHED_C_GRID);
  requireLabels(labels, matrix.nRows);
  if (folds.length === 0) throw new RangeError("Cannot choose C: needs at least one fold, got none");
  const y = Uint8Array.from(labels);
  const weights = folds.map((fold, f) =>
    foldWeights(y, fold, { ...options, what: `training part of fold ${f}` })
  );
  const refused = folds.map((fold, f) => weights[f] === undefined || isSingleClass(y, fold.test));
  refused.forEach((single, f) => {
    if (single && options.protocol !== "published") throw singleClassFold(y, folds[f]!, f);
  });

  const solver = openSolver(createDesign(matrix, options.scaler && { scaler: options.scaler }));
  const foldScores = grid.map(() => folds.map(() => NaN));
  const nNonzero = grid.map(() => folds.map(() => 0));
  folds.forEach((fold, f) => {
    if (refused[f]) return;
    solver.reset({
      labels: y,
      weights: weights[f]!,
      ...(options.offset && { offset: Float64Array.from(options.offset) }),
    });
    const testLabels = Uint8Array.from(fold.test, (i) => y[i]!);
    grid.forEach((c, k) => {
      solver.solve(penaltyOf({ ...options, c }));
      foldScores[k]![f] = auroc(Float64Array.from(fold.test, (i) => solver.work.margin[i]!), testLabels);
      nNonzero[k]![f] = solver.work.coef.reduce((count, w) => count + (w === 0 ? 0 : 1), 0);
    });
  });
  return pickC(grid, foldScores, nNonzero, options.rule ?? "first-best");
}

/** Applies the rule to the folds' scores. */
export function pickC(
  grid: readonly number[],
  foldScores: readonly (readonly number[])[],
  nNonzero: readonly (readonly number[])[],
  rule: "first-best" | "one-standard-error",
): ChosenC {
  const meanScores = foldScores.map((scores) => scores.reduce((sum, s) => sum + s, 0) / scores.length);
  let bestIndex = 0;
  meanScores.forEach((mean, k) => {
    if (mean > meanScores[bestIndex]!) bestIndex = k;
  });
  if (rule === "one-standard-error" && !Number.isNaN(meanScores[bestIndex]!)) {
    const scores = foldScores[bestIndex]!, n = scores.length;
    const mean = meanScores[bestIndex]!;
    const squares = scores.reduce((sum, s) => sum + (s - mean) * (s - mean), 0);
    const standardError = n > 1 ? Math.sqrt(squares / (n - 1) / n) : 0;
    bestIndex = meanScores.findIndex((score) => score >= mean - standardError);
  }
  return { bestC: grid[bestIndex]!, bestIndex, grid, meanScores, foldScores, nNonzero };
}

/** Row weights of a fold's training part, zero elsewhere; undefined if it has a single class. */
export function foldWeights(
  labels: Uint8Array,
  fold: Fold,
  options: Pick<LogisticOptions, "classWeight" | "sampleWeights"> & { readonly what: string },
): Float64Array | undefined {
  if (isSingleClass(labels, fold.train)) return undefined;
  const byRow = classWeights(
    Uint8Array.from(fold.train, (i) => labels[i]!),
    options.classWeight ?? "balanced",
    options.what,
  );
  const weights = new Float64Array(labels.length);
  for (let k = 0; k < fold.train.length; k++) {
    const i = fold.train[k]!;
    weights[i] = byRow[k]! * (options.sampleWeights?.[i] ?? 1);
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
