import assert from "node:assert/strict";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { bigramNovelty, LEXICAL_NAMES, type LexicalItem, lexicalStatistics } from "lib/features/lexical.ts";
import { selectRows } from "lib/math/matrix.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertAllClose, assertClose, dataDirectory, dataGolden, dataTest } from "../support.ts";

interface Row {
  readonly prompt: string;
  readonly split: string;
  readonly activity_label: string;
  readonly seq_len: number | bigint;
  readonly perplexity: number;
  readonly prompt_perplexity?: number;
}

const toItem = (row: Row): LexicalItem => ({
  prompt: row.prompt,
  category: row.activity_label,
  tokenCount: Number(row.seq_len),
  perplexity: row.prompt_perplexity ?? row.perplexity,
  isTrain: row.split === "train",
});

Deno.test("lexicalStatistics() counts what a reader counts by hand", () => {
  const base = { category: "x", tokenCount: 4, perplexity: 2, isTrain: true };
  const items: LexicalItem[] = [
    { ...base, prompt: "The cat sat. THE cat ran" },
    { ...base, prompt: "the cat sat down", category: "y", isTrain: false },
    { ...base, prompt: "word", isTrain: false },
    { ...base, prompt: "", category: "z", isTrain: false, tokenCount: 0 },
  ];
  const expected = [
    [24, 4, 4 / 6, 2, 6, 4 / 18, 0, 0], // the, cat, sat., ran of 6 words; T, T, H, E of 18 letters
    [16, 4, 1, 2, 4, 0, 1, 2 / 3], // "cat sat" and "sat down" are new, "the cat" is known
    [4, 4, 1, 2, 1, 0, 0, 1],
    [0, 0, 0, 2, 0, 0, 2, 1],
  ];
  const { data, nRows, nCols } = lexicalStatistics(items);
  assert.deepEqual([nRows, nCols], [4, LEXICAL_NAMES.length]);
  assertAllClose(data, expected.flat(), 2e-8, "statistic"); // the published 1e-8 guard shows
});

Deno.test("lexicalStatistics() splits, lowers and classifies characters as Python does", () => {
  const column = (prompt: string, name: typeof LEXICAL_NAMES[number]) => {
    const item = { prompt, category: "", tokenCount: 1, perplexity: 1, isTrain: false };
    return lexicalStatistics([item]).data[LEXICAL_NAMES.indexOf(name)]!;
  };
  assert.equal(column("\u{1d518}\u{1f600}", "char_length"), 2); // code points, not UTF-16 units
  // separators that JavaScript's \s lacks split; the byte order mark, which \s has, does not
  assert.equal(column("a\x85a\x1ca\u3000a", "lexical_diversity"), 1 / (4 + 1e-8));
  assert.equal(column("a\ufeffa", "lexical_diversity"), 1 / (1 + 1e-8));
  assert.equal(column("\u03a3\u0391\u03a3 \u03c3\u03b1\u03c2", "lexical_diversity"), 1 / (2 + 1e-8)); // final sigma
  assert.equal(column("\u2167", "capitalization_ratio"), 0); // a Roman numeral is upper case but no letter
  assert.equal(column("\u01c5\u00c9a1", "capitalization_ratio"), 1 / (3 + 1e-8)); // title case is not upper case
  assert.equal(column("\u{1d518}\u4e2d", "capitalization_ratio"), 1 / (2 + 1e-8));
});

Deno.test("bigramNovelty() equals a search through all reference bigrams, random texts", () => {
  for (let seed = 0; seed < 20; seed++) {
    const stream = defaultRng(seed);
    const prompts = Array.from({ length: 30 }, () => {
      return Array.from({ length: stream.integers(12) }, () => "abcdef"[stream.integers(6)]).join(" ");
    });
    const isReference = prompts.map(() => stream.random() < 0.5);
    const pairs = (prompt: string) => {
      const words = prompt.split(" ");
      return [...new Set(words.slice(1).map((word, i) => `${words[i]} ${word}`))];
    };
    const expected = prompts.map((prompt) => {
      const own = pairs(prompt);
      const known = (pair: string) =>
        prompts.some((other, j) => isReference[j] && pairs(other).includes(pair));
      return own.length === 0 ? 1 : own.filter((pair) => !known(pair)).length / own.length;
    });
    assert.deepEqual([...bigramNovelty(prompts, isReference)], expected, `seed ${seed}`);
  }
});

Deno.test("lexicalStatistics() takes all prompts as known when none is in train", () => {
  const item = { prompt: "one two", category: "", tokenCount: 1, perplexity: 1, isTrain: false };
  assert.equal(lexicalStatistics([item]).data[7], 0);
});

dataTest("lexicalStatistics() has the published values of ten prompts each and of the edge cases", () => {
  for (const { id, input, expected, tol } of dataGolden("lexical_stats")) {
    assert.deepEqual(expected.names, LEXICAL_NAMES);
    const { data } = lexicalStatistics(input.rows.map(toItem));
    assertAllClose(data, expected.X.flat(), tol, id);
    assert.deepEqual([...data], expected.X.flat(), `${id}: bit for bit`);
  }
});

dataTest("lexicalStatistics() has the published values on all 10,000 real prompts", async () => {
  for (const { id, input, expected, tol } of dataGolden("real_lexical_stats")) {
    const file = await asyncBufferFromFile(`${dataDirectory}/records/${input.metadata}`);
    const rows = await parquetReadObjects({ file, compressors }) as unknown as readonly Row[];
    const statistics = lexicalStatistics(rows.map(toItem));
    const picked = selectRows(statistics, input.rows);
    assert.deepEqual([...picked.data], expected.X_rows.flat(), `${id}: bit for bit`);
    assert.equal(new Set(rows.map((row) => row.activity_label)).size, expected.n_categories);
    for (const split of ["train", "test"] as const) {
      const chosen = rows.flatMap((row, i) => row.split === split ? [i] : []);
      assert.equal(chosen.length, expected[`n_${split}`]);
      const block = selectRows(statistics, chosen);
      for (let j = 0; j < 8; j++) {
        const column = chosen.map((_, i) => block.data[8 * i + j]!);
        const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
        const variance = column.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / column.length;
        assertClose(mean, expected[`${split}_mean`][j], tol, `${id} ${split} mean of ${LEXICAL_NAMES[j]}`);
        assertClose(
          Math.sqrt(variance),
          expected[`${split}_std`][j],
          tol,
          `${id} ${split} sd of ${LEXICAL_NAMES[j]}`,
        );
      }
    }
  }
});
