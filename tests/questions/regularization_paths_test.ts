/** Regularisation paths: what is drawn of a choice is what the choice was made from. */
import assert from "node:assert/strict";
import { matrixFromRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { fitRungs } from "lib/questions/predictive_rungs.ts";
import { pathOf, regularizationPaths } from "lib/questions/regularization_paths.ts";
import { pickC } from "lib/stats/choose_c.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { fitLogistic } from "lib/stats/l1_logistic.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { assertClose } from "../support.ts";

const rng = randomStream(3, "tests/paths");
const N = 240, N_TRAIN = 180;
const block = matrixFromRows(Array.from({ length: N }, () => Array.from({ length: 8 }, () => rng.normal())));
const other = matrixFromRows(Array.from({ length: N }, () => Array.from({ length: 5 }, () => rng.normal())));
const labels = Uint8Array.from(
  { length: N },
  (_, i) => block.data[i * 8]! + 0.5 * other.data[i * 5]! + rng.normal() > 0.4 ? 1 : 0,
);
const rows = Array.from({ length: N }, (_, i) => i);
const split = { train: rows.slice(0, N_TRAIN), test: rows.slice(N_TRAIN) };
const grid = [0.001, 0.01, 0.1, 1];

Deno.test("regularizationPaths() counts the coefficients of a fit at every C, of plain and nested rungs", async () => {
  const threads = openThreads({ nThreads: 1 });
  const trainLabels = labels.subarray(0, N_TRAIN);
  try {
    const rungs = await fitRungs([
      { name: "plain", blocks: [block] },
      { name: "nested", base: [block], added: [other] },
      { name: "recorded", testScores: new Float64Array(N - N_TRAIN), bestC: 1 },
    ], { labels, split, folds: stratifiedKFold(trainLabels, { nSplits: 4, seed: 1 }), grid, threads });
    const { plain, nested, recorded } = regularizationPaths(rungs);
    assert.equal(recorded, undefined, "a recorded rung has no path");
    const train = matrixFromRows(split.train.map((i) => Array.from(block.data.subarray(i * 8, i * 8 + 8))));
    const scaler = fitStandardScaler(train);
    grid.forEach((c, k) => {
      assert.equal(plain!.steps[k]!.n_nonzero, fitLogistic(train, trainLabels, { c, scaler }).nNonzero);
    });
    const { choice } = rungs["plain"]!;
    for (const { largest_kkt_residual } of [plain!, nested!]) {
      assert.ok(largest_kkt_residual > 0 && largest_kkt_residual <= 1e-8, "every fit converged");
    }
    choice!.foldScores.forEach((scores, k) => {
      const sd = Math.sqrt(scores.reduce((sum, s) => sum + (s - choice!.meanScores[k]!) ** 2, 0) / 3);
      assertClose(plain!.steps[k]!.standard_error!, sd / 2, 1e-12);
    });
    assert.deepEqual(nested!.steps.map(({ c }) => c), grid);
    assert.ok(nested!.steps.every(({ n_nonzero }) => n_nonzero !== null), "nested paths are whole");
    const { nested: probe } = rungs["nested"]!;
    assert.equal(nested!.cv_auroc_without, probe!.emptyScore);
    const atChosen = nested!.steps.find(({ c }) => c === nested!.chosen_c)!;
    assert.equal(atChosen.n_nonzero, probe!.fit!.nNonzero, "the whole path passes through the fit");
  } finally {
    threads.close();
  }
});

Deno.test("pathOf() says what the grid did to the choice", () => {
  const diagnosis = (means: readonly number[], counts: readonly number[], spread = 0.01) => {
    const folds = means.map((m) => [m - spread, m + spread]);
    const choice = pickC([0.01, 0.1, 1], folds, counts.map((n) => [n, n]), "first-best");
    return pathOf({ ...choice, largestResidual: 0 }, counts);
  };
  assert.equal(diagnosis([0.5, 0.7, 0.6], [0, 3, 9]).diagnosis, "inside the grid");
  assert.equal(diagnosis([0.5, 0.6, 0.7], [0, 3, 9]).diagnosis, "largest of the grid");
  assert.equal(diagnosis([0.7, 0.6, 0.5], [2, 3, 9]).diagnosis, "smallest of the grid");
  assert.equal(diagnosis([0.5, 0.5, 0.5], [0, 3, 9]).diagnosis, "no model");
  assert.equal(diagnosis([0.6, 0.65, 0.6], [2, 3, 9], 0.1).diagnosis, "flat");
  assert.equal(diagnosis([0.6, 0.69, 0.7], [2, 3, 9], 0.02).one_standard_error_c, 0.1);
  const two = { ...pickC([0.1, 1], [[0.6], [0.5]], [[2], [3]], "first-best"), largestResidual: 0 };
  const left = pathOf(two, [2, 3], { empty: true, emptyScore: 0.7 });
  assert.deepEqual([left.diagnosis, left.cv_auroc_without], ["block left out", 0.7]);
  const single = pathOf(
    { ...pickC([1], [[0.6]], [[2]], "first-best"), largestResidual: 0 },
    undefined,
  );
  assert.deepEqual([single.steps[0]!.standard_error, single.steps[0]!.n_nonzero], [null, null]);
});
