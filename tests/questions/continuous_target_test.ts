/** Continuous difficulty: ridge on every set of blocks, scored by rank on test. */
import assert from "node:assert/strict";
import { type Matrix, matrixFromRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { continuousTarget } from "lib/questions/continuous_target.ts";
import { groupKFold } from "lib/stats/grouped_folds.ts";
import { spearman } from "lib/stats/ridge.ts";
import { assertClose } from "../support.ts";

const N = 400, N_TRAIN = 260;
const rng = randomStream(4, "tests/continuous");
const drawBlock = (nCols: number): Matrix =>
  matrixFromRows(Array.from({ length: N }, () => Array.from({ length: nCols }, () => rng.normal())));
const signal = drawBlock(3), noise = drawBlock(20);
const targets = Float64Array.from({ length: N }, (_, i) => signal.data[3 * i]! + 0.7 * rng.normal());
const groups = Array.from({ length: N }, (_, i) => Math.floor(i / 5));
const rows = Array.from({ length: N }, (_, i) => i);
const split = { train: rows.slice(0, N_TRAIN), test: rows.slice(N_TRAIN) };
const options = {
  ...{ targets, split, alphas: [1, 1e3, 1e6] },
  folds: groupKFold(split.train.map((row) => groups[row]!), { nSplits: 4 }),
  testGroups: split.test.map((row) => groups[row]!),
  deltas: [["both", "noise"], ["both", "signal"]] as const,
};
const rungs = { signal: [signal], noise: [noise], both: [signal, noise] };

Deno.test("continuousTarget() finds a planted slope, and nothing in noise", () => {
  const { rungs: found, deltas, n_train, n_test } = continuousTarget(rungs, options);
  assert.deepEqual([n_train, n_test, found["both"]!.n_columns], [N_TRAIN, N - N_TRAIN, 23]);
  // the correlation of x with x + 0.7 e is 1 / sqrt(1.49); Spearman's is 6 / pi asin(r / 2)
  const expected = 6 / Math.PI * Math.asin(1 / Math.sqrt(1.49) / 2);
  const { inference } = found["signal"]!;
  assert.ok(inference.status === "valid" && inference.ciLow < expected && expected < inference.ciHigh);
  assert.equal(inference.value, found["signal"]!.spearman);
  const none = found["noise"]!.inference;
  assert.ok(none.status === "valid" && none.ciLow < 0 && 0 < none.ciHigh);
  const gain = deltas["both-noise"]!;
  assert.ok(gain.status === "valid" && gain.ciLow > 0.4);
  assertClose(gain.value, found["both"]!.spearman - found["noise"]!.spearman, 1e-12);
});

Deno.test("continuousTarget() fits on train alone, and depends on test only through its ranks", () => {
  const before = continuousTarget(rungs, options);
  const moved = targets.map((value, i) => i < N_TRAIN ? value : Math.exp(3 * value));
  assert.deepEqual(continuousTarget(rungs, { ...options, targets: moved }), before);
  const reversed = targets.map((value, i) => i < N_TRAIN ? value : -value);
  const after = continuousTarget(rungs, { ...options, targets: reversed });
  for (const name of Object.keys(rungs)) {
    assert.equal(after.rungs[name]!.alpha, before.rungs[name]!.alpha);
    assertClose(after.rungs[name]!.spearman, -before.rungs[name]!.spearman, 1e-12);
  }
});

Deno.test("continuousTarget() of one column is that column's own rank correlation", () => {
  const column = matrixFromRows(rows.map((row) => [signal.data[3 * row]!]));
  const { rungs: found } = continuousTarget({ one: [column] }, { ...options, deltas: [] });
  const direct = spearman(split.test.map((i) => column.data[i]!), split.test.map((i) => targets[i]!));
  assertClose(found["one"]!.spearman, direct, 1e-12);
});
