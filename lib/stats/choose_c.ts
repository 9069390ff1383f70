/** Inner cross-validation of the penalty: mean AUROC over folds at every C, and the rule that picks one. */
import { auroc } from "./auroc.ts";
import { type Fold, type FoldPlan, planFolds, PUBLISHED_C_GRID } from "./fold_paths.ts";
import type { Features } from "./feature_blocks.ts";
import { classWeights, type LogisticFit, type LogisticOptions } from "./l1_logistic.ts";
import { loadKernel } from "./logistic/kernel_choice.ts";
import { followPaths, type PathPoint, type PathTask } from "./logistic/paths.ts";
import type { PathThreads } from "./logistic/threads.ts";
import { reserveWorkspaces } from "./logistic/workspace.ts";

export { type Fold, PUBLISHED_C_GRID };

/** The choice and the scores it was made from. */
export interface PickedC {
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

/** The choice and everything it was made from. */
export interface ChosenC extends PickedC {
  /** Largest violation of an optimality condition among all the fits, relative to the penalty. */
  readonly largestResidual: number;
}

/** How to choose. */
export interface ChooseCOptions extends Omit<LogisticOptions, "c" | "rows"> {
  /**
   * Rows to fit on (default: all). Unlike the matrix, labels, weights, offset and folds hold only these, in this
   * order.
   */
  readonly rows?: ArrayLike<number>;
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
 * Chooses C by mean AUROC over inner folds. Each fold is one path along ascending C, warm-started, and the folds
 * run side by side over one shared copy of the matrix.
 *
 * @param features a matrix or blocks of columns side by side, shape [n, p]
 * @param labels 0 or 1, shape [n]
 * @param folds indices into the rows of `features`
 * @throws {GuardrailError} single-class, naming the fold, under the corrected protocol
 * @throws {RangeError} if the grid is empty or not ascending, or there is no fold
 * @see Breiman et al. 1984, section 3.4.3 (the one-standard-error rule)
 */
export function chooseC(
  features: Features,
  labels: ArrayLike<number>,
  options: ChooseCOptions & { readonly folds: readonly Fold[] },
): ChosenC {
  const plan = planFolds(features, labels, options);
  const workspaces = reserveWorkspaces(plan.design, plan.tasks.length);
  const kernel = options.kernel ?? "wasm";
  const paths = followPaths(plan.design, plan.tasks, { workspaces, code: loadKernel(kernel) });
  return scoreFolds(plan, paths, options.rule ?? "first-best");
}

/**
 * chooseC() on several threads, and the path of all training rows over the same copy of the matrix; the fit at the
 * chosen C is one of its points. The number of threads changes no bit.
 * @param options.path to-chosen: the path ends at the chosen C (default); whole: it runs over the whole grid
 */
export async function chooseCAndFit(
  features: Features,
  labels: ArrayLike<number>,
  { threads, path = "to-chosen", ...options }: ChooseCOptions & {
    readonly folds: readonly Fold[];
    readonly threads: PathThreads;
    readonly path?: "to-chosen" | "whole";
  },
): Promise<FittedChoice> {
  let memory = threads.takeMemory();
  try {
    const plan = planFolds(features, labels, { ...options, ...(memory && { memory }) });
    memory = plan.design.memory;
    return await fitPlan(plan, { ...options, threads, path });
  } finally {
    if (memory !== undefined) threads.giveMemory(memory);
  }
}

async function fitPlan(
  plan: FoldPlan,
  { threads, path: extent, ...options }: ChooseCOptions & {
    readonly threads: PathThreads;
    readonly path: "to-chosen" | "whole";
  },
): Promise<FittedChoice> {
  const all = classWeights(plan.labels, options.classWeight ?? "balanced", "all training rows");
  const whole: PathTask = {
    ...plan.common,
    weights: options.sampleWeights
      ? all.map((weight, i) => weight * options.sampleWeights![plan.order[i]!]!)
      : all,
    scoredRows: new Uint32Array(0),
    keepsCoefficients: true,
  };
  const tasks = extent === "whole" ? [whole, ...plan.tasks] : plan.tasks;
  const paths = await threads.follow(plan.design, tasks);
  const foldPaths = extent === "whole" ? paths.slice(1) : paths;
  const scored = scoreFolds(plan, foldPaths, options.rule ?? "first-best");
  const grid = scored.grid.slice(0, scored.bestIndex + 1);
  const [path] = extent === "whole" ? paths : await threads.follow(plan.design, [{ ...whole, grid }]);
  const choice = { ...scored, largestResidual: Math.max(scored.largestResidual, largestOf([path!])) };
  const outOfFold = new Float64Array(plan.order.length).fill(NaN);
  plan.tasks.forEach(({ scoredRows }, t) => {
    const { margins } = foldPaths[t]![choice.bestIndex]!;
    scoredRows.forEach((i, k) => outOfFold[plan.order[i]!] = margins[k]!);
  });
  return { choice, fit: fitOfPoint(path![choice.bestIndex]!, plan.design.nCols), path: path!, outOfFold };
}

/** A choice of C, the fit at it, and what came with them. */
export interface FittedChoice {
  readonly choice: ChosenC;
  readonly fit: LogisticFit;
  /** The path of all training rows. */
  readonly path: readonly PathPoint[];
  /** Margin of each row at the chosen C by the fold that left it out; NaN for rows that no fold tests. */
  readonly outOfFold: Float64Array;
}

/** A path's point as a fit. @throws {RangeError} if its task did not keep coefficients */
export function fitOfPoint(point: PathPoint, nCols: number): LogisticFit {
  if (point.nonzero === undefined) throw new RangeError("Cannot make a fit: its coefficients were not kept");
  const coef = new Float64Array(nCols), kept = point.nonzero;
  kept.columns.forEach((j, k) => coef[j] = kept.coef[k]!);
  const { c, intercept, objective, kktResidual, converged } = point;
  return { coef, c, intercept, objective, kktResidual, converged, nNonzero: point.nNonzero };
}

/** AUROC of every fold at every C, and the choice they lead to. */
function scoreFolds(
  plan: FoldPlan,
  paths: readonly (readonly PathPoint[])[],
  rule: "first-best" | "one-standard-error",
): ChosenC {
  const { tasks, foldOfTask, nFolds, labels, common: { grid } } = plan;
  const foldScores = grid.map(() => new Array<number>(nFolds).fill(NaN));
  const nNonzero = grid.map(() => new Array<number>(nFolds).fill(0));
  foldOfTask.forEach((f, t) => {
    const testLabels = Uint8Array.from(tasks[t]!.scoredRows, (i) => labels[i]!);
    paths[t]!.forEach((point, k) => {
      foldScores[k]![f] = auroc(point.margins, testLabels);
      nNonzero[k]![f] = point.nNonzero;
    });
  });
  return { ...pickC(grid, foldScores, nNonzero, rule), largestResidual: largestOf(paths) };
}

function largestOf(paths: readonly (readonly PathPoint[])[]): number {
  return Math.max(...paths.flat().map(({ kktResidual }) => kktResidual));
}

/** Applies the rule to the folds' scores. */
export function pickC(
  grid: readonly number[],
  foldScores: readonly (readonly number[])[],
  nNonzero: readonly (readonly number[])[],
  rule: "first-best" | "one-standard-error",
): PickedC {
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
