/** Nats of a text under a language model, from its logits: what labels, scores and causal effects are measured in. */
import { GuardrailError } from "../guardrail.ts";
import { negativeLogSoftmax } from "../math/log_softmax.ts";
import type { Matrix } from "../math/matrix.ts";

/**
 * Negative log-probability of each token under the logits of the position before it.
 * @param logits shape [nTokens, vocabulary]; row t predicts token t + 1
 * @param tokens shape [nTokens]
 * @param from first token to score, at least 1: nothing predicts token 0
 * @returns nats, shape [nTokens - from], each -log softmax(logits[t - 1])[tokens[t]]
 * @throws {RangeError} if shapes disagree, a token is outside the vocabulary or nothing is left to score
 * @throws {GuardrailError} "non-finite" if a log-probability is NaN
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * import { tokenNats } from "lib/stats/token_nats.ts";
 * const [nats] = tokenNats(matrixFromRows([[0, 0], [9, 9]]), [0, 1], 1);
 * assert.equal(nats, Math.log(2));
 * ```
 */
export function tokenNats(logits: Matrix, tokens: ArrayLike<number>, from: number): Float64Array {
  const { nRows, nCols, data } = logits;
  if (nRows !== tokens.length) {
    throw new RangeError(
      `Cannot score tokens: needs one row of logits a token, got ${nRows} for ${tokens.length}`,
    );
  }
  if (!(Number.isInteger(from) && from >= 1 && from < nRows)) {
    throw new RangeError(`Cannot score tokens: needs a first token in [1, ${nRows}), got ${from}`);
  }
  return Float64Array.from({ length: nRows - from }, (_, i) => {
    const token = tokens[from + i]!;
    if (!(Number.isInteger(token) && token >= 0 && token < nCols)) {
      throw new RangeError(`Cannot score tokens: needs ids below ${nCols}, got ${token} at ${from + i}`);
    }
    const row = data.subarray((from + i - 1) * nCols, (from + i) * nCols);
    const nats = negativeLogSoftmax(row, token);
    if (Number.isNaN(nats)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot score tokens: the logits before token ${from + i} are not finite`,
      );
    }
    return nats;
  });
}

/** Mean nats: the cross-entropy of a continuation, and minus its mean log-probability. */
export function meanNats(nats: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < nats.length; i++) sum += nats[i]!;
  return sum / nats.length;
}

/** Perplexity of tokens: exp of their mean nats. */
export function perplexity(nats: ArrayLike<number>): number {
  return Math.exp(meanNats(nats));
}
