import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { type CsrMatrix, matrixFromRows, selectRows } from "lib/math/matrix.ts";
import { fitStandardScaler, standardize } from "lib/stats/standard_scaler.ts";
import { assertAllClose, golden } from "../support.ts";

for (const { id, input, expected, tol } of golden("standard_scaler")) {
  Deno.test(`fitStandardScaler() reproduces scikit-learn on ${id}`, () => {
    const train = matrixFromRows(input.X_train);
    const scaler = fitStandardScaler(train);
    const relative = (figures: number[]) => figures.map((f, j) => [scaler, j, f] as const);
    relative(expected.mean).forEach(([s, j, f]) =>
      assert.ok(Math.abs(s.mean[j]! - f) <= tol * Math.max(1, Math.abs(f)))
    );
    assertAllClose(scaler.variance, expected.var, tol * 1e6, "variance");
    assertAllClose(scaler.scale, expected.scale, tol, "scale");
    const first5 = standardize(selectRows(train, [0, 1, 2, 3, 4]), scaler);
    assertAllClose(first5.data, expected.train_first5.flat(), tol, "train");
    // The unseen rows sit 1e8 standard deviations out in columns of tiny spread: compare relatively.
    const test = standardize(matrixFromRows(input.X_test), scaler);
    expected.test.flat().forEach((f: number, k: number) =>
      assert.ok(Math.abs(test.data[k]! - f) <= tol * Math.max(1, Math.abs(f)), `test[${k}]`)
    );
  });
}

Deno.test("fitStandardScaler() fits sparse rows as the same dense rows", () => {
  const dense = matrixFromRows([[0, 2, 0], [5, 0, 0], [0, 0, 0], [1, -3, 0]]);
  const sparse: CsrMatrix = {
    indptr: new Uint32Array([0, 1, 2, 2, 4]),
    indices: new Uint32Array([1, 0, 0, 1]),
    values: new Float64Array([2, 5, 1, -3]),
    nRows: 4,
    nCols: 3,
  };
  for (const rows of [undefined, [0, 1, 3]]) {
    const a = fitStandardScaler(dense, rows), b = fitStandardScaler(sparse, rows);
    assertAllClose(b.mean, a.mean, 1e-15);
    assertAllClose(b.scale, a.scale, 1e-15);
    assert.equal(b.scale[2], 1);
  }
});

Deno.test("fitStandardScaler() refuses an empty split and a NaN by name", () => {
  const refusal = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  assert.throws(() => fitStandardScaler(matrixFromRows([[1]]), []), refusal("empty-split"));
  assert.throws(() => fitStandardScaler(matrixFromRows([[NaN]])), refusal("non-finite"));
});

Deno.test("standardize() rejects a matrix of another width", () => {
  const scaler = fitStandardScaler(matrixFromRows([[1, 2], [3, 4]]));
  assert.throws(() => standardize(matrixFromRows([[1]]), scaler), /has 2 columns, got 1/);
});
