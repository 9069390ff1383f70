/**
 * Regularisation paths: one problem solved along ascending C, each fit starting from the last; and many such paths
 * (folds, permutations, the full data) side by side on this thread.
 */
import type { Design } from "./design.ts";
import type { KernelCode } from "./kernel_choice.ts";
import { gather, listColumns, type Steps } from "./model_parts.ts";
import { openGroup, runTogether } from "./run.ts";
import type { LogisticPenalty, LogisticProblem } from "./problem.ts";
import type { LogisticSolver } from "./solve.ts";
import type { Workspace } from "./workspace.ts";

/** One path to follow; plain data, so it can be posted to a worker. Rows are the design's. */
export interface PathTask extends LogisticProblem {
  /** Ascending. */
  readonly grid: readonly number[];
  readonly penalty: Omit<LogisticPenalty, "c">;
  /** Rows whose margins are kept at every C. */
  readonly scoredRows: Uint32Array;
  /** Whether coefficients are kept (default: false; thousands of fits are only scored). */
  readonly keepsCoefficients?: boolean;
}

/** One fit of a path. */
export interface PathPoint {
  readonly c: number;
  readonly nNonzero: number;
  /** Nonzero coefficients of the (standardised) columns, if they are kept: which, and their values. */
  readonly nonzero?: { readonly columns: Uint32Array; readonly coef: Float64Array };
  readonly intercept: number;
  readonly objective: number;
  /** Largest violation of an optimality condition, relative to the penalty. */
  readonly kktResidual: number;
  readonly converged: boolean;
  /** Passes over the working set the fit took. */
  readonly nPasses: number;
  /** Margins of the scored rows. */
  readonly margins: Float64Array;
}

/** Follows paths side by side on this thread, as many at a time as there are workspaces. */
export function followPaths(
  design: Design,
  tasks: readonly PathTask[],
  { workspaces, ...options }: {
    readonly workspaces: readonly number[];
    readonly code: KernelCode;
    readonly thread?: number;
  },
): PathPoint[][] {
  const { solvers, kernel } = openGroup(design, workspaces, options);
  const paths: PathPoint[][] = [];
  let next = 0;
  function* followNext(solver: LogisticSolver): Steps<void> {
    while (next < tasks.length) {
      const k = next++;
      paths[k] = yield* followPath(solver, tasks[k]!);
    }
  }
  runTogether(kernel, solvers.map((solver) => ({ work: solver.work, steps: followNext(solver) })));
  return paths;
}

function* followPath(solver: LogisticSolver, task: PathTask): Steps<PathPoint[]> {
  const { coef, margin } = solver.work;
  const points: PathPoint[] = [];
  yield* solver.reset(task);
  for (const c of task.grid) {
    const report = yield* solver.solve({ ...task.penalty, c });
    const nNonzero = listColumns(solver.work, (j) => coef[j] !== 0);
    points.push({
      c,
      nNonzero,
      ...(task.keepsCoefficients && { nonzero: nonzeroOf(solver.work, nNonzero) }),
      intercept: report.intercept,
      objective: report.objective,
      kktResidual: report.residual,
      converged: report.converged,
      nPasses: report.nPasses,
      margins: gather(margin, task.scoredRows),
    });
  }
  return points;
}

/** The coefficients of the n listed columns. */
function nonzeroOf({ coef, list }: Workspace, n: number): NonNullable<PathPoint["nonzero"]> {
  const columns = new Uint32Array(list.subarray(0, n));
  return { columns, coef: gather(coef, columns) };
}
