/**
 * What a cascade's figures look like when the scores know nothing: the same scores dealt to the items at random.
 * A count of thresholds below a line is large by luck alone (19 to 20 of 41 in the published study), so it means
 * nothing without this baseline (flaw F14).
 */
import type { RandomStream } from "../math/random.ts";
import { quantile } from "../math/quantile.ts";
import { type Escalation, escalationOrder, frontierArea } from "./frontier_area.ts";

/** Observed and shuffled figures of one score. */
export interface ShuffledFrontier {
  /** Thresholds that dominate with the scores as they are. */
  readonly observedCount: number;
  /** As frontierArea(). */
  readonly observedArea: number;
  /** Of every permutation, shape [nPermutations]. */
  readonly counts: Uint32Array;
  readonly areas: Float64Array;
  readonly meanCount: number;
  /** (1 + permutations with at least the observed count) / (1 + nPermutations) */
  readonly pCount: number;
  /** (1 + permutations with at least the observed area) / (1 + nPermutations); one-sided: better than chance */
  readonly pArea: number;
  /** 2.5th and 97.5th percentile of the shuffled areas. */
  readonly areaRange: readonly [low: number, high: number];
}

/**
 * Deals the scores to the items anew `nPermutations` times; each time counts the thresholds that dominate and takes
 * the area. Items are taken as exchangeable: with clustered items the interval of the area is the honest test.
 * @param scores routing scores, shape [n]; items at or above a threshold are escalated
 * @param escalation change of error and added cost of each item
 * @param options thresholds; which points dominate, told by the mean added cost and the mean change of error;
 * permutations and their stream; `within` deals each group of items its own scores only, shape [n]
 * @throws {GuardrailError} and {RangeError} as frontierArea()
 * @see Phipson & Smyth 2010, doi:10.2202/1544-6115.1585 (why b + 1 and B + 1)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { shuffledFrontier } from "lib/stats/shuffled_frontier.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const { observedCount, meanCount } = shuffledFrontier(
 *   [0.9, 0.8, 0.2, 0.1],
 *   { change: [-1, -1, 0, 0], addedCost: [1, 1, 1, 1] },
 *   {
 *     thresholds: [0.5],
 *     isDominating: (cost, change) => change < -0.5 * cost,
 *     nPermutations: 999,
 *     rng: randomStream(1, "example"),
 *   },
 * );
 * assert.equal(observedCount, 1);
 * assert.ok(meanCount < 0.25); // one deal in six puts both gains above the threshold
 * ```
 */
export function shuffledFrontier(
  scores: ArrayLike<number>,
  escalation: Escalation,
  { thresholds, isDominating, nPermutations, rng, within }: {
    readonly thresholds: ArrayLike<number>;
    readonly isDominating: (meanAddedCost: number, meanChange: number) => boolean;
    readonly nPermutations: number;
    readonly rng: RandomStream;
    readonly within?: ArrayLike<string | number>;
  },
): ShuffledFrontier {
  const { order, ends } = escalationOrder(scores, escalation);
  const n = order.length;
  const descending = Uint32Array.from(order).reverse();
  // Ends of the groups of ties and numbers escalated, both from the highest score down.
  const groups = Uint32Array.of(...ends.slice(0, -1).reverse().map((end) => n - end), n);
  const cuts = Uint32Array.from(thresholds, (tau) => {
    let k = 0;
    while (k < n && scores[descending[k]!]! >= tau) k++;
    return k;
  });
  const costSums = new Float64Array(n + 1);
  const changeSums = new Float64Array(n + 1);
  const measure = (items: Uint32Array) => {
    for (let k = 0; k < n; k++) {
      costSums[k + 1] = costSums[k]! + escalation.addedCost[items[k]!]!;
      changeSums[k + 1] = changeSums[k]! + escalation.change[items[k]!]!;
    }
    let count = 0;
    for (const k of cuts) if (isDominating(costSums[k]! / n, changeSums[k]! / n)) count++;
    return { count, area: areaOf(groups, costSums, changeSums) };
  };
  const observedCount = measure(descending).count;
  const observedArea = frontierArea(scores, escalation).value;
  const counts = new Uint32Array(nPermutations);
  const areas = new Float64Array(nPermutations);
  const dealt = Uint32Array.from(descending);
  const places = within && placesByGroup(descending, within);
  for (let r = 0; r < nPermutations; r++) {
    if (places) dealWithin(dealt, places, rng);
    else rng.shuffleInPlace(dealt);
    const { count, area } = measure(dealt);
    counts[r] = count;
    areas[r] = area;
  }
  const rounding = 1e-12 * Math.max(...areas.map(Math.abs), Math.abs(observedArea));
  const atLeast = (values: ArrayLike<number>, bound: number) => {
    let nExtreme = 0;
    for (let r = 0; r < nPermutations; r++) if (values[r]! >= bound) nExtreme++;
    return (1 + nExtreme) / (1 + nPermutations);
  };
  return {
    observedCount,
    observedArea,
    counts,
    areas,
    meanCount: counts.reduce((sum, count) => sum + count, 0) / nPermutations,
    pCount: atLeast(counts, observedCount),
    pArea: atLeast(areas, observedArea - rounding),
    areaRange: [quantile(areas, 0.025), quantile(areas, 0.975)],
  };
}

/** Where in the ranking the items of each group stand. */
function placesByGroup(ranking: Uint32Array, within: ArrayLike<string | number>): Uint32Array[] {
  if (within.length !== ranking.length) {
    throw new RangeError(`Cannot deal within groups: needs ${ranking.length} of them, got ${within.length}`);
  }
  const places = new Map<string | number, number[]>();
  ranking.forEach((item, place) => {
    const own = places.get(within[item]!);
    if (own) own.push(place);
    else places.set(within[item]!, [place]);
  });
  return [...places.values()].map((own) => Uint32Array.from(own));
}

/** Shuffles the items of each group among the group's own places. */
function dealWithin(dealt: Uint32Array, places: readonly Uint32Array[], rng: RandomStream): void {
  for (const own of places) {
    const items = own.map((place) => dealt[place]!);
    rng.shuffleInPlace(items);
    own.forEach((place, k) => dealt[place] = items[k]!);
  }
}

/** integral (line - frontier) dx / mean cost, by the trapezoid between the ends of groups. */
function areaOf(groups: Uint32Array, costSums: Float64Array, changeSums: Float64Array): number {
  const n = costSums.length - 1;
  let under = 0;
  let before = 0;
  for (let g = 0; g < groups.length; g++) {
    const k = groups[g]!;
    under += (costSums[k]! - costSums[before]!) * (changeSums[k]! + changeSums[before]!) / 2;
    before = k;
  }
  return (changeSums[n]! / 2 - under / costSums[n]!) / n;
}
