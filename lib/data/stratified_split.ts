/** A split that keeps groups whole and gives every stratum the same share of train items. */
import { randomStream } from "../math/random.ts";

/** How to divide. */
export interface StratifiedSplitOptions {
  readonly seed: number;
  /** Share of the items that train, in (0, 1); default 0.7. */
  readonly trainShare?: number;
}

/**
 * Deals the groups of each stratum, in random order, to train for as long as that brings its share closer to the wanted
 * one, then to test.
 * @param groups of each item; a group lies in the stratum of its first item, shape [n]
 * @param strata of each item, shape [n]
 * @throws {RangeError} if the lists differ in length or the share is outside (0, 1)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { stratifiedSplit } from "lib/data/stratified_split.ts";
 * const splits = stratifiedSplit([0, 0, 1, 1], ["a", "a", "a", "a"], { seed: 1, trainShare: 0.5 });
 * assert.ok(splits[0] === splits[1] && splits[2] === splits[3] && splits[0] !== splits[2]);
 * ```
 */
export function stratifiedSplit(
  groups: readonly number[],
  strata: readonly string[],
  { seed, trainShare = 0.7 }: StratifiedSplitOptions,
): ("train" | "test")[] {
  if (groups.length !== strata.length) {
    throw new RangeError(`Cannot split: needs ${groups.length} strata, one an item, got ${strata.length}`);
  }
  if (!(trainShare > 0 && trainShare < 1)) {
    throw new RangeError(`Cannot split: needs a train share in (0, 1), got ${trainShare}`);
  }
  const sizes = new Map<number, number>();
  const stratumOf = new Map<number, string>();
  groups.forEach((group, i) => {
    sizes.set(group, (sizes.get(group) ?? 0) + 1);
    if (!stratumOf.has(group)) stratumOf.set(group, strata[i]!);
  });
  const trains = new Set<number>();
  for (const stratum of [...new Set(stratumOf.values())].sort()) {
    const own = [...sizes.keys()].filter((group) => stratumOf.get(group) === stratum);
    const wanted = trainShare * own.reduce((sum, group) => sum + sizes.get(group)!, 0);
    let nTrain = 0;
    for (const k of randomStream(seed, `split/${stratum}`).permutation(own.length)) {
      const group = own[k]!;
      const size = sizes.get(group)!;
      if (Math.abs(nTrain + size - wanted) > Math.abs(nTrain - wanted)) continue;
      trains.add(group);
      nTrain += size;
    }
  }
  return groups.map((group) => trains.has(group) ? "train" : "test");
}
