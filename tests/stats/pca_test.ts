import assert from "node:assert/strict";
import type { CsrMatrix } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { fitPca, projectPca } from "lib/stats/pca.ts";
import { fitStandardScaler, standardize } from "lib/stats/standard_scaler.ts";
import { assertClose } from "../support.ts";

function draw() {
  const rng = randomStream(11, "pca");
  const nRows = 80, nCols = 7;
  const data = new Float64Array(nRows * nCols);
  for (let i = 0; i < nRows; i++) {
    const [a, b] = [rng.normal(), rng.normal()];
    for (let j = 0; j < nCols; j++) data[i * nCols + j] = 3 + a * (j + 1) - b * (j % 3) + rng.normal();
  }
  return { data, nRows, nCols };
}

Deno.test("fitPca() finds eigenvectors of the correlation matrix, orthonormal and in order", () => {
  const x = draw();
  const { components, variances, scaler } = fitPca(x, { nComponents: 3, rng: randomStream(1, "start") });
  const z = standardize(x, scaler);
  const correlation = (j: number, k: number) => {
    let sum = 0;
    for (let i = 0; i < z.nRows; i++) sum += z.data[i * z.nCols + j]! * z.data[i * z.nCols + k]! / z.nRows;
    return sum;
  };
  const row = (c: number) => components.data.subarray(c * x.nCols, (c + 1) * x.nCols);
  for (let c = 0; c < 3; c++) {
    for (let j = 0; j < x.nCols; j++) {
      let image = 0;
      for (let k = 0; k < x.nCols; k++) image += correlation(j, k) * row(c)[k]!;
      assertClose(image, variances[c]! * row(c)[j]!, 1e-5, `component ${c}, column ${j}`);
    }
    for (let d = 0; d < 3; d++) {
      let product = 0;
      for (let j = 0; j < x.nCols; j++) product += row(c)[j]! * row(d)[j]!;
      assertClose(product, c === d ? 1 : 0, 1e-12);
    }
  }
  assert.ok(variances[0]! > variances[1]! && variances[1]! > variances[2]!);
});

Deno.test("projectPca() gives scores whose variances are the components', dense as sparse", () => {
  const x = draw();
  const sparse: CsrMatrix = {
    indptr: Uint32Array.from({ length: x.nRows + 1 }, (_, i) => i * x.nCols),
    indices: Uint32Array.from({ length: x.data.length }, (_, k) => k % x.nCols),
    values: x.data,
    nRows: x.nRows,
    nCols: x.nCols,
  };
  for (const matrix of [x, sparse]) {
    const pca = fitPca(matrix, { nComponents: 2, rng: randomStream(2, "start") });
    const scaler = fitStandardScaler(projectPca(matrix, pca));
    for (let c = 0; c < 2; c++) {
      assertClose(scaler.variance[c]!, pca.variances[c]!, 1e-8);
      assertClose(scaler.mean[c]!, 0, 1e-12);
    }
  }
});

Deno.test("fitPca() rejects more components than rows or columns", () => {
  assert.throws(() => fitPca(draw(), { nComponents: 8, rng: randomStream(1, "x") }), /needs 1 to 7, got 8/);
});
