/** Pooling of token codes to one sparse row an item: mean, maximum and last token, side by side. */
import { GuardrailError } from "../guardrail.ts";
import type { SparseCodes } from "./encoder.ts";

/**
 * concat(mean, max, last) over the rows of each item, without filling in zeros: a latent's column in the three parts is
 * f, dSae + f and 2 dSae + f.
 * @param codes shape [nTokens, dSae], the tokens of each item in order
 * @param starts first row of each item and the end, shape [nItems + 1]
 * @param options `singleToken`: where every item has one token, `keep` returns the codes alone, shape [nItems, dSae]
 * @returns shape [nItems, 3 dSae]
 * @throws {GuardrailError} "empty-split" if an item has no token
 * @throws {GuardrailError} "misaligned-rows" if the starts do not cover the rows
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { poolCodes } from "lib/sae/pool_codes.ts";
 * const codes = { // two tokens of one item: latent 0 fires with 1 and 3, latent 1 with 4 in the first
 *   indptr: Uint32Array.of(0, 2, 3),
 *   indices: Uint32Array.of(0, 1, 0),
 *   values: Float32Array.of(1, 4, 3),
 *   nRows: 2,
 *   nCols: 2,
 * };
 * const pooled = poolCodes(codes, [0, 2], { singleToken: "keep" });
 * assert.deepEqual([...pooled.indices], [0, 1, 2, 3, 4]);
 * assert.deepEqual([...pooled.values], [2, 2, 3, 4, 3]);
 * ```
 */
export function poolCodes(
  codes: SparseCodes,
  starts: ArrayLike<number>,
  { singleToken }: { readonly singleToken: "keep" | "repeat" },
): SparseCodes {
  const nItems = starts.length - 1;
  if (nItems < 1 || starts[0] !== 0 || starts[nItems] !== codes.nRows) {
    throw new GuardrailError(
      "misaligned-rows",
      `Cannot pool codes: needs items covering ${codes.nRows} rows, got ${starts[0]}..${starts[nItems]}`,
    );
  }
  const isSingle = nItems === codes.nRows && Array.from(starts).every((start, i) => start === i);
  if (isSingle && singleToken === "keep") return codes;
  const dSae = codes.nCols;
  const sums = new Float64Array(dSae);
  const maxima = new Float32Array(dSae);
  const indptr = new Uint32Array(nItems + 1);
  const indices: number[] = [];
  const values: number[] = [];
  for (let item = 0; item < nItems; item++) {
    const [from, to] = [starts[item]!, starts[item + 1]!];
    if (!(to > from)) {
      throw new GuardrailError(
        "empty-split",
        `Cannot pool codes of item ${item}: needs a token or more, got none`,
      );
    }
    const [first, last, end] = [codes.indptr[from]!, codes.indptr[to - 1]!, codes.indptr[to]!];
    const fired = new Set<number>();
    for (let e = first; e < end; e++) {
      const latent = codes.indices[e]!;
      fired.add(latent);
      sums[latent]! += codes.values[e]!;
      maxima[latent] = Math.max(maxima[latent]!, codes.values[e]!);
    }
    const latents = [...fired].sort((a, b) => a - b);
    for (const latent of latents) indices.push(latent) && values.push(sums[latent]! / (to - from));
    for (const latent of latents) indices.push(dSae + latent) && values.push(maxima[latent]!);
    for (let e = last; e < end; e++) {
      indices.push(2 * dSae + codes.indices[e]!);
      values.push(codes.values[e]!);
    }
    for (const latent of latents) sums[latent] = maxima[latent] = 0;
    indptr[item + 1] = indices.length;
  }
  return {
    indptr,
    indices: Uint32Array.from(indices),
    values: Float32Array.from(values),
    nRows: nItems,
    nCols: 3 * dSae,
  };
}
