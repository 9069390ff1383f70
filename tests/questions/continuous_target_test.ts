import assert from "node:assert/strict";
import { matrixFromRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { continuousTarget } from "lib/questions/continuous_target.ts";
import { kFold } from "lib/stats/folds.ts";
import { spearman } from "lib/stats/ridge.ts";
import { assertClose } from "../support.ts";

const rng = randomStream(8, "tests/continuous");
const N = 400, N_TRAIN = 280;
const rows = Array.from({ length: N }, () => Array.from({ length: 5 }, () => rng.normal()));
const told = matrixFromRows(rows), noise = matrixFromRows(rows.map((row) => row.map(() => rng.normal())));
const difficulty = rows.map((row) => Math.exp(row[0]! + 0.5 * row[1]! + 0.5 * rng.normal()));
const all = Array.from({ length: N }, (_, i) => i);
const split = { train: all.slice(0, N_TRAIN), test: all.slice(N_TRAIN) };
const options = {
  ...{ difficulty, split, folds: kFold(N_TRAIN, { nSplits: 5, seed: 1 }) },
  groups: split.test.map((i) => i >> 2),
  deltas: [["told", "noise"]] as const,
};

Deno.test("continuousTarget() ranks what a block tells, and nothing where it tells nothing", () => {
  const { rungs, deltas, n_test } = continuousTarget({ told: [told], noise: [noise] }, options);
  assert.equal(n_test, N - N_TRAIN);
  const best = spearman(
    split.test.map((i) => rows[i]![0]! + 0.5 * rows[i]![1]!),
    split.test.map((i) => difficulty[i]!),
  );
  assertClose(rungs["told"]!.spearman.value, best, 0.03, "as the true direction does");
  const nothing = rungs["noise"]!.spearman;
  assert.ok(nothing.status === "valid" && nothing.ciLow < 0 && nothing.ciHigh > 0);
  const delta = deltas["told-noise"]!;
  assert.ok(delta.status === "valid" && delta.ciLow > 0);
  assertClose(delta.value, rungs["told"]!.spearman.value - nothing.value, 1e-12);
});

Deno.test("continuousTarget() knows ranks only: a monotone change of the difficulty moves its score little", () => {
  const score = (target: number[]) =>
    continuousTarget({ told: [told] }, { ...options, difficulty: target, deltas: [] }).rungs["told"]!.spearman
      .value;
  assertClose(score(difficulty.map(Math.log)), score(difficulty), 0.05);
});

Deno.test("continuousTarget() refuses a delta of an unknown rung", () => {
  assert.throws(() => continuousTarget({ noise: [noise] }, options), /known rungs are noise/);
});
