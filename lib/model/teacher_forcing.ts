/**
 * Teacher forcing of a true continuation: what the decoder reads, what it should say, and how many nats it pays.
 * Needs no sampling, so it is the metric that both modalities share.
 */
import { negativeLogSoftmax } from "../math/log_softmax.ts";
import { type ChronosBins, encodeContinuation } from "./chronos_tokens.ts";

/** Decoder inputs and targets of one continuation, shape [nSteps] each. */
export interface TeacherForcing {
  /** The start token, then every target but the last. */
  readonly inputIds: Int32Array;
  /** The true tokens, EOS excluded. */
  readonly targetIds: Int32Array;
  /** 1 where the true value is present; a missing one is read as PAD and not scored. */
  readonly mask: Uint8Array;
}

/**
 * Tokens to score a true continuation with.
 * @param values the steps after the context; only the first `predictionLength` are used
 * @param scale the context's, from encodeContext()
 * @throws {RangeError} if there is no step
 */
export function teacherForcing(bins: ChronosBins, values: ArrayLike<number>, scale: number): TeacherForcing {
  const { predictionLength, decoderStartTokenId } = bins.config;
  const scored = Array.prototype.slice.call(values, 0, predictionLength) as number[];
  const { ids, mask } = encodeContinuation(bins, scored, scale);
  const inputIds = new Int32Array(ids.length);
  inputIds[0] = decoderStartTokenId;
  inputIds.set(ids.subarray(0, ids.length - 1), 1);
  return { inputIds, targetIds: ids, mask };
}

/**
 * Cross-entropy of each target under the model's whole vocabulary (nothing suppressed, temperature 1).
 * @param logits shape [nSteps, vocabularySize], row-major
 * @returns nats per step, NaN where the true value is missing
 * @throws {RangeError} if the shapes do not fit
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { targetNats } from "lib/model/teacher_forcing.ts";
 * const target = { targetIds: Int32Array.of(1), mask: Uint8Array.of(1) };
 * assert.ok(Math.abs(targetNats(Float32Array.of(0, 0), target)[0]! - Math.log(2)) < 1e-15);
 * ```
 */
export function targetNats(
  logits: Float32Array,
  { targetIds, mask }: Pick<TeacherForcing, "targetIds" | "mask">,
): Float64Array {
  const nSteps = targetIds.length;
  const vocabularySize = logits.length / nSteps;
  if (!Number.isInteger(vocabularySize) || targetIds.some((id) => id < 0 || id >= vocabularySize)) {
    throw new RangeError(
      `Cannot score a continuation: needs logits of ${nSteps} steps that hold every target, got ${logits.length} values`,
    );
  }
  return Float64Array.from(targetIds, (target, step) => {
    if (mask[step] === 0) return NaN;
    const row = logits.subarray(step * vocabularySize, (step + 1) * vocabularySize);
    return negativeLogSoftmax(row, target);
  });
}

/** Mean of the scored steps; NaN if all values are missing. */
export function meanNats(nats: Float64Array): number {
  const scored = nats.filter((x) => !Number.isNaN(x));
  return scored.reduce((sum, x) => sum + x, 0) / scored.length;
}
