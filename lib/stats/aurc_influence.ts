/**
 * Influence of each item on the areas under risk against coverage: what cluster_t.ts and batch_means.ts need to
 * give them an honest interval when items come in few clusters or from overlapping windows.
 */
import { rankForKeeping } from "./aurc.ts";
import type { Influence } from "./influence.ts";
import type { TieGroups } from "./tie_groups.ts";

/**
 * AURC or AUGRC of a score with its influence values. With F_i the share of items kept no later than i (ties one
 * half), AUGRC is the mean over pairs of `e_i 1[s_i <= s_j]`, so item i moves it by
 * `(e_i (1 - F_i) + mean_j e_j 1[s_j <= s_i] - 2 AUGRC) / n`. AURC = integral of r(c) dc with r the selective risk
 * at coverage c: item i at place p moves it by `(r_p - AURC + sum_{k >= p} (e_i - r_k) / k) / n`.
 * @param scores shape [n]; higher is harder
 * @param errors per-item error, shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if the lengths differ
 * @see Hampel 1974, doi:10.1080/01621459.1974.10482962 (influence functions); areas: aurc.ts
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { areaInfluence } from "lib/stats/aurc_influence.ts";
 * const { value, influence } = areaInfluence([1, 2, 3, 4], [0, 1, 0, 1], "augrc");
 * assert.equal(value, 0.1875);
 * assert.ok(Math.abs(influence.reduce((sum, x) => sum + x, 0)) < 1e-15);
 * ```
 */
export function areaInfluence(
  scores: ArrayLike<number>,
  errors: ArrayLike<number>,
  area: "aurc" | "augrc",
): Influence {
  const groups = rankForKeeping(scores, errors);
  const raw = area === "aurc" ? aurcMoves(groups, errors) : augrcMoves(groups, errors);
  // Centring removes terms of order 1 / n^2 that only discreteness brings.
  const mean = raw.influence.reduce((sum, x) => sum + x, 0) / errors.length;
  return { value: raw.value, influence: raw.influence.map((x) => x - mean) };
}

/**
 * area(a) - area(b) on the same items.
 * @throws {GuardrailError} as areaInfluence()
 */
export function areaDeltaInfluence(
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  errors: ArrayLike<number>,
  area: "aurc" | "augrc",
): Influence {
  const a = areaInfluence(scoresA, errors, area);
  const b = areaInfluence(scoresB, errors, area);
  return { value: a.value - b.value, influence: a.influence.map((x, i) => x - b.influence[i]!) };
}

function augrcMoves({ order, ends }: TieGroups, errors: ArrayLike<number>): Influence {
  const n = errors.length;
  const influence = new Float64Array(n);
  let value = 0;
  visitGroups({ order, ends }, errors, ({ first, end, before, sum }) => {
    const middle = (first + end) / 2;
    for (let k = first; k < end; k++) {
      const error = errors[order[k]!]!;
      value += error * (n - middle) / n / n;
      influence[order[k]!] = (error * (n - middle) / n + (before + sum / 2) / n) / n;
    }
  });
  return { value, influence: influence.map((x) => x - 2 * value / n) };
}

function aurcMoves({ order, ends }: TieGroups, errors: ArrayLike<number>): Influence {
  const n = errors.length;
  const risk = new Float64Array(n + 1); // risk[k]: mean error of the first k, ties averaged
  visitGroups({ order, ends }, errors, ({ first, end, before, sum }) => {
    for (let k = first + 1; k <= end; k++) risk[k] = (before + sum * (k - first) / (end - first)) / k;
  });
  // Suffix sums over k of 1 / k and of risk_k / k, halved at k itself as an item is half before itself.
  const weight = new Float64Array(n + 2);
  const pull = new Float64Array(n + 2);
  for (let k = n; k >= 1; k--) {
    weight[k] = weight[k + 1]! + 1 / k;
    pull[k] = pull[k + 1]! + risk[k]! / k;
  }
  let value = 0;
  for (let k = 1; k <= n; k++) value += risk[k]! / n;
  const influence = new Float64Array(n);
  visitGroups({ order, ends }, errors, ({ first, end }) => {
    // A tied item stands at each place of its group equally often.
    let weightSum = 0;
    let pullSum = 0;
    let riskSum = 0;
    for (let k = first + 1; k <= end; k++) {
      weightSum += weight[k]!;
      pullSum += pull[k]!;
      riskSum += risk[k]!;
    }
    const size = end - first;
    for (let k = first; k < end; k++) {
      const error = errors[order[k]!]!;
      influence[order[k]!] = (riskSum / size - value + (error * weightSum - pullSum) / size) / n;
    }
  });
  return { value, influence };
}

interface Group {
  readonly first: number;
  readonly end: number;
  /** summed error of all earlier groups, and of this one */
  readonly before: number;
  readonly sum: number;
}

function visitGroups(
  { order, ends }: TieGroups,
  errors: ArrayLike<number>,
  visit: (group: Group) => void,
): void {
  let before = 0;
  let first = 0;
  for (const end of ends) {
    let sum = 0;
    for (let k = first; k < end; k++) sum += errors[order[k]!]!;
    visit({ first, end, before, sum });
    before += sum;
    first = end;
  }
}
