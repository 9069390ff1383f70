import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { type CsrMatrix, matrixFromRows } from "lib/math/matrix.ts";
import { fitDifferenceOfMeans } from "lib/stats/difference_of_means.ts";
import { fitStandardScaler, standardize } from "lib/stats/standard_scaler.ts";
import { assertAllClose } from "../support.ts";

const x = matrixFromRows([[0, 3], [1, 0], [4, 5], [0, 9], [2, 0]]);
const labels = [0, 1, 1, 0, 1];

Deno.test("fitDifferenceOfMeans() is the difference of the standardised class means, dense as sparse", () => {
  const scaler = fitStandardScaler(x);
  const z = standardize(x, scaler).data;
  const expected = [0, 1].map((j) => (z[2 + j]! + z[4 + j]! + z[8 + j]!) / 3 - (z[j]! + z[6 + j]!) / 2);
  assertAllClose(fitDifferenceOfMeans(x, labels, scaler).coef, expected, 1e-14);
  const sparse: CsrMatrix = {
    indptr: new Uint32Array([0, 1, 2, 4, 5, 6]),
    indices: new Uint32Array([1, 0, 0, 1, 1, 0]),
    values: new Float64Array([3, 1, 4, 5, 9, 2]),
    nRows: 5,
    nCols: 2,
  };
  assertAllClose(fitDifferenceOfMeans(sparse, labels, scaler).coef, expected, 1e-14);
});

Deno.test("fitDifferenceOfMeans() refuses a single class by name", () => {
  assert.throws(
    () => fitDifferenceOfMeans(x, [1, 1, 1, 1, 1], fitStandardScaler(x)),
    (error: unknown) => error instanceof GuardrailError && error.guardrail === "single-class",
  );
});
