/**
 * Classes of tokens whose reconstruction is judged apart: a few positions of massive norm hold most of the variance, so
 * that one figure over all tokens hides where an SAE fails (study, flaw F3).
 */

/** `first`: position 0. `eos`: the item's end token. `massive`: norm above 10 x the median. `rest`: all others. */
export type PositionClass = "first" | "eos" | "massive" | "rest";

export const POSITION_CLASSES: readonly PositionClass[] = ["first", "eos", "massive", "rest"];

/** What decides a token's class; the first that applies, in the order above. */
export interface PositionClassRule {
  /** Median norm of the data's tokens. */
  readonly medianNorm: number;
  /** Whether a position is its item's end token; default never. */
  readonly isEos?: (item: number, position: number) => boolean;
}

/** Norms above this many medians are massive. */
export const MASSIVE_RATIO = 10;

/**
 * The class of a token.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { positionClass } from "lib/sae/position_class.ts";
 * assert.equal(positionClass({ item: 3, position: 5, norm: 80 }, { medianNorm: 7 }), "massive");
 * assert.equal(positionClass({ item: 3, position: 0, norm: 80 }, { medianNorm: 7 }), "first");
 * ```
 */
export function positionClass(
  { item, position, norm }: { readonly item: number; readonly position: number; readonly norm: number },
  { medianNorm, isEos }: PositionClassRule,
): PositionClass {
  if (position === 0) return "first";
  if (isEos?.(item, position)) return "eos";
  return norm > MASSIVE_RATIO * medianNorm ? "massive" : "rest";
}
