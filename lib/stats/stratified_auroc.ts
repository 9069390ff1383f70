/**
 * AUROC inside strata: hard items are compared only with easy ones of the same stratum, so a nuisance that sets the
 * strata (the length of the gold answer: flaw F5) can neither help nor hide a score.
 */
import { GuardrailError } from "../guardrail.ts";
import { aurocInfluence, type Influence } from "./influence.ts";
import { checkScores } from "./auroc.ts";

/** The within-stratum AUROC, its influence values, and what it rests on. */
export interface StratifiedAuroc extends Influence {
  /** Pairs of a hard and an easy item compared, of all there are. */
  readonly nPairs: number;
  readonly nAllPairs: number;
  /** Strata that hold both classes. */
  readonly nStrata: number;
}

/**
 * Share of (hard, easy) pairs within a stratum that the score orders right, ties one half: the strata's AUROCs
 * weighted by their numbers of pairs, `sum_s n1_s n0_s AUROC_s / sum_s n1_s n0_s`.
 * @param scores difficulty scores, shape [n]; higher is harder
 * @param labels 0 or 1, shape [n]
 * @param strata stratum of each item, shape [n]; equal values are one stratum
 * @returns influence values sum to zero; clusterT() takes them
 * @throws {GuardrailError} "single-class" if no stratum holds both classes, "non-finite" on a NaN or infinite score
 * @throws {RangeError} if lengths differ or a label is neither 0 nor 1
 * @see Janes & Pepe 2009, doi:10.1093/biomet/asp002 (covariate-adjusted ROC)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { stratifiedAuroc } from "lib/stats/stratified_auroc.ts";
 * const { value, nPairs } = stratifiedAuroc([1, 2, 11, 12], [0, 1, 0, 1], ["short", "short", "long", "long"]);
 * assert.deepEqual([value, nPairs], [1, 2]); // over all four pairs it is 3 / 4
 * ```
 */
export function stratifiedAuroc(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  strata: ArrayLike<string | number>,
): StratifiedAuroc {
  const n = labels.length;
  checkScores(scores, n);
  if (strata.length !== n) throw new RangeError(`Cannot stratify: needs ${n} strata, got ${strata.length}`);
  const rowsOf = new Map<string | number, number[]>();
  let nHard = 0;
  for (let i = 0; i < n; i++) {
    if (labels[i] !== 0 && labels[i] !== 1) {
      throw new RangeError(`Cannot compare classes: needs labels 0 or 1, got ${labels[i]} in row ${i}`);
    }
    nHard += labels[i]!;
    const rows = rowsOf.get(strata[i]!);
    if (rows) rows.push(i);
    else rowsOf.set(strata[i]!, [i]);
  }
  const compared = [...rowsOf.values()].flatMap((rows) => {
    const hard = rows.reduce((sum, row) => sum + labels[row]!, 0);
    const pairs = hard * (rows.length - hard);
    if (pairs === 0) return [];
    const inside = aurocInfluence(rows.map((row) => scores[row]!), rows.map((row) => labels[row]!));
    return [{ rows, pairs, hard, ...inside }];
  });
  const nPairs = compared.reduce((sum, { pairs }) => sum + pairs, 0);
  if (nPairs === 0) {
    throw new GuardrailError(
      "single-class",
      `Cannot compute AUROC within strata: needs a stratum with both classes, got none of ${rowsOf.size}`,
    );
  }
  const value = compared.reduce((sum, stratum) => sum + stratum.pairs * stratum.value, 0) / nPairs;
  const influence = new Float64Array(n);
  for (const { rows, pairs, hard, value: own, influence: inside } of compared) {
    rows.forEach((row, k) => {
      // An item moves its stratum's AUROC, and the stratum's share of all pairs by joining one of its classes.
      const joined = labels[row] === 1 ? rows.length - hard : hard;
      const moved = pairs * inside[k]! + joined * (own - value);
      influence[row] = moved / nPairs;
    });
  }
  const mean = influence.reduce((sum, x) => sum + x, 0) / n;
  return {
    value,
    influence: influence.map((x) => x - mean),
    nPairs,
    nAllPairs: nHard * (n - nHard),
    nStrata: compared.length,
  };
}
