import assert from "node:assert/strict";
import { tfidf } from "lib/data/tfidf.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertAllClose } from "../support.ts";

Deno.test("tfidf() equals the definition on dense rows, random texts", () => {
  for (let seed = 0; seed < 20; seed++) {
    const stream = defaultRng(seed);
    const texts = Array.from({ length: 12 }, () => {
      return Array.from({ length: stream.integers(9) }, () => ["ab", "cd", "ef", "x"][stream.integers(4)])
        .join(" ");
    });
    const minDocumentFrequency = 1 + stream.integers(3);
    assertAllClose(
      gram(tfidf(texts, { minDocumentFrequency })),
      denseGram(texts, minDocumentFrequency),
      1e-14,
    );
  }
});

Deno.test("tfidf() reads words as Python's token pattern does", () => {
  // tokens of /\b\w\w+\b/ in lower case: no single characters, underscores and digits count, marks end a word
  const { nCols, indptr } = tfidf(["Don't a_b 42 \u00c9T\u00c9 x caf\u0065\u0301s"], {
    minDocumentFrequency: 1,
  });
  assert.equal(nCols, 9); // don a_b 42 \u00e9t\u00e9 cafe and the four pairs; the mark leaves a lone s
  assert.deepEqual([...indptr], [0, 9]);
});

Deno.test("tfidf() gives unit rows, and a zero row to a text without a known term", () => {
  const vectors = tfidf(["aa bb aa", "aa bb", "zz", ""], { minDocumentFrequency: 2 });
  assert.deepEqual([...vectors.indptr], [0, 3, 6, 6, 6]);
  assertAllClose(gram(vectors).filter((_, i) => i % 5 === 0), [1, 1, 0, 0], 1e-15);
});

/** All dot products between rows, shape [n * n]. */
function gram({ indptr, indices, values, nRows, nCols }: ReturnType<typeof tfidf>): number[] {
  const rows = Array.from({ length: nRows }, (_, i) => {
    const row = new Float64Array(nCols);
    for (let at = indptr[i]!; at < indptr[i + 1]!; at++) row[indices[at]!] = values[at]!;
    return row;
  });
  return rows.flatMap((a) => rows.map((b) => a.reduce((sum, x, j) => sum + x * b[j]!, 0)));
}

function denseGram(texts: readonly string[], minDocumentFrequency: number): number[] {
  const terms = texts.map((text) => {
    const words = text.split(" ").filter((word) => word.length > 1);
    return [...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)];
  });
  const frequency = (term: string) => terms.filter((list) => list.includes(term)).length;
  const vocabulary = [...new Set(terms.flat())].filter((term) => frequency(term) >= minDocumentFrequency);
  const rows = terms.map((list) => {
    const row = vocabulary.map((term) => {
      const idf = Math.log((1 + texts.length) / (1 + frequency(term))) + 1;
      return list.filter((other) => other === term).length * idf;
    });
    const norm = Math.hypot(...row) || 1;
    return row.map((weight) => weight / norm);
  });
  return rows.flatMap((a) => rows.map((b) => a.reduce((sum, x, j) => sum + x * b[j]!, 0)));
}
