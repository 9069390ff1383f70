/** T5's relative position bias: distances fall in buckets, narrow near zero and logarithmic beyond. */

export interface BucketOptions {
  /** Keys after the query have buckets of their own (encoder), or share the one of distance 0 (decoder). */
  readonly bidirectional: boolean;
  readonly nBuckets: number;
  /** From this distance on there is one bucket. */
  readonly maxDistance: number;
}

/**
 * The bucket of a distance. The logarithm is rounded to float32 as in the reference, which decides at the edges.
 * @param distance key position minus query position
 * @see Raffel et al. 2020, JMLR 21(140), section 2.1
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { relativePositionBucket } from "lib/model/relative_position.ts";
 * const options = { bidirectional: true, nBuckets: 32, maxDistance: 128 };
 * assert.deepEqual([-1, 0, 1, 500].map((d) => relativePositionBucket(d, options)), [1, 0, 17, 31]);
 * ```
 */
export function relativePositionBucket(distance: number, options: BucketOptions): number {
  const { bidirectional, maxDistance } = options;
  const nBuckets = bidirectional ? options.nBuckets / 2 : options.nBuckets;
  const first = bidirectional && distance > 0 ? nBuckets : 0;
  const steps = bidirectional ? Math.abs(distance) : Math.max(-distance, 0);
  const nExact = Math.floor(nBuckets / 2);
  if (steps < nExact) return first + steps;
  const logRatio = Math.fround(Math.log(Math.fround(steps / nExact)));
  const fraction = Math.fround(logRatio / Math.fround(Math.log(maxDistance / nExact)));
  const large = nExact + Math.trunc(Math.fround(fraction * (nBuckets - nExact)));
  return first + Math.min(large, nBuckets - 1);
}

/**
 * The bias of every head by distance.
 * @param table [nBuckets, nHeads]
 */
export function relativeBias(
  table: Float32Array,
  nHeads: number,
  options: BucketOptions,
): (head: number, distance: number) => number {
  const buckets = new Map<number, number>();
  return (head, distance) => {
    let bucket = buckets.get(distance);
    if (bucket === undefined) {
      bucket = relativePositionBucket(distance, options);
      buckets.set(distance, bucket);
    }
    return table[bucket * nHeads + head]!;
  };
}
