/**
 * How a rung's penalty was chosen: cross-validated AUROC and the number of coefficients at every C, and whether the
 * grid let the choice be made at all. A rung that lost because its grid ended too early has not lost.
 */
import { mean } from "../math/sum.ts";
import type { ChosenC } from "../stats/choose_c.ts";
import type { NestedProbe } from "../stats/nested_probe.ts";
import type { RungFit } from "./predictive_rungs.ts";

/** One C of the grid. */
export interface PathStep {
  readonly c: number;
  /** Mean AUROC over the inner folds. */
  readonly cv_auroc: number;
  /** Standard deviation over folds / sqrt(folds); null with one fold. */
  readonly standard_error: number | null;
  /** Coefficients of the fit on all training rows; null where the path was not followed there. */
  readonly n_nonzero: number | null;
  /** Mean over the folds. */
  readonly n_nonzero_of_folds: number;
}

/** What the choice looks like. */
export type ChoiceDiagnosis =
  /** Nothing was kept at the chosen C. */
  | "no model"
  /** Nested: no C beat leaving the block out. */
  | "block left out"
  /** The largest C won: a larger one might do better. */
  | "largest of the grid"
  /** The smallest C won although it keeps coefficients: a smaller one might do better. */
  | "smallest of the grid"
  /** Every C is within one standard error of the best: the folds cannot tell them apart. */
  | "flat"
  | "inside the grid";

/** A rung's path. */
export interface RegularizationPath {
  readonly steps: readonly PathStep[];
  /** Of the grid; where the nested block was left out, the C it would have had. */
  readonly chosen_c: number;
  /** The smallest C whose mean lies within one standard error of the best. */
  readonly one_standard_error_c: number;
  readonly diagnosis: ChoiceDiagnosis;
  /** Nested rungs: mean AUROC of the folds without the block, which the block had to beat. */
  readonly cv_auroc_without: number | null;
  /** Largest violation of an optimality condition among the fits of all folds and rows, relative to the penalty. */
  readonly largest_kkt_residual: number;
}

/**
 * Paths of the rungs that chose a C, by name; recorded rungs have none.
 * @see Breiman et al. 1984, section 3.4.3 (one standard error); Friedman et al. 2010, doi:10.18637/jss.v033.i01 (paths)
 */
export function regularizationPaths(
  rungs: Readonly<Record<string, RungFit>>,
): Record<string, RegularizationPath> {
  return Object.fromEntries(
    Object.entries(rungs).flatMap(([name, { choice, path, nested }]) =>
      choice ? [[name, pathOf(choice, path?.map(({ nNonzero }) => nNonzero), nested)]] : []
    ),
  );
}

/**
 * One rung's path: `SE = sqrt(sum_f (a_f - a)^2 / (F - 1) / F)` with a_f the AUROC of fold f and a their mean.
 * @param counts nonzero coefficients of the fit on all training rows, by C
 * @param nested what became of a nested block
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { pathOf } from "lib/questions/regularization_paths.ts";
 * import { pickC } from "lib/stats/choose_c.ts";
 * const choice = pickC([0.1, 1], [[0.5, 0.5], [0.7, 0.8]], [[0, 0], [2, 3]], "first-best");
 * const { steps, diagnosis } = pathOf({ ...choice, largestResidual: 1e-9 }, [0, 4]);
 * assert.deepEqual([steps[1]!.n_nonzero, steps[1]!.n_nonzero_of_folds], [4, 2.5]);
 * assert.equal(diagnosis, "largest of the grid");
 * ```
 */
export function pathOf(
  choice: ChosenC,
  counts: readonly number[] | undefined,
  nested?: Pick<NestedProbe, "empty" | "emptyScore">,
): RegularizationPath {
  const { grid, bestIndex, bestC, meanScores, foldScores, nNonzero } = choice;
  const steps = grid.map((c, k): PathStep => ({
    c,
    cv_auroc: meanScores[k]!,
    standard_error: standardError(foldScores[k]!),
    n_nonzero: counts?.[k] ?? null,
    n_nonzero_of_folds: mean(nNonzero[k]!),
  }));
  const best = steps.reduce((a, b) => b.cv_auroc > a.cv_auroc ? b : a);
  const isClose = ({ cv_auroc }: PathStep) => cv_auroc >= best.cv_auroc - (best.standard_error ?? 0);
  const chosen = steps[bestIndex]!;
  const isEmpty = (chosen.n_nonzero ?? chosen.n_nonzero_of_folds) === 0;
  return {
    steps,
    chosen_c: bestC,
    one_standard_error_c: steps.find(isClose)!.c,
    diagnosis: nested?.empty
      ? "block left out"
      : isEmpty
      ? "no model"
      : steps.every(isClose)
      ? "flat"
      : bestIndex === grid.length - 1
      ? "largest of the grid"
      : bestIndex === 0
      ? "smallest of the grid"
      : "inside the grid",
    cv_auroc_without: nested?.emptyScore ?? null,
    largest_kkt_residual: choice.largestResidual,
  };
}

function standardError(scores: readonly number[]): number | null {
  const n = scores.length;
  if (n < 2) return null;
  const center = mean(scores);
  return Math.sqrt(scores.reduce((sum, s) => sum + (s - center) * (s - center), 0) / (n - 1) / n);
}
