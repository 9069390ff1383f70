/**
 * Area between a cascade's frontier and the straight line of escalating at random: how much error a routing score
 * saves, averaged over all budgets. One number instead of a count of thresholds that happen to lie below a line
 * (flaw F14); zero in expectation for a score that knows nothing.
 */
import type { RandomStream } from "../math/random.ts";
import { GuardrailError } from "../guardrail.ts";
import { drawUnits } from "./draw_weights.ts";
import { type Estimate, percentileEstimate } from "./estimate.ts";
import type { Influence } from "./influence.ts";
import { LANES } from "./resampled_auroc.ts";
import { type TieGroups, tieGroups } from "./tie_groups.ts";

/** What escalating an item does. */
export interface Escalation {
  /** error after escalation minus error before, shape [n]; negative where the expensive model helps */
  readonly change: ArrayLike<number>;
  /** cost added by escalating the item, shape [n]; positive */
  readonly addedCost: ArrayLike<number>;
}

/**
 * The area and each item's influence on it. Items are escalated from the highest score down; after a set S the
 * added cost is x = sum_S a / n and the error has changed by y = sum_S d / n. The frontier runs through the points
 * of every threshold (tied items together, so a straight piece), the line from (0, 0) to (mean a, mean d), and
 * `area = integral (line - frontier) dx / mean a = 1/(n^2 mean a) sum_ij d_i a_j (1/2 - h_ij)` with h_ij = 1 where
 * i scores above j, 1/2 where they tie.
 * @param scores routing scores, shape [n]; higher is escalated first
 * @returns in the units of the error: positive is better than escalating at random at the same cost
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite number
 * @throws {RangeError} if lengths differ or an added cost is not positive
 * @see Dekoninck, Baader & Vechev 2025, arXiv:2410.10347 (areas under cost-quality curves of cascades)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { frontierArea } from "lib/stats/frontier_area.ts";
 * const { value } = frontierArea([0.9, 0.1], { change: [-1, 0], addedCost: [4, 4] });
 * assert.equal(value, 0.125); // the line falls to -1/2; the frontier is there at half the cost
 * ```
 */
export function frontierArea(scores: ArrayLike<number>, escalation: Escalation): Influence {
  const { order, ends } = escalationOrder(scores, escalation);
  const { change, addedCost } = escalation;
  const n = change.length;
  let meanCost = 0;
  let meanChange = 0;
  for (let i = 0; i < n; i++) {
    meanCost += addedCost[i]! / n;
    meanChange += change[i]! / n;
  }
  const influence = new Float64Array(n);
  let pairs = 0; // 1/n^2 sum_ij d_i a_j (1/2 - h_ij)
  let costBelow = 0; // of the groups with lower scores, divided by n
  let changeBelow = 0;
  let first = 0;
  for (const end of ends) {
    let cost = 0;
    let gain = 0;
    for (let k = first; k < end; k++) {
      cost += addedCost[order[k]!]! / n;
      gain += change[order[k]!]! / n;
    }
    for (let k = first; k < end; k++) {
      const item = order[k]!;
      const asGain = change[item]! * (meanCost / 2 - costBelow - cost / 2);
      const changeAbove = meanChange - changeBelow - gain / 2;
      const asCost = addedCost[item]! * (meanChange / 2 - changeAbove);
      pairs += asGain / n;
      influence[item] = asGain + asCost;
    }
    costBelow += cost;
    changeBelow += gain;
    first = end;
  }
  const value = pairs / meanCost;
  return {
    value,
    influence: influence.map((moved, i) =>
      ((moved - 2 * pairs) / meanCost - value * (addedCost[i]! / meanCost - 1)) / n
    ),
  };
}

/**
 * Paired percentile bootstrap of the areas of several scores over items, or whole clusters. Every resample is
 * ranked anew. Below 30 clusters use clusterT() on frontierArea()'s influence instead.
 * @param scores routing scores by name, each of shape [n]
 * @returns area with its interval and the draws, by name
 * @throws {GuardrailError} and {RangeError} as frontierArea()
 */
export function bootstrapFrontierArea(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  escalation: Escalation,
  { nResamples, rng, clusters }: {
    readonly nResamples: number;
    readonly rng: RandomStream;
    readonly clusters?: ArrayLike<string | number>;
  },
): Record<string, { readonly estimate: Estimate; readonly draws: Float64Array }> {
  const n = escalation.change.length;
  const names = Object.keys(scores);
  const passes = names.map((name) => preparePass(escalationOrder(scores[name]!, escalation), escalation));
  const draw = drawUnits(n, { rng, clusters });
  const draws = names.map(() => new Float64Array(nResamples));
  const weights = new Uint32Array(LANES * n);
  for (let first = 0; first < nResamples; first += LANES) {
    const nLanes = Math.min(LANES, nResamples - first);
    weights.fill(0);
    for (let lane = 0; lane < nLanes; lane++) draw(weights, lane);
    passes.forEach((pass, name) => {
      for (let lane = 0; lane < nLanes; lane++) {
        draws[name]![first + lane] = weightedArea(pass, weights, lane);
      }
    });
  }
  return Object.fromEntries(names.map((name, i) => {
    const { value } = frontierArea(scores[name]!, escalation);
    return [name, { estimate: percentileEstimate(value, draws[i]!), draws: draws[i]! }];
  }));
}

/** A ranking ready for many passes: change, cost and place of the weight, from the lowest score up. */
interface Pass {
  readonly change: Float64Array;
  readonly cost: Float64Array;
  readonly weightAt: Uint32Array;
  /** ends of the groups of ties; undefined when no two scores are tied */
  readonly ends?: Uint32Array;
}

function preparePass({ order, ends }: TieGroups, { change, addedCost }: Escalation): Pass {
  return {
    change: Float64Array.from(order, (item) => change[item]!),
    cost: Float64Array.from(order, (item) => addedCost[item]!),
    weightAt: order.map((item) => LANES * item),
    ...(ends.length < order.length && { ends }),
  };
}

/** sum_ij w_i w_j d_i a_j (1/2 - h_ij) / (total weight * summed cost) of one resample. */
function weightedArea({ change, cost, weightAt, ends }: Pass, weights: Uint32Array, lane: number): number {
  let total = 0;
  let costBelow = 0;
  let changeSum = 0;
  let wins = 0; // sum_ij w_i w_j d_i a_j h_ij
  if (ends === undefined) {
    for (let place = 0; place < weightAt.length; place++) {
      const weight = weights[weightAt[place]! + lane]!;
      const added = weight * cost[place]!;
      const moved = weight * change[place]!;
      total += weight;
      wins += moved * (costBelow + added / 2);
      costBelow += added;
      changeSum += moved;
    }
  } else {
    let place = 0;
    for (let g = 0; g < ends.length; g++) {
      const end = ends[g]!;
      let added = 0;
      let moved = 0;
      for (; place < end; place++) {
        const weight = weights[weightAt[place]! + lane]!;
        total += weight;
        added += weight * cost[place]!;
        moved += weight * change[place]!;
      }
      wins += moved * (costBelow + added / 2);
      costBelow += added;
      changeSum += moved;
    }
  }
  return (changeSum * costBelow / 2 - wins) / (total * costBelow);
}

/** Checks the items and ranks them, lowest score first. */
export function escalationOrder(scores: ArrayLike<number>, { change, addedCost }: Escalation): TieGroups {
  const n = change.length;
  if (n === 0) throw new GuardrailError("empty-split", "Cannot route: needs items, got none");
  if (scores.length !== n || addedCost.length !== n) {
    throw new RangeError(
      `Cannot route: needs ${n} scores and costs, got ${scores.length} and ${addedCost.length}`,
    );
  }
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(change[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot route: needs finite errors, got ${change[i]} in row ${i}`,
      );
    }
    if (!(addedCost[i]! > 0 && addedCost[i]! < Infinity)) {
      throw new RangeError(`Cannot route: needs positive added costs, got ${addedCost[i]} in row ${i}`);
    }
  }
  return tieGroups(scores);
}
