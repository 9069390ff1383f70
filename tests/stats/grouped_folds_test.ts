import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { groupKFold } from "lib/stats/grouped_folds.ts";

Deno.test("groupKFold() partitions the rows and never splits a group", () => {
  const rng = randomStream(4, "groups");
  const groups = Array.from({ length: 400 }, () => `article ${rng.integers(30)}`);
  const labels = groups.map(() => rng.random() < 0.2 ? 1 : 0);
  const folds = groupKFold(groups, { nSplits: 5, labels });
  const tested = folds.flatMap(({ test }) => [...test]).sort((a, b) => a - b);
  assert.deepEqual(tested, groups.map((_, i) => i));
  for (const { train, test } of folds) {
    assert.equal(train.length + test.length, 400);
    const inTest = new Set(Array.from(test, (i) => groups[i]));
    assert.ok(train.every((i) => !inTest.has(groups[i]!)));
    assert.ok(test.length > 60 && test.length < 100, `size ${test.length}`);
    assert.ok(test.some((i) => labels[i] === 1));
  }
});

Deno.test("groupKFold() balances hard items over folds of equal size", () => {
  // Eight groups of ten; the hard ones are all in four of them.
  const groups = Array.from({ length: 80 }, (_, i) => i % 8);
  const labels = groups.map((group) => group < 4 ? 1 : 0);
  for (const { test } of groupKFold(groups, { nSplits: 4, labels })) {
    assert.equal(test.length, 20);
    assert.equal(test.reduce((sum, i) => sum + labels[i]!, 0), 10);
  }
});

Deno.test("groupKFold() rejects too few groups, too few folds and labels of another length", () => {
  assert.throws(() => groupKFold([1, 1, 2], { nSplits: 3 }), /needs 3 groups, got 2/);
  assert.throws(() => groupKFold([1, 2], { nSplits: 1 }), /at least 2 folds, got 1/);
  assert.throws(() => groupKFold([1, 2], { nSplits: 2, labels: [1] }), /needs 2 labels, got 1/);
});
