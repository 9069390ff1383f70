/**
 * Leakage control between train and test: drops prompts the model may have memorised and test prompts that nearly
 * repeat a train prompt.
 */
import { GuardrailError } from "../guardrail.ts";
import type { CsrMatrix } from "../math/matrix.ts";
import { tfidf } from "./tfidf.ts";

/** What the purge reads of an item. */
export interface PurgeItem {
  readonly prompt: string;
  /** Perplexity of the prompt, never of the gold answer. */
  readonly perplexity: number;
}

/** Thresholds of the purge; the defaults are the published ones. */
export interface PurgeOptions {
  /** Prompts of at most this perplexity count as memorised, in either split (default 1.5). */
  readonly maxPerplexity?: number;
  /** Test prompts of at least this cosine to a train prompt count as repeats (default 0.7). */
  readonly minCosine?: number;
  /** Terms of fewer prompts do not enter the cosine (default 2). */
  readonly minDocumentFrequency?: number;
}

/** An item that was dropped, and why. */
export type PurgedItem =
  | { readonly index: number; readonly reason: "perplexity"; readonly perplexity: number }
  | {
    readonly index: number;
    readonly reason: "similarity";
    /** The most similar train item, the first of them if several are. */
    readonly neighbour: number;
    readonly cosine: number;
  };

/** What is left and what is not; together every item once, each list ascending by index. */
export interface PurgeResult {
  readonly kept: Uint32Array;
  readonly purged: readonly PurgedItem[];
}

/**
 * Finds memorised prompts and test prompts that nearly repeat a train prompt, by the cosine of their TF-IDF vectors
 * over words and word pairs. As published, term weights are fitted on all prompts of both splits; a memorised
 * prompt is no neighbour.
 * @param items prompts with their perplexities, shape [nItems]
 * @param splits where each item belongs, shape [nItems]
 * @throws {RangeError} if the lists differ in length
 * @throws {GuardrailError} non-finite if a perplexity is
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { purge } from "lib/data/purge.ts";
 * const items = ["red fox runs", "blue whale sings", "a red fox runs"].map((prompt) => ({ prompt, perplexity: 9 }));
 * const { kept, purged } = purge(items, ["train", "train", "test"]);
 * assert.deepEqual([...kept], [0, 1]);
 * assert.equal(purged[0]!.reason, "similarity");
 * ```
 */
export function purge(
  items: readonly PurgeItem[],
  splits: readonly ("train" | "test")[],
  { maxPerplexity = 1.5, minCosine = 0.7, minDocumentFrequency = 2 }: PurgeOptions = {},
): PurgeResult {
  if (items.length !== splits.length) {
    throw new RangeError(
      `Cannot purge: needs one split per item, got ${splits.length} for ${items.length} items`,
    );
  }
  const purged: PurgedItem[] = [];
  const train: number[] = [], test: number[] = [];
  items.forEach(({ perplexity }, index) => {
    if (!Number.isFinite(perplexity)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot purge: needs finite perplexities, item ${index} has ${perplexity}`,
      );
    }
    if (perplexity <= maxPerplexity) purged.push({ index, reason: "perplexity", perplexity });
    else (splits[index] === "train" ? train : test).push(index);
  });
  if (train.length > 0 && test.length > 0) {
    const vectors = tfidf(items.map((item) => item.prompt), { minDocumentFrequency });
    for (const nearest of nearestRows(vectors, { queries: test, among: train })) {
      if (nearest.cosine >= minCosine) purged.push({ ...nearest, reason: "similarity" });
    }
  }
  purged.sort((a, b) => a.index - b.index);
  const gone = new Set(purged.map((item) => item.index));
  return { kept: Uint32Array.from(items.keys()).filter((index) => !gone.has(index)), purged };
}

/** For each query row, the row among the others with the largest dot product, by an inverted index. */
function nearestRows(
  { indptr, indices, values, nCols }: CsrMatrix,
  { queries, among }: { readonly queries: readonly number[]; readonly among: readonly number[] },
): { index: number; neighbour: number; cosine: number }[] {
  // columns of the rows among which to search: column c holds positions and weights from start[c] to start[c + 1]
  const start = new Uint32Array(nCols + 1);
  for (const row of among) {
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++) start[indices[at]! + 1]!++;
  }
  for (let column = 0; column < nCols; column++) start[column + 1]! += start[column]!;
  const positions = new Uint32Array(start[nCols]!), weights = new Float64Array(start[nCols]!);
  const next = start.slice();
  among.forEach((row, position) => {
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++) {
      const slot = next[indices[at]!]!++;
      positions[slot] = position;
      weights[slot] = values[at]!;
    }
  });

  const cosines = new Float64Array(among.length);
  return queries.map((index) => {
    cosines.fill(0);
    for (let at = indptr[index]!; at < indptr[index + 1]!; at++) {
      const column = indices[at]!, weight = values[at]!;
      for (let slot = start[column]!; slot < start[column + 1]!; slot++) {
        cosines[positions[slot]!]! += weight * weights[slot]!;
      }
    }
    let best = 0;
    for (let position = 1; position < cosines.length; position++) {
      if (cosines[position]! > cosines[best]!) best = position;
    }
    return { index, neighbour: among[best]!, cosine: cosines[best]! };
  });
}
