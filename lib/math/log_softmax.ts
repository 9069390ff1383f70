/** Log-probabilities from logits, safe from overflow. */

/**
 * -log softmax(logits)[index], in nats.
 * @param logits shape [n]; float32 or float64, summed in float64
 * @returns NaN if a logit is NaN or +Infinity
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { negativeLogSoftmax } from "lib/math/log_softmax.ts";
 * assert.equal(negativeLogSoftmax([0, 0], 1), Math.log(2));
 * ```
 */
export function negativeLogSoftmax(logits: ArrayLike<number>, index: number): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > largest) largest = logits[i]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - largest);
  return largest + Math.log(sum) - logits[index]!;
}
