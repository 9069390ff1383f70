/**
 * Folds that never split a group (an article, a topic, a context): items of one group share what makes them hard,
 * and a fold that trains on some of them flatters itself on the rest (study flaw F23).
 */
import type { Fold } from "./folds.ts";

/**
 * Deals whole groups to folds, largest first, each to the fold that stays closest to an equal share of rows and of
 * hard items. Deterministic: equal groups go by first appearance.
 * @param groups the group of each row, shape [n]; any values that `===` tells apart
 * @param options number of folds; labels (0 or 1, shape [n]) to balance besides the sizes
 * @throws {RangeError} if there are fewer groups than folds, nSplits is not an integer >= 2, or lengths differ
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { groupKFold } from "lib/stats/grouped_folds.ts";
 * const folds = groupKFold(["a", "b", "a", "c"], { nSplits: 2 });
 * assert.deepEqual(folds.map(({ test }) => [...test]), [[0, 2], [1, 3]]);
 * ```
 */
export function groupKFold(
  groups: ArrayLike<number | string>,
  { nSplits, labels }: { readonly nSplits: number; readonly labels?: ArrayLike<number> },
): Fold[] {
  const n = groups.length;
  if (!Number.isInteger(nSplits) || nSplits < 2) {
    throw new RangeError(`Cannot make grouped folds: needs at least 2 folds, got ${nSplits}`);
  }
  if (labels !== undefined && labels.length !== n) {
    throw new RangeError(`Cannot make grouped folds: needs ${n} labels, got ${labels.length}`);
  }
  const members = new Map<number | string, number[]>();
  for (let i = 0; i < n; i++) {
    const group = members.get(groups[i]!);
    if (group === undefined) members.set(groups[i]!, [i]);
    else group.push(i);
  }
  if (members.size < nSplits) {
    throw new RangeError(`Cannot make grouped folds: needs ${nSplits} groups, got ${members.size}`);
  }
  const nHard = (rows: readonly number[]) => labels ? rows.reduce((sum, i) => sum + labels[i]!, 0) : 0;
  const target = { rows: n / nSplits, hard: nHard([...Array(n).keys()]) / nSplits };
  const folds = Array.from({ length: nSplits }, () => ({ rows: 0, hard: 0, test: [] as number[] }));
  const excess = (fold: { rows: number; hard: number }) => {
    const size = fold.rows / target.rows, hard = target.hard > 0 ? fold.hard / target.hard : 0;
    return size * size + hard * hard;
  };
  // sort() is stable: equal sizes keep their order of appearance.
  for (const rows of [...members.values()].sort((a, b) => b.length - a.length)) {
    const hard = nHard(rows);
    let best = folds[0]!, least = Infinity;
    for (const fold of folds) {
      const added = excess({ rows: fold.rows + rows.length, hard: fold.hard + hard }) - excess(fold);
      if (added < least) [best, least] = [fold, added];
    }
    best.rows += rows.length;
    best.hard += hard;
    best.test.push(...rows);
  }
  return folds.map(({ test }) => {
    const left = new Set(test);
    return {
      train: Uint32Array.from({ length: n }, (_, i) => i).filter((i) => !left.has(i)),
      test: Uint32Array.from(test).sort(),
    };
  });
}
