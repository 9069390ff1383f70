import assert from "node:assert/strict";
import type { CsrMatrix } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { classWeights, decisionFunction, fitLogistic } from "lib/stats/l1_logistic.ts";
import { markCopies } from "lib/stats/logistic/copies.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";

/** Sparse columns in triples: one, its double, its negative; the last triple is empty. */
function tripled(nRows: number, nTriples: number): { x: CsrMatrix; labels: Uint8Array } {
  const rng = randomStream(3, "copies");
  const indptr = new Uint32Array(nRows + 1), indices: number[] = [], values: number[] = [];
  const labels = new Uint8Array(nRows);
  for (let i = 0; i < nRows; i++) {
    let margin = rng.normal();
    for (let t = 0; t < nTriples - 1; t++) {
      if (rng.random() > 0.3) continue;
      const value = Math.fround(rng.random());
      if (t < 3) margin += 2 * value;
      indices.push(3 * t, 3 * t + 1, 3 * t + 2);
      values.push(value, 2 * value, -value);
    }
    indptr[i + 1] = indices.length;
    labels[i] = margin > 1 ? 1 : 0;
  }
  const x = {
    indptr,
    indices: Uint32Array.from(indices),
    values: Float32Array.from(values),
    nRows,
    nCols: 3 * nTriples,
  };
  return { x, labels };
}

Deno.test("markCopies() finds multiples and empty columns, and no others", () => {
  const columns = {
    starts: Uint32Array.of(0, 2, 4, 6, 8, 8, 8, 10),
    rows: Uint32Array.of(0, 1, 0, 1, 0, 1, 0, 2, 0, 1),
    values: Float64Array.of(1, 2, 3, 6, -1, -2, 1, 2, 1, 3),
    center: Float64Array.of(1, 3, -1, 1, 0, 0, 1),
    inverseScale: Float64Array.of(2, 2 / 3, 2, 2, 1, 1, 2),
  };
  const copies = new Uint8Array(7).fill(7);
  markCopies(columns, copies);
  assert.deepEqual([...copies], [0, 1, 1, 0, 0, 1, 0]);
});

Deno.test("fitLogistic() is optimal over all columns when most are copies of others", () => {
  const { x, labels } = tripled(200, 20);
  const scaler = fitStandardScaler(x);
  const fit = fitLogistic(x, labels, { c: 1, scaler });
  assert.ok(fit.converged);
  const weights = classWeights(labels, "balanced", "the test");
  const margins = decisionFunction(x, fit, { scaler });
  const pull = margins.map((z, i) => weights[i]! * (1 / (1 + Math.exp(-z)) - labels[i]!));
  const gradient = new Float64Array(x.nCols);
  const total = pull.reduce((sum, value) => sum + value, 0);
  pull.forEach((value, i) => {
    for (let at = x.indptr[i]!; at < x.indptr[i + 1]!; at++) {
      gradient[x.indices[at]!]! += x.values[at]! * value;
    }
  });
  gradient.forEach((sum, j) => {
    const g = (sum - scaler.mean[j]! * total) / scaler.scale[j]!, w = fit.coef[j]!;
    const violation = w === 0 ? Math.abs(g) - 1 : Math.abs(g + Math.sign(w));
    assert.ok(violation <= 1.1e-8, `column ${j}: ${violation}`);
  });
});

Deno.test("fitLogistic() under a ridge shares a coefficient out among copies", () => {
  const { x, labels } = tripled(200, 20);
  const options = { c: 1, l1Ratio: 0, scaler: fitStandardScaler(x), tolerance: 1e-11 };
  const { coef } = fitLogistic(x, labels, options);
  for (let j = 0; j < 57; j += 3) {
    assert.ok(coef[j] !== 0);
    assert.ok(Math.abs(coef[j]! - coef[j + 1]!) <= 1e-8 && Math.abs(coef[j]! + coef[j + 2]!) <= 1e-8);
  }
});
