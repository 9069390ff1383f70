import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { type Matrix, matrixFromRows } from "../../lib/math/matrix.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { crps, crpsPerStep } from "../../lib/stats/crps.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

Deno.test("crps() meets the reference's all-pairs figures", () => {
  for (const { id, input, expected, tol } of golden("compute_crps")) {
    assertClose(crps(matrixFromRows(input.samples), input.truth, "biased"), expected.crps, tol, id);
  }
});

Deno.test("crpsPerStep() equals the all-pairs definition", () => {
  const rng = defaultRng(3);
  for (const [nPaths, nSteps, level] of [[2, 5, 0], [7, 3, 10], [40, 2, 0], [100, 4, 1000]] as const) {
    const rows = Array.from(
      { length: nPaths },
      () => Array.from({ length: nSteps }, () => level + rng.normal()),
    );
    const truth = Array.from({ length: nSteps }, () => level + rng.normal());
    const paths = matrixFromRows(rows);
    const naive = (nPairs: number) => truth.map((y, step) => allPairs(paths, step, y, nPairs));
    assertAllClose(crpsPerStep(paths, truth, "biased"), naive(nPaths * nPaths), 1e-12, "biased");
    assertAllClose(crpsPerStep(paths, truth, "fair"), naive(nPaths * (nPaths - 1)), 1e-12, "fair");
  }
});

function allPairs(paths: Matrix, step: number, y: number, nPairs: number): number {
  const column = Array.from({ length: paths.nRows }, (_, path) => paths.data[path * paths.nCols + step]!);
  const spread = column.reduce((sum, a) => sum + column.reduce((inner, b) => inner + Math.abs(a - b), 0), 0);
  return column.reduce((sum, a) => sum + Math.abs(a - y), 0) / column.length - spread / nPairs / 2;
}

Deno.test("crps() fair does not depend on the number of paths in expectation, biased does", () => {
  // For X, y independent uniform on [0, 1]: E|X - y| = 1/3, E|X - X'| = 1/3, so the true CRPS is 1/6.
  const seed = 8;
  const rng = defaultRng(seed);
  const mean = { biased: 0, fair: 0 };
  const nTrials = 20000;
  for (let trial = 0; trial < nTrials; trial++) {
    const paths = matrixFromRows([[rng.random()], [rng.random()]]);
    const truth = [rng.random()];
    mean.biased += crps(paths, truth, "biased") / nTrials;
    mean.fair += crps(paths, truth, "fair") / nTrials;
  }
  // The standard error is below 0.0025; the bias of two paths is E|X - X'| / 4 = 1/12.
  assertClose(mean.fair, 1 / 6, 0.01, `seed ${seed}`);
  assertClose(mean.biased, 1 / 6 + 1 / 12, 0.01, `seed ${seed}`);
});

Deno.test("crps() refuses no paths, non-finite values, unequal lengths and one fair path", () => {
  const one = matrixFromRows([[1, 2]]);
  assert.throws(
    () => crps({ data: new Float64Array(0), nRows: 0, nCols: 2 }, [1, 2], "biased"),
    GuardrailError,
  );
  assert.throws(() => crps(matrixFromRows([[1, NaN]]), [1, 2], "biased"), GuardrailError);
  assert.throws(() => crps(one, [1, Infinity], "biased"), GuardrailError);
  assert.throws(() => crps(one, [1], "biased"), RangeError);
  assert.throws(() => crps(one, [1, 2], "fair"), RangeError);
});
