/**
 * Q4, cascade: the items that look hard go to the expensive model. Every threshold on a score gives a mean cost
 * and a mean error; the line between always-cheap and always-expensive is what routing at random achieves.
 */
import { GuardrailError } from "../guardrail.ts";
import { argsortIntrosort } from "../math/argsort.ts";
import type { RandomStream } from "../math/random.ts";
import { randomSubsetSum } from "../math/subset_sum.ts";
import { mean, pairwiseSum } from "../math/sum.ts";
import { roundHalfEven } from "../stats/risk_coverage.ts";

/** One threshold: items with a score >= tau go to the expensive model. */
export interface FrontierPoint {
  readonly tau: number;
  readonly mean_error: number;
  readonly mean_cost: number;
  readonly frac_to_exp: number;
}

/** Routing by one score. */
export interface CascadeProbe {
  readonly frontier: readonly FrontierPoint[];
  /** Thresholds with a cost strictly between the two models' and an error below the line between them. */
  readonly n_dominating_points: number;
  /** The dominating point of lowest error, the first of equals. */
  readonly best_dominating: FrontierPoint | null;
}

/** [mean cost, mean error, fraction sent to the expensive model] */
export type CurveTriple = readonly [cost: number, error: number, fraction: number];

/** The artifact `cascade_results.json`. */
export interface CascadeResult {
  readonly n_windows: number;
  readonly always_cheap: { readonly mean_error: number; readonly cost: number };
  readonly always_expensive: { readonly mean_error: number; readonly cost: number };
  /** Fraction of items on which the expensive model's error is strictly lower. */
  readonly win_rate_expensive: number;
  readonly random_curve: readonly CurveTriple[];
  readonly oracle_curve: readonly CurveTriple[];
  readonly probes: Readonly<Record<string, CascadeProbe>>;
}

/** Per-item errors of the two models, in the same order, and what one item costs on each. */
export interface CascadeModels {
  readonly cheapErrors: ArrayLike<number>;
  readonly expensiveErrors: ArrayLike<number>;
  readonly cheapCost: number;
  readonly expensiveCost: number;
}

const N_THRESHOLDS = 41;
const N_FRACTIONS = 21;

/**
 * The published cascade: 41 thresholds on [0, 1], and two baselines at 21 fractions, random routing (the mean of
 * `nTrials` random choices) and an oracle that sends the items with the largest error gap first.
 * @param scores routing scores by name, each of shape [n]; probabilities, as thresholds span [0, 1]
 * @param models errors of shape [n], costs with cheap < expensive
 * @param options trials of random routing; their stream (published: default_rng(seed))
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if lengths differ or the costs are not 0 <= cheap < expensive
 * @see Chen, Zaharia & Zou 2023, arXiv:2305.05176 (cascades); corrected: cascade_corrected.ts
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cascade } from "lib/questions/cascade.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const models = { cheapErrors: [0, 1], expensiveErrors: [0, 0], cheapCost: 1, expensiveCost: 5 };
 * const result = cascade({ P1: [0.2, 0.8] }, models, { nTrials: 10, rng: randomStream(1, "q4/random") });
 * assert.equal(result.probes.P1!.best_dominating!.mean_error, 0);
 * ```
 */
export function cascade(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  models: CascadeModels,
  options: { readonly nTrials: number; readonly rng: RandomStream },
): CascadeResult {
  requireModels(models);
  const { cheapErrors, expensiveErrors, cheapCost, expensiveCost } = models;
  const n = cheapErrors.length;
  let wins = 0;
  for (let i = 0; i < n; i++) if (expensiveErrors[i]! < cheapErrors[i]!) wins++;
  return {
    n_windows: n,
    always_cheap: { mean_error: mean(cheapErrors), cost: cheapCost },
    always_expensive: { mean_error: mean(expensiveErrors), cost: expensiveCost },
    win_rate_expensive: wins / n,
    random_curve: routeRandomly(models, options),
    oracle_curve: routeByGap(models),
    probes: Object.fromEntries(
      Object.entries(scores).map(([name, values]) => [name, routeByScore(name, values, models)]),
    ),
  };
}

/** Thresholds, frontier and dominating points of one score. */
function routeByScore(name: string, scores: ArrayLike<number>, models: CascadeModels): CascadeProbe {
  const n = models.cheapErrors.length;
  if (scores.length !== n) {
    throw new RangeError(`Cannot route by ${name}: needs ${n} scores, got ${scores.length}`);
  }
  requireFinite(scores, `score of ${name}`);
  const frontier = Array.from({ length: N_THRESHOLDS }, (_, i): FrontierPoint => {
    const tau = evenly(i, N_THRESHOLDS);
    const { cost, error, fraction } = route((item) => scores[item]! >= tau, models);
    return { tau, mean_error: error, mean_cost: cost, frac_to_exp: fraction };
  });
  const dominating = frontier.filter((point) => isDominating(point, models));
  return {
    frontier,
    n_dominating_points: dominating.length,
    best_dominating: dominating.reduce<FrontierPoint | null>(
      (best, point) => best === null || point.mean_error < best.mean_error ? point : best,
      null,
    ),
  };
}

/** The published test, with its two guards against rounding. */
function isDominating(point: FrontierPoint, models: CascadeModels): boolean {
  const { cheapCost, expensiveCost } = models;
  if (!(cheapCost < point.mean_cost && point.mean_cost < expensiveCost)) return false;
  const t = (point.mean_cost - cheapCost) / (expensiveCost - cheapCost + 1e-12);
  const cheapError = mean(models.cheapErrors);
  return point.mean_error < cheapError + t * (mean(models.expensiveErrors) - cheapError) - 1e-9;
}

function routeByGap(models: CascadeModels): CurveTriple[] {
  const { cheapErrors, expensiveErrors } = models;
  const n = cheapErrors.length;
  const negativeGap = Float64Array.from(cheapErrors, (error, i) => -(error - expensiveErrors[i]!));
  const rank = new Uint32Array(n);
  argsortIntrosort(negativeGap).forEach((item, position) => rank[item] = position);
  return Array.from({ length: N_FRACTIONS }, (_, i) => {
    const wanted = evenly(i, N_FRACTIONS);
    const nExpensive = roundHalfEven(wanted * n);
    const { cost, error } = route((item) => rank[item]! < nExpensive, models);
    return [cost, error, wanted] as const;
  });
}

function routeRandomly(
  models: CascadeModels,
  { nTrials, rng }: { readonly nTrials: number; readonly rng: RandomStream },
): CurveTriple[] {
  const { cheapErrors, expensiveErrors, cheapCost, expensiveCost } = models;
  const n = cheapErrors.length;
  const change = Float64Array.from(cheapErrors, (error, i) => expensiveErrors[i]! - error);
  const cheapSum = pairwiseSum(cheapErrors);
  const errors = new Float64Array(nTrials);
  return Array.from({ length: N_FRACTIONS }, (_, i) => {
    const fraction = evenly(i, N_FRACTIONS);
    const nExpensive = roundHalfEven(fraction * n);
    const cost = (nExpensive * expensiveCost + (n - nExpensive) * cheapCost) / n;
    for (let trial = 0; trial < nTrials; trial++) {
      errors[trial] = (cheapSum + randomSubsetSum(rng, change, nExpensive)) / n;
    }
    return [mean(new Float64Array(nTrials).fill(cost)), mean(errors), fraction] as const;
  });
}

/** Mean cost, mean error and fraction when `toExpensive` chooses. */
function route(
  toExpensive: (item: number) => boolean,
  models: CascadeModels,
): { cost: number; error: number; fraction: number } {
  const n = models.cheapErrors.length;
  const errors = new Float64Array(n);
  const costs = new Float64Array(n);
  let nExpensive = 0;
  for (let item = 0; item < n; item++) {
    const expensive = toExpensive(item);
    errors[item] = expensive ? models.expensiveErrors[item]! : models.cheapErrors[item]!;
    costs[item] = expensive ? models.expensiveCost : models.cheapCost;
    if (expensive) nExpensive++;
  }
  return { cost: mean(costs), error: mean(errors), fraction: nExpensive / n };
}

/** Element i of numpy.linspace(0, 1, n). */
function evenly(i: number, n: number): number {
  return i === n - 1 ? 1 : i * (1 / (n - 1));
}

function requireModels(models: CascadeModels): void {
  const { cheapErrors, expensiveErrors, cheapCost, expensiveCost } = models;
  const n = cheapErrors.length;
  if (expensiveErrors.length !== n) {
    throw new RangeError(
      `Cannot route: needs one error a model, got ${n} cheap and ${expensiveErrors.length}`,
    );
  }
  if (n === 0) throw new GuardrailError("empty-split", "Cannot route: needs items, got none");
  if (!(cheapCost >= 0 && cheapCost < expensiveCost && expensiveCost < Infinity)) {
    throw new RangeError(
      `Cannot route: needs 0 <= cheap < expensive cost, got ${cheapCost} and ${expensiveCost}`,
    );
  }
  requireFinite(cheapErrors, "cheap error");
  requireFinite(expensiveErrors, "expensive error");
}

function requireFinite(values: ArrayLike<number>, what: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot route: needs a finite ${what}, got ${values[i]} in row ${i}`,
      );
    }
  }
}
