/**
 * Bootstrap of the areas under risk against coverage. Every resample of the items (or of whole clusters) is ranked
 * anew, so the interval carries the uncertainty of the ranking, which resampling the kept items alone leaves out
 * (flaw F17). Each score is sorted once; a resample is a linear pass over multiplicities in that order.
 */
import type { RandomStream } from "../math/random.ts";
import { rankForKeeping, riskCoverageAreas } from "./aurc.ts";
import { drawUnits } from "./draw_weights.ts";
import { type Estimate, percentileEstimate } from "./estimate.ts";
import { LANES } from "./resampled_auroc.ts";
import { type TieGroups, tieGroups } from "./tie_groups.ts";

/** The areas that are bootstrapped. */
export const AREAS = ["aurc", "excessAurc", "augrc", "excessAugrc"] as const;
/** One of the areas. */
export type Area = typeof AREAS[number];

/** Bootstrap distribution of several rungs' areas under shared draws. */
export interface AreaBootstrap {
  /** Area with its percentile interval, by rung. */
  readonly estimates: Readonly<Record<string, Readonly<Record<Area, Estimate>>>>;
  /** Area of every resample, by rung; index r is the same resample in all rungs. */
  readonly draws: Readonly<Record<string, Readonly<Record<Area, Float64Array>>>>;
  /** area(a) - area(b) with its percentile interval. */
  delta(a: string, b: string, area: Area): Estimate;
}

/** Number of resamples, their stream, and what is drawn. */
export interface AreaBootstrapOptions {
  readonly nResamples: number;
  readonly rng: RandomStream;
  /** Cluster of each item, shape [n]: draws whole clusters. Below 30 clusters use aurc_influence.ts. */
  readonly clusters?: ArrayLike<string | number>;
}

/**
 * Paired percentile bootstrap of AURC, AUGRC and their excess over the oracle.
 * @param scores rung name to difficulty scores, each of shape [n]
 * @param errors per-item error, shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if lengths differ, or delta() names an unknown rung
 * @see Efron & Tibshirani 1993, chapter 13; areas: aurc.ts
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bootstrapAreas } from "lib/stats/bootstrap_aurc.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const scores = { good: [1, 2, 3, 4], bad: [4, 3, 2, 1] };
 * const result = bootstrapAreas(scores, [0, 0, 1, 1], { nResamples: 200, rng: randomStream(1, "example") });
 * assert.ok(result.delta("good", "bad", "augrc").value < 0);
 * ```
 */
export function bootstrapAreas(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  errors: ArrayLike<number>,
  { nResamples, rng, clusters }: AreaBootstrapOptions,
): AreaBootstrap {
  const rungs = Object.keys(scores);
  const values = Float64Array.from(errors);
  const passes = rungs.map((rung) => preparePass(rankForKeeping(scores[rung]!, errors), values));
  const oracle = preparePass(tieGroups(values), values);
  const draw = drawUnits(values.length, { rng, clusters });
  const draws = rungs.map(() => emptyDraws(nResamples));
  const weights = new Uint32Array(LANES * values.length);
  const best = new Float64Array(2);
  const found = new Float64Array(2);
  let harmonic = harmonicNumbers(values.length);
  for (let first = 0; first < nResamples; first += LANES) {
    const nLanes = Math.min(LANES, nResamples - first);
    weights.fill(0);
    for (let lane = 0; lane < nLanes; lane++) draw(weights, lane);
    for (let lane = 0; lane < nLanes; lane++) {
      const total = laneTotal(weights, lane);
      if (total >= harmonic.length) harmonic = harmonicNumbers(2 * total);
      weightedAreas(oracle, weights, lane, harmonic, best);
      passes.forEach((pass, rung) => {
        weightedAreas(pass, weights, lane, harmonic, found);
        const into = draws[rung]!;
        into.aurc[first + lane] = found[0]! / total;
        into.excessAurc[first + lane] = (found[0]! - best[0]!) / total;
        into.augrc[first + lane] = found[1]! / total / total;
        into.excessAugrc[first + lane] = (found[1]! - best[1]!) / total / total;
      });
    }
  }
  const named = Object.fromEntries(rungs.map((rung, i) => [rung, draws[i]!]));
  const estimates = Object.fromEntries(rungs.map((rung) => {
    const point = riskCoverageAreas(scores[rung]!, errors);
    return [rung, estimateAreas((area) => percentileEstimate(point[area], named[rung]![area]))];
  }));
  return { estimates, draws: named, delta: (a, b, area) => delta(estimates, named, [a, b], area) };
}

/** A ranking ready for many passes: for each place in it the error and where the item's weight lies. */
interface Pass {
  readonly errors: Float64Array;
  readonly weightAt: Uint32Array;
  /** ends of the groups of ties; undefined when no two scores are tied */
  readonly ends?: Uint32Array;
}

function preparePass({ order, ends }: TieGroups, errors: Float64Array): Pass {
  return {
    errors: Float64Array.from(order, (item) => errors[item]!),
    weightAt: order.map((item) => LANES * item),
    ...(ends.length < order.length && { ends }),
  };
}

/**
 * sum_k kept(k) / k and sum_i e_(i) (n - i + 1/2) of a resample, into out[0] and out[1]. An item drawn w times is
 * w tied items: its places K + 1 .. K + w add `sum_j (S + j e) / (K + j) = w e + (S - K e) (H(K + w) - H(K))` to
 * the first, with S the error kept before and H the harmonic numbers.
 */
function weightedAreas(
  { errors, weightAt, ends }: Pass,
  weights: Uint32Array,
  lane: number,
  harmonic: Float64Array,
  out: Float64Array,
): void {
  let aurc = 0;
  let augrc = 0;
  let kept = 0;
  let k = 0;
  let reached = 0; // harmonic[k]
  if (ends === undefined) {
    for (let place = 0; place < errors.length; place++) {
      const error = errors[place]!;
      const weight = weights[weightAt[place]! + lane]!;
      const next = harmonic[k + weight]!;
      const added = weight * error;
      aurc += added + (kept - k * error) * (next - reached);
      augrc += weight * (kept + added / 2);
      kept += added;
      k += weight;
      reached = next;
    }
  } else {
    let place = 0;
    for (let g = 0; g < ends.length; g++) {
      const end = ends[g]!;
      let size = 0;
      let added = 0;
      for (; place < end; place++) {
        const weight = weights[weightAt[place]! + lane]!;
        size += weight;
        added += weight * errors[place]!;
      }
      if (size === 0) continue;
      const next = harmonic[k + size]!;
      aurc += added + (kept - k * added / size) * (next - reached);
      augrc += size * (kept + added / 2);
      kept += added;
      k += size;
      reached = next;
    }
  }
  out[0] = aurc;
  out[1] = augrc;
}

/** H(0) .. H(n). */
function harmonicNumbers(n: number): Float64Array {
  const sums = new Float64Array(n + 1);
  for (let k = 1; k <= n; k++) sums[k] = sums[k - 1]! + 1 / k;
  return sums;
}

function laneTotal(weights: Uint32Array, lane: number): number {
  let total = 0;
  for (let i = lane; i < weights.length; i += LANES) total += weights[i]!;
  return total;
}

function emptyDraws(nResamples: number): Record<Area, Float64Array> {
  const column = () => new Float64Array(nResamples);
  return { aurc: column(), excessAurc: column(), augrc: column(), excessAugrc: column() };
}

function estimateAreas(estimate: (area: Area) => Estimate): Record<Area, Estimate> {
  return {
    aurc: estimate("aurc"),
    excessAurc: estimate("excessAurc"),
    augrc: estimate("augrc"),
    excessAugrc: estimate("excessAugrc"),
  };
}

function delta(
  estimates: AreaBootstrap["estimates"],
  draws: AreaBootstrap["draws"],
  [a, b]: readonly [string, string],
  area: Area,
): Estimate {
  for (const rung of [a, b]) {
    if (!Object.hasOwn(draws, rung)) {
      throw new RangeError(
        `Cannot compare rungs: needs one of ${Object.keys(draws).join(", ")}, got ${rung}`,
      );
    }
  }
  const differences = draws[a]![area].map((value, r) => value - draws[b]![area][r]!);
  return percentileEstimate(estimates[a]![area].value - estimates[b]![area].value, differences);
}
