/**
 * Q4, calibrated routing: with calibrated probabilities of failure of both models, an item is worth escalating when
 * the error it is expected to save is worth more than what the expensive model costs on it. One price of error
 * against cost gives one policy, known before any label is; the plan is then held against what happens. Monotone
 * recalibration leaves thresholds at quantiles of the score where they are: this is what calibration is for.
 */
import { GuardrailError } from "../guardrail.ts";
import { mean } from "../math/sum.ts";
import { fitIsotonic, predictIsotonic } from "../stats/isotonic.ts";
import type { CostedModels } from "./cascade_models.ts";

/** Calibrated probabilities that each model fails an item (or its expected error), each of shape [n]. */
export interface ExpectedErrors {
  readonly cheap: ArrayLike<number>;
  readonly expensive: ArrayLike<number>;
}

/** One price: what was planned and what came. */
export interface PricedPoint {
  /** Error that one unit of cost is worth. */
  readonly price: number;
  readonly frac_to_exp: number;
  readonly mean_cost: number;
  readonly planned_error: number;
  readonly mean_error: number;
}

/**
 * Escalates item i where `expected cheap error - expected expensive error > price x cost of the expensive model`.
 * At price 0 every item with an expected gain goes; the planned error is the mean expected error under the policy.
 * @param expected from curves fitted on other items, e.g. fitIsotonic() of each model's error on the score
 * @param models errors and costs, each of shape [n]
 * @param prices in error per cost, any order
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite expectation
 * @throws {RangeError} if lengths differ
 * @see Elkan 2001, "The foundations of cost-sensitive learning" (IJCAI), equation 1
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { routeByPrice } from "lib/questions/cascade_calibrated.ts";
 * const models = { cheapErrors: [0, 1], expensiveErrors: [0, 0], cheapCosts: [1, 1], expensiveCosts: [5, 5] };
 * const [free, dear] = routeByPrice({ cheap: [0.1, 0.9], expensive: [0, 0] }, models, [0, 1]);
 * assert.deepEqual([free!.frac_to_exp, dear!.frac_to_exp], [1, 0]);
 * ```
 */
export function routeByPrice(
  { cheap, expensive }: ExpectedErrors,
  { cheapErrors, expensiveErrors, cheapCosts, expensiveCosts }: CostedModels,
  prices: readonly number[],
): PricedPoint[] {
  const n = cheapErrors.length;
  if (n === 0) throw new GuardrailError("empty-split", "Cannot route: needs items, got none");
  for (const column of [cheap, expensive, expensiveErrors, cheapCosts, expensiveCosts]) {
    if (column.length !== n) {
      throw new RangeError(`Cannot route: needs columns of ${n} items, got ${column.length}`);
    }
  }
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(cheap[i]! - expensive[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot route: needs finite expected errors, got ${cheap[i]} and ${expensive[i]} in row ${i}`,
      );
    }
  }
  return prices.map((price) => {
    let nEscalated = 0;
    let cost = 0;
    let planned = 0;
    let error = 0;
    for (let i = 0; i < n; i++) {
      const escalate = cheap[i]! - expensive[i]! > price * expensiveCosts[i]!;
      if (escalate) {
        nEscalated++;
        cost += expensiveCosts[i]!;
      }
      planned += escalate ? expensive[i]! : cheap[i]!;
      error += escalate ? expensiveErrors[i]! : cheapErrors[i]!;
    }
    return {
      price,
      frac_to_exp: nEscalated / n,
      mean_cost: mean(cheapCosts) + cost / n,
      planned_error: planned / n,
      mean_error: error / n,
    };
  });
}

/** What each model did on calibration items, beside the score that routes; each of shape [n]. */
export interface RoutedItems {
  readonly scores: ArrayLike<number>;
  readonly cheapErrors: ArrayLike<number>;
  readonly expensiveErrors: ArrayLike<number>;
}

/**
 * Expected errors of both models on new items: isotonic curves of each model's error on the score, fitted to
 * calibration items. An error that falls with the score gets the constant curve of its mean.
 * @param calibration items that neither the score nor the policy is judged on
 * @param scores of the new items, shape [m]
 * @throws as fitIsotonic()
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { expectErrors } from "lib/questions/cascade_calibrated.ts";
 * const known = { scores: [1, 2, 3, 4], cheapErrors: [0, 0, 1, 1], expensiveErrors: [0, 1, 0, 1] };
 * const { cheap, expensive } = expectErrors(known, [1, 4]);
 * assert.deepEqual([[...cheap], [...expensive]], [[0, 1], [0, 1]]);
 * ```
 */
export function expectErrors(
  { scores: known, cheapErrors, expensiveErrors }: RoutedItems,
  scores: ArrayLike<number>,
): { readonly cheap: Float64Array; readonly expensive: Float64Array } {
  const expected = (errors: ArrayLike<number>) => predictIsotonic(fitIsotonic(known, errors), scores);
  return { cheap: expected(cheapErrors), expensive: expected(expensiveErrors) };
}
