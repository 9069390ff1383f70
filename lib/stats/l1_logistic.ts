/**
 * Penalised logistic regression, the probe of the ladder: LIBLINEAR's objective (L1 penalty, balanced classes,
 * penalised bias) by default, solved to a stated optimality tolerance.
 */
import { GuardrailError } from "../guardrail.ts";
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import { blocksOf, type Features, shapeOf } from "./feature_blocks.ts";
import { createDesign } from "./logistic/design.ts";
import { type KernelChoice, loadKernel } from "./logistic/kernel_choice.ts";
import { openSolver, run } from "./logistic/run.ts";
import { fitSmall, MAX_SMALL_COLUMNS, type SmallFit } from "./logistic/newton.ts";
import type { LogisticPenalty } from "./logistic/problem.ts";
import type { SolveReport } from "./logistic/solve.ts";
import type { Workspace } from "./logistic/workspace.ts";
import type { StandardScaler } from "./standard_scaler.ts";

/** How to fit; the defaults are the published probe's. */
export interface LogisticOptions {
  /** Multiplies the loss; larger is less regularised. */
  readonly c: number;
  /** Share of the L1 norm in the penalty: 1 is L1, 0 ridge, between them elastic net (default 1). */
  readonly l1Ratio?: number;
  /** balanced: class k weighs n / (2 n_k) (default). */
  readonly classWeight?: "balanced" | "none";
  /** Weight of each row, shape [n] (default 1). */
  readonly sampleWeights?: ArrayLike<number>;
  /** Added to the margin of each row, shape [n] (default 0). */
  readonly offset?: ArrayLike<number>;
  /** penalized: a column of ones like any other, as in LIBLINEAR (default). */
  readonly intercept?: LogisticPenalty["intercept"];
  /** Largest violation of the optimality conditions, relative to the penalty (default 1e-8). */
  readonly tolerance?: number;
  /** What the tolerance is relative to (default penalty); start is LIBLINEAR's rule, see LogisticPenalty. */
  readonly relativeTo?: LogisticPenalty["relativeTo"];
  /** Standardise the columns implicitly; the coefficients are then those of the standardised columns. */
  readonly scaler?: StandardScaler;
  /** Rows to fit on (default: all); labels, weights and offset are indexed by the matrix's own rows. */
  readonly rows?: ArrayLike<number>;
  /** Column kernels; both give the same bits (default wasm). */
  readonly kernel?: KernelChoice;
}

/** A fitted probe. */
export interface LogisticFit {
  /** Coefficients of the (standardised) columns, shape [nCols]. */
  readonly coef: Float64Array;
  readonly intercept: number;
  readonly c: number;
  /** Penalty plus c times the weighted loss. */
  readonly objective: number;
  /** Largest violation of an optimality condition, relative to the penalty. */
  readonly kktResidual: number;
  /** Columns with a coefficient other than zero; 0 means there is no model. */
  readonly nNonzero: number;
  readonly converged: boolean;
}

/**
 * Fits min_w  l1Ratio (|w|_1 + |b|) + (1 - l1Ratio) (|w|^2 + b^2) / 2 + c sum_i s_i log(1 + exp(-y_i (x_i w + b))).
 *
 * @param matrix features, shape [n, p]
 * @param labels 0 or 1, shape [n]
 * @throws {GuardrailError} single-class if one class is absent; non-finite for a NaN or infinite feature
 * @throws {RangeError} if a shape or an option is out of range
 * @see Fan et al. 2008 (LIBLINEAR), https://www.jmlr.org/papers/v9/fan08a.html
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * import { fitLogistic } from "lib/stats/l1_logistic.ts";
 * const fit = fitLogistic(matrixFromRows([[0], [1], [0], [1]]), [0, 1, 1, 1], { c: 10 });
 * assert.ok(fit.coef[0]! > 0 && fit.kktResidual <= 1e-8);
 * ```
 */
export function fitLogistic(
  matrix: Matrix | CsrMatrix,
  labels: ArrayLike<number>,
  options: LogisticOptions,
): LogisticFit {
  const { rows, scaler } = options;
  const chosen = rows ?? Uint32Array.from({ length: matrix.nRows }, (_, i) => i);
  requireLabels(labels, matrix.nRows);
  const pick = (from: ArrayLike<number>) => Float64Array.from(chosen, (i) => from[i]!);
  const y = Uint8Array.from(chosen, (i) => labels[i]!);
  const weights = classWeights(y, options.classWeight ?? "balanced", "the fit");
  if (options.sampleWeights !== undefined) {
    pick(options.sampleWeights).forEach((s, i) => {
      if (!(s >= 0 && s < Infinity)) {
        throw new RangeError(
          `Cannot fit a probe: needs finite sample weights >= 0, got ${s} in row ${chosen[i]}`,
        );
      }
      weights[i]! *= s;
    });
  }
  const penalty = penaltyOf(options);
  if (!("indptr" in matrix) && matrix.nCols <= MAX_SMALL_COLUMNS && options.kernel === undefined) {
    const columns = standardizedColumns(matrix, chosen, scaler);
    const offset = options.offset && pick(options.offset);
    return fitOfFew(fitSmall({ columns, labels: y, weights, offset, ...penalty }), penalty);
  }
  const design = createDesign(matrix, { ...(scaler && { scaler }), ...(rows && { rows }) });
  const { solvers: [solver], kernel } = openSolver(design, loadKernel(options.kernel));
  run(
    kernel,
    solver!.work,
    solver!.reset({ labels: y, weights, ...(options.offset && { offset: pick(options.offset) }) }),
  );
  return fitOf(run(kernel, solver!.work, solver!.solve(penalty)), solver!.work, penalty);
}

/** Columns of a dense matrix over some rows, standardised if a scaler is given. */
function standardizedColumns(
  { data, nCols }: Matrix,
  rows: ArrayLike<number>,
  scaler: StandardScaler | undefined,
): Float64Array[] {
  return Array.from({ length: nCols }, (_, j) =>
    Float64Array.from(rows, (row) => {
      const value = data[row * nCols + j]!;
      if (!Number.isFinite(value)) {
        throw new GuardrailError(
          "non-finite",
          `Cannot fit a probe: needs finite features, got ${value} in row ${row}, column ${j}`,
        );
      }
      return scaler === undefined ? value : (value - scaler.mean[j]!) / scaler.scale[j]!;
    }));
}

function fitOfFew({ coef, residual, ...fit }: SmallFit, { c }: Pick<LogisticPenalty, "c">): LogisticFit {
  const nNonzero = coef.reduce((count, w) => count + (w === 0 ? 0 : 1), 0);
  return { coef, kktResidual: residual, nNonzero, c, ...fit };
}

/** A solve, copied out of its workspace. */
export function fitOf(report: SolveReport, work: Workspace, { c }: Pick<LogisticPenalty, "c">): LogisticFit {
  const coef = work.coef.slice();
  return {
    coef,
    intercept: report.intercept,
    c,
    objective: report.objective,
    kktResidual: report.residual,
    nNonzero: coef.reduce((count, w) => count + (w === 0 ? 0 : 1), 0),
    converged: report.converged,
  };
}

/**
 * Margins x w + b of new rows; their order is the probe's difficulty score.
 * @param features a matrix or blocks of columns side by side, shape [n, p]
 * @param rows rows to score (default: all)
 * @returns shape [rows]
 */
export function decisionFunction(
  features: Features,
  fit: Pick<LogisticFit, "coef" | "intercept">,
  { scaler, rows }: { readonly scaler?: StandardScaler; readonly rows?: ArrayLike<number> } = {},
): Float64Array {
  const { coef } = fit, { nRows, nCols } = shapeOf(features);
  if (nCols !== coef.length) {
    throw new RangeError(`Cannot score: the probe has ${coef.length} columns, got ${nCols}`);
  }
  const slope = scaler === undefined ? coef : coef.map((w, j) => w / scaler.scale[j]!);
  const chosen = rows ?? Uint32Array.from({ length: nRows }, (_, i) => i);
  const sums = new Float64Array(chosen.length);
  let constant = fit.intercept, first = 0;
  for (const block of blocksOf(features)) {
    const w = slope.subarray(first, first + block.nCols);
    const mean = scaler?.mean.subarray(first, first + block.nCols);
    if ("indptr" in block) {
      if (mean !== undefined) { for (let j = 0; j < w.length; j++) constant -= w[j]! * mean[j]!; }
      addSparse(block, w, chosen, sums);
    } else addDense(block, { slope: w, mean }, chosen, sums);
    first += block.nCols;
  }
  return sums.map((sum) => sum + constant);
}

function addSparse(block: CsrMatrix, slope: Float64Array, rows: ArrayLike<number>, sums: Float64Array): void {
  const { indptr, indices, values } = block;
  for (let k = 0; k < sums.length; k++) {
    let sum = sums[k]!;
    for (let at = indptr[rows[k]!]!; at < indptr[rows[k]! + 1]!; at++) {
      sum += values[at]! * slope[indices[at]!]!;
    }
    sums[k] = sum;
  }
}

/** Centred before it is multiplied: a column far from zero would cancel otherwise. */
function addDense(
  { data, nCols }: Matrix,
  { slope, mean }: { readonly slope: Float64Array; readonly mean: Float64Array | undefined },
  rows: ArrayLike<number>,
  sums: Float64Array,
): void {
  for (let k = 0; k < sums.length; k++) {
    const from = rows[k]! * nCols;
    let sum = sums[k]!;
    if (mean === undefined) { for (let j = 0; j < nCols; j++) sum += data[from + j]! * slope[j]!; }
    else {
      for (let j = 0; j < nCols; j++) if (slope[j] !== 0) sum += (data[from + j]! - mean[j]!) * slope[j]!;
    }
    sums[k] = sum;
  }
}

/** Probability of label 1 at a margin. */
export function sigmoid(margin: number): number {
  const e = Math.exp(-Math.abs(margin));
  return margin >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/**
 * Weight of each row by its class: n / (2 n_k) if balanced, else 1.
 * @param what named in the refusal, e.g. "fold 3"
 * @throws {GuardrailError} single-class if one class is absent
 */
export function classWeights(labels: Uint8Array, mode: "balanced" | "none", what: string): Float64Array {
  const nPositive = labels.reduce((sum, label) => sum + label, 0);
  const [ofZero, ofOne] = weightsByClass({ nPositive, n: labels.length }, mode, what);
  const weights = new Float64Array(labels.length);
  for (let i = 0; i < weights.length; i++) weights[i] = labels[i] === 1 ? ofOne : ofZero;
  return weights;
}

/** classWeights() of labels 0 and 1. @throws {GuardrailError} single-class if one class is absent */
export function weightsByClass(
  { nPositive, n }: { readonly nPositive: number; readonly n: number },
  mode: "balanced" | "none",
  what: string,
): readonly [ofZero: number, ofOne: number] {
  if (nPositive === 0 || nPositive === n) {
    throw new GuardrailError(
      "single-class",
      `Cannot fit a probe on ${what}: needs both classes, got ${nPositive} of ${n} positive`,
    );
  }
  return mode === "none" ? [1, 1] : [n / (2 * (n - nPositive)), n / (2 * nPositive)];
}

/** The solver's penalty for these options. */
export function penaltyOf(options: LogisticOptions): LogisticPenalty {
  const { c, l1Ratio = 1, intercept = "penalized", tolerance = 1e-8, relativeTo = "penalty" } = options;
  if (!(c > 0 && c < Infinity)) throw new RangeError(`Cannot fit a probe: needs a finite C > 0, got ${c}`);
  if (!(l1Ratio >= 0 && l1Ratio <= 1)) {
    throw new RangeError(`Cannot fit a probe: needs l1Ratio in [0, 1], got ${l1Ratio}`);
  }
  if (!(tolerance > 0)) throw new RangeError(`Cannot fit a probe: needs a tolerance > 0, got ${tolerance}`);
  return { c, l1: l1Ratio, l2: 1 - l1Ratio, intercept, tolerance, relativeTo };
}

/** @throws {RangeError} unless there is one label of 0 or 1 for each row */
export function requireLabels(labels: ArrayLike<number>, nRows: number): void {
  if (labels.length !== nRows) {
    throw new RangeError(`Cannot fit a probe: needs ${nRows} labels, one a row, got ${labels.length}`);
  }
  for (let i = 0; i < nRows; i++) {
    if (labels[i] !== 0 && labels[i] !== 1) {
      throw new RangeError(`Cannot fit a probe: needs labels 0 or 1, got ${labels[i]} in row ${i}`);
    }
  }
}
