/** Mean error at every level of a planted factor, and how much it rises from the lowest level to the highest. */
import type { RandomStream } from "../../math/random.ts";
import { indexClusters } from "../../stats/clusters.ts";
import { type Estimate, percentileEstimate } from "../../stats/estimate.ts";

/** One level. */
export interface LevelError {
  readonly value: string;
  readonly n: number;
  readonly error: number;
  readonly ciLow: number;
  readonly ciHigh: number;
}

export interface LevelErrors {
  /** Ascending by value. */
  readonly levels: readonly LevelError[];
  /** Slope of the least squares line through the items, times the range of the levels; absent with one level. */
  readonly rise?: Estimate;
}

/**
 * Errors by level; resamples draw whole clusters, and those that miss a level are skipped for it.
 * @param errors shape [n]
 * @param values of the factor, shape [n]
 * @throws {RangeError} if lengths differ or there is no item
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { levelErrors } from "lib/run/organisms/level_errors.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const options = { clusters: [1, 1, 2, 2], nResamples: 10, rng: randomStream(1, "example") };
 * const { levels, rise } = levelErrors([0, 0.5, 0, 0.5], [1, 3, 1, 3], options);
 * assert.deepEqual(levels.map(({ error }) => error), [0, 0.5]);
 * assert.equal(rise!.value, 0.5);
 * ```
 */
export function levelErrors(
  errors: readonly number[],
  values: readonly number[],
  { clusters, nResamples, rng }: {
    readonly clusters: readonly number[];
    readonly nResamples: number;
    readonly rng: RandomStream;
  },
): LevelErrors {
  const n = errors.length;
  if (n === 0 || values.length !== n || clusters.length !== n) {
    throw new RangeError(
      `Cannot tell errors by level: needs errors, values and clusters of one length, got ${n}, ${values.length} and ${clusters.length}`,
    );
  }
  const levels = [...new Set(values)].sort((a, b) => a - b);
  const { index, nClusters } = indexClusters(clusters);
  const empty = (): Tally => ({ sums: levels.map(() => 0), counts: levels.map(() => 0) });
  const parts = Array.from({ length: nClusters }, empty);
  errors.forEach((error, i) => {
    const level = levels.indexOf(values[i]!);
    const part = parts[index[i]!]!;
    part.sums[level]! += error;
    part.counts[level]!++;
  });
  const whole = empty();
  for (const part of parts) addInPlace(whole, part);

  const drawn = new Uint32Array(nClusters);
  const meanDraws = levels.map((): number[] => []);
  const riseDraws: number[] = [];
  for (let r = 0; r < nResamples; r++) {
    rng.fillIntegersInPlace(drawn, nClusters);
    const tally = empty();
    for (const cluster of drawn) addInPlace(tally, parts[cluster]!);
    tally.counts.forEach((count, l) => count > 0 && meanDraws[l]!.push(tally.sums[l]! / count));
    const rise = riseOf(tally, levels);
    if (rise !== undefined) riseDraws.push(rise);
  }
  const rise = riseOf(whole, levels);
  return {
    levels: levels.map((value, l) => {
      const { value: error, ciLow, ciHigh } = percentileEstimate(
        whole.sums[l]! / whole.counts[l]!,
        meanDraws[l]!,
      );
      return { value: String(value), n: whole.counts[l]!, error, ciLow, ciHigh };
    }),
    ...(rise !== undefined && { rise: percentileEstimate(rise, riseDraws) }),
  };
}

/** Sums of errors and numbers of items by level. */
interface Tally {
  readonly sums: number[];
  readonly counts: number[];
}

function addInPlace(total: Tally, part: Tally): void {
  for (let l = 0; l < total.sums.length; l++) {
    total.sums[l]! += part.sums[l]!;
    total.counts[l]! += part.counts[l]!;
  }
}

/** Undefined if all items are at one level. */
function riseOf({ sums, counts }: Tally, levels: readonly number[]): number | undefined {
  const n = counts.reduce((a, b) => a + b, 0);
  const meanLevel = counts.reduce((sum, count, l) => sum + count * levels[l]!, 0) / n;
  const meanError = sums.reduce((a, b) => a + b, 0) / n;
  let covariance = 0;
  let variance = 0;
  levels.forEach((level, l) => {
    const offset = level - meanLevel;
    covariance += offset * (sums[l]! - counts[l]! * meanError);
    variance += counts[l]! * offset * offset;
  });
  return variance > 0 ? covariance / variance * (levels.at(-1)! - levels[0]!) : undefined;
}
