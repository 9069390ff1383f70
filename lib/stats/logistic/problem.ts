/** What a logistic solver is given: labels, weights, and the penalty against them. */

/** Violations in all are not asked to be smaller than this, relative to the penalty, however small they were. */
export const NEVER_BELOW = 1e-8;

/** What is fitted: labels and weights of the design's rows. */
export interface LogisticProblem {
  /** 0 or 1, shape [nRows] */
  readonly labels: Uint8Array;
  /** Class weight times sample weight, shape [nRows]; rows of weight 0 take no part but get a margin. */
  readonly weights: Float64Array;
  /** Added to the margin of each row, shape [nRows] (default 0). */
  readonly offset?: Float64Array;
}

/** Penalty l1 |w|_1 + l2 |w|^2 / 2 against c times the loss. */
export interface LogisticPenalty {
  /** Multiplies the loss, as in LIBLINEAR. */
  readonly c: number;
  readonly l1: number;
  readonly l2: number;
  /** penalized: a column of ones like any other, as in LIBLINEAR. */
  readonly intercept: "penalized" | "free" | "none";
  /** When to stop, see relativeTo. */
  readonly tolerance: number;
  /**
   * penalty: when no optimality condition is violated by more than the tolerance times l1; start: when the violations'
   * sum is at most the tolerance times their sum at all-zero coefficients (or 1e-8 of the penalty, if that is more).
   * That is LIBLINEAR's rule, the looser the larger c, and all there is without an L1 penalty.
   */
  readonly relativeTo: "penalty" | "start";
}
