/** The two models of a cascade: what each item costs and errs, and what escalating it adds and changes. */
import { GuardrailError } from "../guardrail.ts";
import type { Escalation } from "../stats/frontier_area.ts";

/** Per-item errors and costs of the two models, in the same order. Costs in any one unit: parameters x tokens, s. */
export interface CostedModels {
  readonly cheapErrors: ArrayLike<number>;
  readonly expensiveErrors: ArrayLike<number>;
  readonly cheapCosts: ArrayLike<number>;
  readonly expensiveCosts: ArrayLike<number>;
}

/**
 * Cost of running a model over each item, as parameters x tokens: two floating-point operations each in a forward
 * pass, attention's own products left out.
 * @param nParameters parameters that take part in a forward pass
 * @param nTokens tokens processed for each item, shape [n]
 * @see Kaplan et al. 2020, arXiv:2001.08361, section 2.1
 */
export function parameterTokens(nParameters: number, nTokens: ArrayLike<number>): Float64Array {
  return Float64Array.from(nTokens, (tokens) => nParameters * tokens);
}

/** What escalating each item changes: an escalated item pays for both models. */
export function escalationOf(models: CostedModels): Escalation {
  return {
    change: Float64Array.from(models.expensiveErrors, (error, i) => error - models.cheapErrors[i]!),
    addedCost: models.expensiveCosts,
  };
}

/**
 * Refuses models that no routing can be judged on.
 * @throws {GuardrailError} "empty-split" without items, "single-class" where the models err alike on every item
 * @throws {RangeError} if lengths differ or a cost is not positive
 */
export function requireModels(
  { cheapErrors, expensiveErrors, cheapCosts, expensiveCosts }: CostedModels,
): void {
  const n = cheapErrors.length;
  for (const column of [expensiveErrors, cheapCosts, expensiveCosts]) {
    if (column.length !== n) {
      throw new RangeError(`Cannot route: needs ${n} errors and costs of both models, got ${column.length}`);
    }
  }
  if (n === 0) throw new GuardrailError("empty-split", "Cannot route: needs items, got none");
  let differs = false;
  for (let i = 0; i < n; i++) {
    if (!(cheapCosts[i]! > 0 && cheapCosts[i]! < Infinity)) {
      throw new RangeError(`Cannot route: needs positive costs, got ${cheapCosts[i]} in row ${i}`);
    }
    differs ||= cheapErrors[i] !== expensiveErrors[i];
  }
  if (!differs) {
    throw new GuardrailError("single-class", `Cannot route: the models err alike on all ${n} items`);
  }
}
