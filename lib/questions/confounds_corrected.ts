/**
 * Confounds of a label: how well trivial quantities (lengths, positions, categories) tell hard from easy, and what is
 * left of every rung among items that the strongest of them cannot tell apart (flaw F5).
 */
import type { Matrix } from "../math/matrix.ts";
import { quantileSorted } from "../math/quantile.ts";
import { clusterT } from "../stats/cluster_t.ts";
import { aurocInfluence, type Influence } from "../stats/influence.ts";
import type { Inference } from "../stats/interval.ts";
import { stratifiedAuroc } from "../stats/stratified_auroc.ts";

/** Beyond this AUROC, either way, a trivial predictor is called a confound. */
export const CONFOUND_AUROC = 0.6;
/** A column with more values than this is cut into tenths to make strata. */
const MAX_STRATA = 40;

/** One trivial predictor. */
export interface TrivialPredictor {
  readonly name: string;
  /** Of the column as it is: below 0.5 where hard items have the lower values. */
  readonly auroc: number;
  /** max(auroc, 1 - auroc): what it tells in the better direction. */
  readonly strength: number;
  /** Interval of `auroc - 0.5`; null for a constant column. */
  readonly inference: Inference | null;
  readonly is_constant: boolean;
}

/** A rung over all pairs, and over pairs that the strongest trivial predictor cannot tell apart. */
export interface StratifiedRung {
  readonly auroc: number;
  readonly within_auroc: number;
  /** Interval of `within_auroc - 0.5`. */
  readonly inference: Inference;
}

/** Everything the report holds. */
export interface ConfoundReport {
  /** strongest first */
  readonly predictors: readonly TrivialPredictor[];
  /** null without a predictor that varies */
  readonly strongest: string | null;
  /** Whether the strongest passes CONFOUND_AUROC. */
  readonly is_confounded: boolean;
  readonly n_strata: number;
  /** Share of (hard, easy) pairs that lie within a stratum. */
  readonly share_of_pairs: number;
  /** By rung; empty where no stratum holds both classes. */
  readonly rungs: Readonly<Record<string, StratifiedRung>>;
}

/** Items of a label. */
export interface ConfoundInput {
  /** 0 or 1, shape [n] */
  readonly labels: ArrayLike<number>;
  /** Trivial columns, shape [n, p]. */
  readonly trivial: { readonly names: readonly string[]; readonly matrix: Matrix };
  /** Difficulty scores by rung, each of shape [n]. */
  readonly scores: Readonly<Record<string, ArrayLike<number>>>;
  /** Cluster of each item; each its own unless given. */
  readonly clusters?: ArrayLike<string | number>;
}

/**
 * The confound report of one label. The direction is not fitted: `strength = max(A, 1 - A)` of a column's AUROC A takes
 * the better one, which on noise
 * exceeds 0.5 by about `0.23 sqrt(n / (n1 n0))`; the interval is that of the column as it is.
 * @throws {GuardrailError} "single-class", or "non-finite" on a NaN or infinite column
 * @throws {RangeError} if lengths differ
 * @see Janes & Pepe 2009, doi:10.1093/biomet/asp002 (within strata); aurocInfluence(), clusterT() (intervals)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { confoundReport } from "lib/questions/confounds_corrected.ts";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * const report = confoundReport({
 *   labels: [0, 0, 1, 1],
 *   trivial: { names: ["length"], matrix: matrixFromRows([[9], [8], [2], [1]]) },
 *   scores: { P1: [1, 2, 3, 4] },
 * });
 * assert.deepEqual([report.strongest, report.predictors[0]!.auroc, report.is_confounded], ["length", 0, true]);
 * ```
 */
export function confoundReport({ labels, trivial, scores, clusters }: ConfoundInput): ConfoundReport {
  const n = labels.length;
  const { names, matrix: { data, nCols, nRows } } = trivial;
  if (nRows !== n) throw new RangeError(`Cannot look for confounds: needs ${n} rows, got ${nRows}`);
  const units = clusters ?? Uint32Array.from({ length: n }, (_, i) => i);
  const aboveHalf = ({ value, influence }: Influence) => clusterT({ value: value - 0.5, influence }, units);
  const columns = names.map((_, j) => Float64Array.from({ length: n }, (_, i) => data[i * nCols + j]!));
  const predictors = names.map((name, j): TrivialPredictor => {
    const own = aurocInfluence(columns[j]!, labels);
    const isConstant = columns[j]!.every((x) => x === columns[j]![0]);
    return {
      name,
      auroc: own.value,
      strength: Math.max(own.value, 1 - own.value),
      inference: isConstant ? null : aboveHalf(own),
      is_constant: isConstant,
    };
  }).sort((a, b) => b.strength - a.strength);
  const strongest = predictors.find(({ is_constant }) => !is_constant);
  const strata = strongest ? strataOf(columns[names.indexOf(strongest.name)]!) : new Uint32Array(n);
  const within = withinStrata(scores, labels, strata);
  return {
    predictors,
    strongest: strongest?.name ?? null,
    is_confounded: strongest !== undefined && strongest.strength >= CONFOUND_AUROC,
    n_strata: new Set(strata).size,
    share_of_pairs: within[0] ? within[0][1].nPairs / within[0][1].nAllPairs : 0,
    rungs: Object.fromEntries(within.map(([rung, own]) => [rung, {
      auroc: aurocInfluence(scores[rung]!, labels).value,
      within_auroc: own.value,
      inference: aboveHalf(own),
    }])),
  };
}

/**
 * Strata of a column: its values where they are few, tenths of its ranks otherwise (equal values stay together).
 * @returns shape [n]
 */
export function strataOf(column: ArrayLike<number>): Uint32Array {
  const sorted = Float64Array.from(column).sort();
  const distinct = Float64Array.from(new Set(sorted));
  const cuts = distinct.length <= MAX_STRATA
    ? distinct.subarray(1)
    : Float64Array.from(new Set(Array.from({ length: 9 }, (_, k) => quantileSorted(sorted, (k + 1) / 10))));
  return Uint32Array.from(column, (value) => cuts.filter((cut) => value >= cut).length);
}

function withinStrata(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  labels: ArrayLike<number>,
  strata: Uint32Array,
): [string, ReturnType<typeof stratifiedAuroc>][] {
  const classes = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) {
    classes.set(strata[i]!, (classes.get(strata[i]!) ?? 0) | (labels[i] === 1 ? 2 : 1));
  }
  if (![...classes.values()].includes(3)) return [];
  return Object.entries(scores).map(([rung, values]) => [rung, stratifiedAuroc(values, labels, strata)]);
}
