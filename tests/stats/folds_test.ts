import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { defaultRng } from "lib/math/random.ts";
import {
  countFolds,
  type Fold,
  kFold,
  refuseSingleClassFolds,
  stratifiedKFold,
  timeSeriesSplit,
} from "lib/stats/folds.ts";
import { golden } from "../support.ts";

const tests = (folds: readonly Fold[]) => folds.map((fold) => [...fold.test]);
const labelsOf = (n: number, nPositive: number) => Array.from({ length: n }, (_, i) => i < nPositive ? 1 : 0);

for (const { id, input, expected } of golden("cv_folds")) {
  const options = { nSplits: input.n_splits, seed: input.random_state };
  if (input.kind === "StratifiedKFold") {
    Deno.test(`stratifiedKFold() has scikit-learn's indices, ${id}`, () => {
      const folds = stratifiedKFold(input.y, options);
      assert.deepEqual(tests(folds), expected.test_indices);
      assertPartition(folds, input.y.length);
    });
  } else if (input.kind === "KFold") {
    Deno.test(`kFold() has scikit-learn's indices, ${id}`, () => {
      const folds = kFold(input.n, options);
      assert.deepEqual(tests(folds), expected.test_indices);
      assertPartition(folds, input.n);
    });
  } else if (input.kind === "TimeSeriesSplit") {
    Deno.test(`timeSeriesSplit() has scikit-learn's indices, ${id}`, () => {
      const folds = timeSeriesSplit(input.n, { nSplits: input.n_splits });
      assert.deepEqual(
        folds.map(({ train, test }) => ({
          train_end_exclusive: train.length,
          test: [test[0], test[test.length - 1]! + 1],
        })),
        expected.folds,
      );
      for (const { train } of folds) assert.ok(train.every((row, i) => row === i));
    });
  } else {
    Deno.test(`countFolds() follows the study's rule, ${id}`, () => {
      const itemsPerFold = input.kind === "adapter_llm" ? 10 : 3;
      assert.equal(countFolds(labelsOf(input.n_train, input.n_pos_train), itemsPerFold), expected.n_splits);
    });
  }
}

Deno.test("stratifiedKFold() spreads every class evenly and partitions the rows, random labels", () => {
  for (let seed = 0; seed < 30; seed++) {
    const stream = defaultRng(seed);
    const n = 20 + stream.integers(200), nSplits = 2 + stream.integers(5), nClasses = 2 + stream.integers(4);
    const labels = Array.from({ length: n }, () => `class ${stream.integers(nClasses)}`);
    const folds = stratifiedKFold(labels, { nSplits, seed });
    assertPartition(folds, n);
    for (const name of new Set(labels)) {
      const shares = folds.map(({ test }) => test.filter((row) => labels[row] === name).length);
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1, `seed ${seed}: ${name} ${shares}`);
    }
    const sizes = folds.map(({ test }) => test.length);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `seed ${seed}: sizes ${sizes}`);
  }
});

Deno.test("timeSeriesSplit() leaves the gap between train and test", () => {
  for (const { train, test } of timeSeriesSplit(100, { nSplits: 4, gap: 7 })) {
    assert.equal(test[0]! - train[train.length - 1]!, 8);
  }
});

Deno.test("refuseSingleClassFolds() names the fold and the side that lacks a class", () => {
  const folds: Fold[] = [
    { train: Uint32Array.of(0, 1), test: Uint32Array.of(2, 3) },
    { train: Uint32Array.of(2, 3), test: Uint32Array.of(0, 4) },
  ];
  refuseSingleClassFolds([0, 1, 0, 1, 1], folds);
  assert.throws(() => refuseSingleClassFolds([0, 1, 0, 1, 0], folds), (error: unknown) => {
    return error instanceof GuardrailError && error.guardrail === "single-class" &&
      /fold 2 of 2 .* test rows, got 0 of 2/.test(error.message);
  });
  assert.throws(
    () => refuseSingleClassFolds([1, 1, 0, 1, 0], folds),
    /fold 1 of 2 .* train rows, got 2 of 2/,
  );
});

Deno.test("stratifiedKFold() refuses one split and classes smaller than the folds", () => {
  assert.throws(() => stratifiedKFold([0, 1], { nSplits: 1, seed: 42 }), RangeError);
  assert.throws(() => stratifiedKFold([0, 0, 1, 1], { nSplits: 3, seed: 42 }), /the largest has 2/);
});

Deno.test("kFold() refuses more folds than rows", () => {
  assert.throws(() => kFold(3, { nSplits: 4, seed: 42 }), RangeError);
  assert.throws(() => kFold(3, { nSplits: 1.5, seed: 42 }), RangeError);
});

Deno.test("timeSeriesSplit() refuses folds without rows to train on and a negative gap", () => {
  assert.throws(() => timeSeriesSplit(3, { nSplits: 3 }), RangeError);
  assert.throws(() => timeSeriesSplit(12, { nSplits: 3, gap: 3 }), RangeError);
  assert.throws(() => timeSeriesSplit(12, { nSplits: 3, gap: -1 }), RangeError);
});

/** Every row is tested exactly once and trained on in all other folds; both lists ascend. */
function assertPartition(folds: readonly Fold[], n: number): void {
  assert.deepEqual(folds.flatMap((fold) => [...fold.test]).sort((a, b) => a - b), [...Array(n).keys()]);
  for (const { train, test } of folds) {
    assert.equal(train.length + test.length, n);
    assert.equal(new Set([...train, ...test]).size, n);
    for (const rows of [train, test]) {
      assert.ok(rows.every((row, i) => i === 0 || row > rows[i - 1]!));
    }
  }
}
