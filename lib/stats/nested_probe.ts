/**
 * A nested increment: does a block add to what a base already predicts? The base's cross-fitted logit enters as an
 * offset, and the added block has a penalty of its own and may stay empty. The base's fit is then always attainable:
 * an increment cannot be negative merely because useless columns shared a penalty with useful ones (study flaw F6).
 */
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import { auroc } from "./auroc.ts";
import { chooseCAndFit, type ChooseCOptions, type ChosenC, type Fold } from "./choose_c.ts";
import { decisionFunction, type LogisticFit } from "./l1_logistic.ts";
import type { PathPoint } from "./logistic/paths.ts";
import type { PathThreads } from "./logistic/threads.ts";
import { fitStandardScaler } from "./standard_scaler.ts";

/** Training rows and the rows to score, of both blocks. */
export interface NestedBlocks {
  readonly train: Matrix | CsrMatrix;
  readonly test: Matrix | CsrMatrix;
}

/** A fitted base and increment. */
export interface NestedProbe {
  /** Margins of the test rows by the base alone, and by base plus block. */
  readonly baseMargins: Float64Array;
  readonly margins: Float64Array;
  readonly baseChoice: ChosenC;
  /** The block's choice among the C of the grid; it is used only if it beats leaving the block out. */
  readonly choice: ChosenC;
  /** Mean AUROC over the folds of the base alone. */
  readonly emptyScore: number;
  /** Whether the block stayed empty: margins are then the base's. */
  readonly empty: boolean;
  /** The block's fit, without intercept; undefined if empty. */
  readonly fit?: LogisticFit;
  /** The block's path on all training rows, as far as it was asked for, empty or not. */
  readonly path: readonly PathPoint[];
}

/**
 * Fits the base, cross-fits its logit over the folds, and fits the added block on top of it.
 * @param base the columns that the block has to improve on
 * @param added the block
 * @param labels 0 or 1 of the training rows
 * @throws {GuardrailError} single-class, naming the fold; non-finite
 * @see Wolpert 1992, doi:10.1016/S0893-6080(05)80023-1 (out-of-fold predictions as input)
 */
export async function fitNestedProbe(
  base: NestedBlocks,
  added: NestedBlocks,
  { labels, folds, threads, path: extent = "to-chosen", ...options }:
    & Omit<ChooseCOptions, "offset" | "intercept">
    & {
      readonly labels: ArrayLike<number>;
      readonly folds: readonly Fold[];
      readonly threads: PathThreads;
      /** How far the block's path goes: see chooseCAndFit(). */
      readonly path?: "to-chosen" | "whole";
    },
): Promise<NestedProbe> {
  const baseScaler = fitStandardScaler(base.train);
  const {
    choice: baseChoice,
    fit: baseFit,
    outOfFold,
  } = await chooseCAndFit(base.train, labels, {
    ...options,
    folds,
    threads,
    scaler: baseScaler,
    path: "whole",
  });
  const baseMargins = decisionFunction(base.test, baseFit, { scaler: baseScaler });
  const offset = outOfFold.map((margin) => Number.isNaN(margin) ? 0 : margin);
  const known = outOfFold.map((margin, i) => Number.isNaN(margin) ? 0 : options.sampleWeights?.[i] ?? 1);

  // Rows that no fold tests have no cross-fitted logit and take no part.
  const scaler = fitStandardScaler(added.train);
  const increment = { ...options, scaler, offset, sampleWeights: known, intercept: "none" as const };
  const { choice, fit, path } = await chooseCAndFit(added.train, labels, {
    ...increment,
    ...{ folds, threads, path: extent },
  });
  const emptyScores = folds.map((fold) =>
    auroc(Float64Array.from(fold.test, (i) => offset[i]!), Uint8Array.from(fold.test, (i) => labels[i]!))
  );
  const emptyScore = emptyScores.reduce((sum, score) => sum + score, 0) / emptyScores.length;
  const empty = !(choice.meanScores[choice.bestIndex]! > emptyScore) || fit.nNonzero === 0;
  if (empty) return { baseMargins, margins: baseMargins, baseChoice, choice, emptyScore, empty, path };
  const extra = decisionFunction(added.test, fit, { scaler });
  const margins = baseMargins.map((margin, i) => margin + extra[i]!);
  return { baseMargins, margins, baseChoice, choice, emptyScore, empty, fit, path };
}
