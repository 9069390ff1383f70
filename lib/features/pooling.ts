/** Pooling of token vectors to one row an item: mean, maximum and last valid token, side by side. */
import { GuardrailError } from "../guardrail.ts";
import type { Matrix } from "../math/matrix.ts";

/** Token vectors of several items, padded to one length: element (item, token, j) of shape [nItems, nTokens, d]. */
export interface TokenBlock {
  readonly data: Float32Array | Float64Array;
  readonly nItems: number;
  readonly nTokens: number;
  readonly d: number;
}

/** What becomes of items that all have one token: `keep` returns it alone, `repeat` pools it three times. */
export type SingleToken = "keep" | "repeat";

/**
 * concat(mean, max, last) over each item's valid tokens, the first `nValid[item]`.
 * @param tokens shape [nItems, nTokens, d]
 * @param nValid valid tokens of each item, shape [nItems]; values above nTokens count as nTokens
 * @param options `singleToken` says what a block of one token an item gives: [nItems, d] or [nItems, 3 d]
 * @returns shape [nItems, 3 d], or [nItems, d]
 * @throws {GuardrailError} "non-finite" if a valid element is NaN or infinite, "empty-split" if an item has no
 * valid token
 * @throws {RangeError} if the shapes disagree
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { poolTokens } from "lib/features/pooling.ts";
 * const tokens = { data: new Float64Array([1, 5, 3, 9]), nItems: 1, nTokens: 4, d: 1 };
 * assert.deepEqual([...poolTokens(tokens, [3], { singleToken: "keep" }).data], [3, 5, 3]);
 * ```
 */
export function poolTokens(
  tokens: TokenBlock,
  nValid: ArrayLike<number>,
  options: { readonly singleToken: SingleToken },
): Matrix {
  const { nItems, nTokens, d } = tokens;
  if (tokens.data.length !== nItems * nTokens * d || nValid.length !== nItems) {
    throw new RangeError(
      `Cannot pool: needs ${nItems} x ${nTokens} x ${d} values and ${nItems} lengths, ` +
        `got ${tokens.data.length} and ${nValid.length}`,
    );
  }
  const alone = nTokens === 1 && options.singleToken === "keep";
  const nCols = alone ? d : 3 * d;
  const data = new Float64Array(nItems * nCols);
  for (let item = 0; item < nItems; item++) {
    const valid = Math.min(nValid[item]!, nTokens);
    if (!(valid >= 1) || !Number.isInteger(valid)) {
      throw new GuardrailError(
        "empty-split",
        `Cannot pool item ${item}: needs a valid token or more, got ${valid}`,
      );
    }
    const out = data.subarray(item * nCols, (item + 1) * nCols);
    const from = item * nTokens * d;
    if (alone) out.set(tokens.data.subarray(from, from + d));
    else poolItem(tokens.data.subarray(from, from + valid * d), d, out);
    for (let j = 0; j < nCols; j++) {
      if (!Number.isFinite(out[j]!)) {
        throw new GuardrailError("non-finite", `Cannot pool item ${item}: a valid element is not finite`);
      }
    }
  }
  return { data, nRows: nItems, nCols };
}

function poolItem(tokens: Float32Array | Float64Array, d: number, out: Float64Array): void {
  const n = tokens.length / d;
  const mean = out.subarray(0, d);
  const max = out.subarray(d, 2 * d).fill(-Infinity);
  for (let token = 0; token < n; token++) {
    for (let j = 0; j < d; j++) {
      const value = tokens[token * d + j]!;
      mean[j]! += value;
      if (value > max[j]!) max[j] = value;
    }
  }
  for (let j = 0; j < d; j++) mean[j]! /= n;
  out.set(tokens.subarray((n - 1) * d), 2 * d);
}
