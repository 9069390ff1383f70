/**
 * Q4, cascade, corrected: an escalated item pays for both models (the cheap one had to run first), thresholds lie at
 * quantiles of the score, and the verdict is the area between the frontier and random escalation with its interval,
 * beside what the same scores give when dealt to the items at random (flaw F14).
 */
import { quantileSorted } from "../math/quantile.ts";
import type { RandomStream } from "../math/random.ts";
import { mean } from "../math/sum.ts";
import { bootstrapFrontierArea, type Escalation, frontierArea } from "../stats/frontier_area.ts";
import { type AreaEstimate, estimateArea, needsDraws } from "../stats/infer_areas.ts";
import { shuffledFrontier } from "../stats/shuffled_frontier.ts";
import { type CostedModels, escalationOf, requireModels } from "./cascade_models.ts";

/** Items with a score >= tau run the expensive model as well. */
export interface CorrectedPoint {
  /** null escalates nothing */
  readonly tau: number | null;
  readonly mean_error: number;
  readonly mean_cost: number;
  readonly frac_to_exp: number;
  /** Error strictly below that of sending a random share straight to the expensive model, at the same cost. */
  readonly is_dominating: boolean;
}

/** The scores dealt to the items at random. */
export interface ShuffledSummary {
  readonly n_permutations: number;
  readonly mean_dominating_points: number;
  readonly p_dominating_points: number;
  readonly mean_area: number;
  readonly area_low: number;
  readonly area_high: number;
  readonly p_area: number;
}

/** Routing by one score. */
export interface CorrectedProbe {
  readonly frontier: readonly CorrectedPoint[];
  readonly n_dominating_points: number;
  /** Error saved against escalating at random, mean over all budgets; of `oracle_area` at best. */
  readonly area: AreaEstimate;
  readonly share_of_oracle_area: number;
  readonly shuffled: ShuffledSummary;
}

/** The corrected cascade of several scores over the same items. */
export interface CorrectedCascade {
  readonly n_windows: number;
  readonly always_cheap: { readonly mean_error: number; readonly cost: number };
  readonly always_expensive: { readonly mean_error: number; readonly cost: number };
  /** Every item runs both models: where the frontier ends. */
  readonly always_both: { readonly mean_error: number; readonly cost: number };
  /** Area when items are escalated in the order of error saved per cost. */
  readonly oracle_area: number;
  readonly probes: Readonly<Record<string, CorrectedProbe>>;
}

/** Resamples, permutations, streams, and the clusters of the items. */
export interface CorrectedCascadeOptions {
  readonly nResamples: number;
  readonly nPermutations: number;
  readonly bootstrapRng: RandomStream;
  readonly shuffleRng: RandomStream;
  /** Cluster of each item, shape [n]: whole clusters are resampled, or cluster t below 30 of them. */
  readonly clusters?: ArrayLike<string | number>;
  /** Thresholds at the quantiles 0, 1 / (nThresholds - 1) .. 1 of the score, and one above; 41 unless told. */
  readonly nThresholds?: number;
}

/**
 * The corrected cascade. Threshold t costs `1/n sum_i (a_i + b_i 1[s_i >= t])` and errs
 * `1/n sum_i (e_i + (f_i - e_i) 1[s_i >= t])`, with a, e the cheap model's costs and errors and b, f the expensive one's.
 * @param scores routing scores by name, each of shape [n], on any scale
 * @param models errors and costs, each of shape [n]; costs are positive
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error,
 * "single-class" where the models err alike on every item (no routing can matter)
 * @throws {RangeError} if lengths differ or a cost is not positive
 * @see area: frontierArea(); baseline: shuffledFrontier(); Chen, Zaharia & Zou 2023, arXiv:2305.05176 (cascades)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { correctedCascade } from "lib/questions/cascade_corrected.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const models = {
 *   cheapErrors: [0, 0, 1, 1],
 *   expensiveErrors: [0, 0, 0, 0],
 *   cheapCosts: [1, 1, 1, 1],
 *   expensiveCosts: [5, 5, 5, 5],
 * };
 * const { probes } = correctedCascade({ perfect: [1, 2, 3, 4] }, models, {
 *   nResamples: 50,
 *   nPermutations: 99,
 *   bootstrapRng: randomStream(1, "q4/bootstrap"),
 *   shuffleRng: randomStream(1, "q4/shuffle"),
 * });
 * assert.equal(probes.perfect!.share_of_oracle_area, 1);
 * assert.equal(probes.perfect!.area.point, 0.125);
 * ```
 */
export function correctedCascade(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  models: CostedModels,
  options: CorrectedCascadeOptions,
): CorrectedCascade {
  requireModels(models);
  const escalation = escalationOf(models);
  const gains = Float64Array.from(escalation.change, (change, i) => -change / escalation.addedCost[i]!);
  const oracleArea = frontierArea(gains, escalation).value;
  const intervals = estimateAreas(scores, escalation, options);
  const cheap = { mean_error: mean(models.cheapErrors), cost: mean(models.cheapCosts) };
  const expensive = { mean_error: mean(models.expensiveErrors), cost: mean(models.expensiveCosts) };
  return {
    n_windows: models.cheapErrors.length,
    always_cheap: cheap,
    always_expensive: expensive,
    always_both: { mean_error: expensive.mean_error, cost: cheap.cost + expensive.cost },
    oracle_area: oracleArea,
    probes: Object.fromEntries(
      Object.keys(scores).map((name) => {
        const isDominating = (addedCost: number, change: number) =>
          addedCost > 0 && cheap.mean_error + change < mixingError(cheap.cost + addedCost, cheap, expensive);
        const thresholds = quantileThresholds(scores[name]!, options.nThresholds ?? 41);
        const shuffled = shuffledFrontier(scores[name]!, escalation, {
          thresholds,
          isDominating,
          nPermutations: options.nPermutations,
          rng: options.shuffleRng,
        });
        const frontier = [...thresholds, Infinity].map((tau) =>
          pointAt(tau, scores[name]!, models, isDominating)
        );
        return [name, {
          frontier,
          n_dominating_points: shuffled.observedCount,
          area: intervals[name]!,
          share_of_oracle_area: intervals[name]!.point / oracleArea,
          shuffled: {
            n_permutations: options.nPermutations,
            mean_dominating_points: shuffled.meanCount,
            p_dominating_points: shuffled.pCount,
            mean_area: mean(shuffled.areas),
            area_low: shuffled.areaRange[0],
            area_high: shuffled.areaRange[1],
            p_area: shuffled.pArea,
          },
        }];
      }),
    ),
  };
}

/** Distinct quantiles of a score, ascending. */
export function quantileThresholds(scores: ArrayLike<number>, nThresholds: number): Float64Array {
  const sorted = Float64Array.from(scores).sort();
  const quantiles = Array.from(
    { length: nThresholds },
    (_, i) => quantileSorted(sorted, i / (nThresholds - 1)),
  );
  return Float64Array.from(new Set(quantiles));
}

/** Error at a cost when a random share of items goes straight to the expensive model, which costs no more than it. */
function mixingError(
  cost: number,
  cheap: { readonly mean_error: number; readonly cost: number },
  expensive: { readonly mean_error: number; readonly cost: number },
): number {
  const share = expensive.cost > cheap.cost
    ? Math.min(1, (cost - cheap.cost) / (expensive.cost - cheap.cost))
    : 1;
  const error = cheap.mean_error + share * (expensive.mean_error - cheap.mean_error);
  return error - 1e-12 * Math.max(Math.abs(cheap.mean_error), Math.abs(expensive.mean_error)); // no rounding wins
}

function pointAt(
  tau: number,
  scores: ArrayLike<number>,
  { cheapErrors, expensiveErrors, cheapCosts, expensiveCosts }: CostedModels,
  isDominating: (addedCost: number, change: number) => boolean,
): CorrectedPoint {
  const n = cheapErrors.length;
  let nEscalated = 0;
  let change = 0;
  let added = 0;
  for (let i = 0; i < n; i++) {
    if (scores[i]! < tau) continue;
    nEscalated++;
    change += expensiveErrors[i]! - cheapErrors[i]!;
    added += expensiveCosts[i]!;
  }
  return {
    tau: Number.isFinite(tau) ? tau : null,
    mean_error: mean(cheapErrors) + change / n,
    mean_cost: mean(cheapCosts) + added / n,
    frac_to_exp: nEscalated / n,
    is_dominating: isDominating(added / n, change / n),
  };
}

function estimateAreas(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  escalation: Escalation,
  { nResamples, bootstrapRng: rng, clusters }: CorrectedCascadeOptions,
): Record<string, AreaEstimate> {
  const bootstrap = needsDraws(clusters)
    ? bootstrapFrontierArea(scores, escalation, { nResamples, rng, ...(clusters && { clusters }) })
    : undefined;
  return Object.fromEntries(
    Object.entries(scores).map((
      [name, values],
    ) => [name, estimateArea(frontierArea(values, escalation), bootstrap?.[name]?.draws ?? [], clusters)]),
  );
}
