/**
 * Other things that "shuffled scores" may mean. A deal of scores to items keeps every item's two errors together and
 * the items as they are; a baseline that shuffles the two models' errors apart, or draws items anew, has another law.
 */
import type { RandomStream } from "../../math/random.ts";
import { shareError } from "../../stats/draws.ts";

/** The count of dominating thresholds under one such baseline. */
export interface OtherShuffle {
  readonly baseline: string;
  readonly n_deals: number;
  readonly mean: number;
  /** (1 + deals with at least the observed count) / (1 + deals) */
  readonly p_at_least: number;
  /** Monte Carlo standard error of it. */
  readonly p_error: number;
}

/** Errors of both models by item, and how many items each threshold escalates. */
export interface ShuffledInput {
  readonly cheapErrors: ArrayLike<number>;
  readonly expensiveErrors: ArrayLike<number>;
  readonly cuts: ArrayLike<number>;
  readonly observed: number;
}

/**
 * P(count >= observed) with the two models' errors shuffled apart, and with items drawn with replacement; in each
 * deal the line that a threshold has to beat is that of the dealt errors.
 * @see Phipson & Smyth 2010, doi:10.2202/1544-6115.1585 (why b + 1 and B + 1)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "lib/math/random.ts";
 * import { otherShuffles } from "lib/run/records/other_shuffles.ts";
 * const input = { cheapErrors: [1, 0], expensiveErrors: [0, 0], cuts: [1], observed: 1 };
 * const [apart] = otherShuffles(input, { nDeals: 999, rngOf: (name) => randomStream(1, name) });
 * assert.ok(Math.abs(apart!.mean - 0.5) < 0.1); // the one gain comes first in half of the deals
 * ```
 */
export function otherShuffles(
  { cheapErrors, expensiveErrors, cuts, observed }: ShuffledInput,
  { nDeals, rngOf }: { readonly nDeals: number; readonly rngOf: (baseline: string) => RandomStream },
): OtherShuffle[] {
  const n = cheapErrors.length;
  const [cheap, expensive] = [Float64Array.from(cheapErrors), Float64Array.from(expensiveErrors)];
  const isOwnCut = Uint32Array.from(cuts).filter((k) => k > 0 && k < n);
  const change = new Float64Array(n);
  const sums = new Float64Array(n + 1);
  const measure = (baseline: string, deal: (rng: RandomStream) => void): OtherShuffle => {
    const rng = rngOf(baseline);
    let total = 0, nExtreme = 0;
    for (let r = 0; r < nDeals; r++) {
      deal(rng);
      for (let k = 0; k < n; k++) sums[k + 1] = sums[k]! + change[k]!;
      // The thresholds that dominate: below the line from no escalation to all of it, beyond rounding.
      const count = isOwnCut.filter((k) => sums[k]! < k / n * sums[n]! - 1e-9 * n).length;
      total += count;
      if (count >= observed) nExtreme++;
    }
    const p = (1 + nExtreme) / (1 + nDeals);
    return { baseline, n_deals: nDeals, mean: total / nDeals, p_at_least: p, p_error: shareError(p, nDeals) };
  };
  return [
    measure("the two models' errors shuffled apart", (rng) => {
      rng.shuffleInPlace(cheap);
      rng.shuffleInPlace(expensive);
      for (let i = 0; i < n; i++) change[i] = expensive[i]! - cheap[i]!;
    }),
    measure("items drawn with replacement", (rng) => {
      for (let i = 0; i < n; i++) {
        const item = rng.integers(n);
        change[i] = expensiveErrors[item]! - cheapErrors[item]!;
      }
    }),
  ];
}
