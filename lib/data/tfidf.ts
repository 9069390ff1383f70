/** TF-IDF vectors of texts over words and word pairs, as scikit-learn's TfidfVectorizer makes them. */
import type { CsrMatrix } from "../math/matrix.ts";

/** How the vectors are made. */
export interface TfidfOptions {
  /** Terms of fewer texts are left out. */
  readonly minDocumentFrequency: number;
}

/**
 * Rows of unit length with the weights count(term) * (ln((1 + n) / (1 + df)) + 1) over single words and pairs of
 * neighbours: `TfidfVectorizer(ngram_range=(1, 2), min_df=minDocumentFrequency)`. A word is a run of at least two
 * letters, digits or underscores, lower-cased.
 * @param texts shape [nTexts]
 * @returns shape [nTexts, nTerms]; columns in order of first appearance; a text without a known term is a zero row
 * @see https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tfidf } from "lib/data/tfidf.ts";
 * const { values, indptr } = tfidf(["to be", "to be", "or not"], { minDocumentFrequency: 2 });
 * assert.deepEqual([...indptr], [0, 3, 6, 6]); // to, be, to be
 * assert.equal(values[0], Math.sqrt(1 / 3));
 * ```
 */
export function tfidf(texts: readonly string[], { minDocumentFrequency }: TfidfOptions): CsrMatrix {
  const { counts, documentFrequency } = countTerms(texts);
  const columnOf = new Int32Array(documentFrequency.length).fill(-1);
  const weights: number[] = [];
  documentFrequency.forEach((df, term) => {
    if (df < minDocumentFrequency) return;
    columnOf[term] = weights.length;
    weights.push(Math.log((1 + texts.length) / (1 + df)) + 1);
  });
  const indptr = new Uint32Array(texts.length + 1), indices: number[] = [], values: number[] = [];
  counts.forEach((terms, text) => {
    const start = indices.length;
    let squares = 0;
    for (const [term, count] of terms) {
      const column = columnOf[term]!;
      if (column < 0) continue;
      const weight = count * weights[column]!;
      indices.push(column);
      values.push(weight);
      squares += weight * weight;
    }
    const norm = Math.sqrt(squares);
    for (let at = start; at < values.length; at++) values[at]! /= norm;
    indptr[text + 1] = indices.length;
  });
  return {
    indptr,
    indices: Uint32Array.from(indices),
    values: Float64Array.from(values),
    nRows: texts.length,
    nCols: weights.length,
  };
}

/** \w of Python's re: letters, numbers and the underscore, but no combining marks. */
const WORD = /[\p{L}\p{N}_]{2,}/gu;

/** Terms of each text with their counts, and in how many texts each term occurs. */
function countTerms(texts: readonly string[]) {
  const words = new Map<string, number>(); // word -> term
  const pairs = new Map<number, number>(); // pair of words' terms -> term
  const documentFrequency: number[] = [];
  const termOf = <Key>(terms: Map<Key, number>, key: Key): number => {
    let term = terms.get(key);
    if (term === undefined) {
      term = documentFrequency.length;
      terms.set(key, term);
      documentFrequency.push(0);
    }
    return term;
  };
  const counts = texts.map((text) => {
    const terms = new Map<number, number>();
    const add = (term: number) => {
      const count = terms.get(term) ?? 0;
      terms.set(term, count + 1);
      if (count === 0) documentFrequency[term]!++;
    };
    let previous = -1;
    for (const word of text.toLowerCase().match(WORD) ?? []) {
      const term = termOf(words, word);
      add(term);
      if (previous >= 0) add(termOf(pairs, previous * 67108864 + term)); // exact below 2^26 terms
      previous = term;
    }
    return terms;
  });
  return { counts, documentFrequency };
}
