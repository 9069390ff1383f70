import assert from "node:assert/strict";
import { purgedKFold } from "../../lib/stats/purged_folds.ts";

Deno.test("purgedKFold() tests every row once and never trains within the purge of its test rows", () => {
  const layouts: (number | string[])[] = [483, Array.from({ length: 120 }, (_, i) => i < 70 ? "a" : "b")];
  for (const rows of layouts) {
    for (const purge of [0, 1, 13]) {
      const folds = purgedKFold(rows, { nSplits: 5, purge });
      const seriesOf = (row: number) => typeof rows === "number" ? "a" : rows[row];
      const n = typeof rows === "number" ? rows : rows.length;
      const tested = folds.flatMap(({ test }) => [...test]).sort((a, b) => a - b);
      assert.deepEqual(tested, Array.from({ length: n }, (_, i) => i));
      for (const { train, test } of folds) {
        const isTest = new Set(test);
        const near = (row: number) =>
          [...test].some((other) => seriesOf(row) === seriesOf(other) && Math.abs(row - other) <= purge);
        const expected = Array.from({ length: n }, (_, i) => i).filter((row) =>
          !isTest.has(row) && !near(row)
        );
        assert.deepEqual([...train], expected);
      }
    }
  }
});

Deno.test("purgedKFold() refuses wrong splits, purges, short series and folds without training rows", () => {
  assert.throws(() => purgedKFold(10, { nSplits: 1, purge: 0 }), RangeError);
  assert.throws(() => purgedKFold(10, { nSplits: 2, purge: -1 }), RangeError);
  assert.throws(() => purgedKFold(3, { nSplits: 4, purge: 0 }), /needs 4 rows a series, got one of 3/);
  assert.throws(() => purgedKFold(["a", "b", "a"], { nSplits: 2, purge: 0 }), RangeError);
  assert.throws(() => purgedKFold(10, { nSplits: 2, purge: 9 }), /fold 1 has no row 9 rows away/);
});
