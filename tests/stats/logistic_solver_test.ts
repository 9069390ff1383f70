/**
 * The solvers against their definition: optimality conditions computed here, from the matrix itself, in plain loops
 * that share no code with the solvers.
 */
import assert from "node:assert/strict";
import { type CsrMatrix, type Matrix, matrixFromRows } from "lib/math/matrix.ts";
import { type RandomStream, randomStream } from "lib/math/random.ts";
import { chooseCAndFit } from "lib/stats/choose_c.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { fitLogistic, type LogisticFit, type LogisticOptions } from "lib/stats/l1_logistic.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { assertClose } from "../support.ts";

const SEED = 20240517;

function toCsr({ data, nRows, nCols }: Matrix): CsrMatrix {
  const indptr = [0], indices: number[] = [], values: number[] = [];
  for (let i = 0; i < nRows; i++) {
    for (let j = 0; j < nCols; j++) {
      if (data[i * nCols + j] === 0) continue;
      indices.push(j);
      values.push(data[i * nCols + j]!);
    }
    indptr.push(indices.length);
  }
  const stored = data instanceof Float32Array ? Float32Array.from(values) : Float64Array.from(values);
  return {
    indptr: Uint32Array.from(indptr),
    indices: Uint32Array.from(indices),
    values: stored,
    nRows,
    nCols,
  };
}

interface Problem {
  readonly what: string;
  readonly x: Matrix;
  readonly labels: Uint8Array;
  readonly options: LogisticOptions;
}

/** The fit's largest violation relative to its penalty, and its objective, from first principles. */
function check(
  { x, labels, options }: Problem,
  fit: LogisticFit,
): {
  readonly residual: number;
  readonly objective: number;
  readonly total: number;
  readonly totalAtZero: number;
} {
  const { nRows, nCols } = x;
  const l1 = options.l1Ratio ?? 1, l2 = 1 - l1;
  const nPositive = labels.reduce((sum, y) => sum + y, 0);
  const weight = (i: number) =>
    options.c * (options.sampleWeights?.[i] ?? 1) *
    (options.classWeight === "none" ? 1 : nRows / (2 * (labels[i] ? nPositive : nRows - nPositive)));
  const value = (i: number, j: number) => {
    const raw = x.data[i * nCols + j]!;
    return options.scaler ? (raw - options.scaler.mean[j]!) / options.scaler.scale[j]! : raw;
  };
  const gradient = new Float64Array(nCols + 1), atZero = new Float64Array(nCols + 1);
  let objective = 0;
  for (let i = 0; i < nRows; i++) {
    let z = fit.intercept + (options.offset?.[i] ?? 0);
    for (let j = 0; j < nCols; j++) if (fit.coef[j] !== 0) z += value(i, j) * fit.coef[j]!;
    const s = labels[i] ? 1 : -1;
    const pull = (margin: number) => -s * weight(i) / (1 + Math.exp(s * margin));
    objective += weight(i) *
      (s * z > 0 ? Math.log1p(Math.exp(-s * z)) : -s * z + Math.log1p(Math.exp(s * z)));
    for (let j = 0; j <= nCols; j++) {
      const feature = j === nCols ? 1 : value(i, j);
      gradient[j]! += feature * pull(z);
      atZero[j]! += feature * pull(options.offset?.[i] ?? 0);
    }
  }
  let worst = 0, total = 0, totalAtZero = 0;
  const intercept = options.intercept ?? "penalized";
  for (let j = 0; j <= nCols; j++) {
    if (j === nCols && intercept === "none") continue;
    const free = j === nCols && intercept === "free";
    const w = j === nCols ? fit.intercept : fit.coef[j]!;
    const lambda = free ? 0 : l1;
    const g = gradient[j]! + (free ? 0 : l2 * w);
    if (!free) objective += l1 * Math.abs(w) + 0.5 * l2 * w * w;
    const violation = w === 0 ? Math.max(0, Math.abs(g) - lambda) : Math.abs(g + lambda * Math.sign(w));
    worst = Math.max(worst, violation);
    total += violation;
    totalAtZero += Math.max(0, Math.abs(atZero[j]!) - lambda);
  }
  const largestAtZero = atZero.subarray(0, nCols).reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  return { residual: worst / (l1 > 0 ? l1 : largestAtZero), objective, total, totalAtZero };
}

const SHAPES = [
  "dense",
  "sparse",
  "collinear",
  "constant",
  "separable",
  "wide",
  "weighted",
  "correlated",
] as const;

function drawProblem(rng: RandomStream, k: number): Problem {
  const shape = SHAPES[k % SHAPES.length]!;
  const n = 30 + rng.integers(120);
  const p = shape === "wide" ? n + rng.integers(200) : 2 + rng.integers(30);
  const data = rng.integers(2) === 0 ? new Float32Array(n * p) : new Float64Array(n * p);
  for (let i = 0; i < n; i++) {
    const common = rng.normal();
    for (let j = 0; j < p; j++) {
      const value = shape === "correlated" ? 3 * common + 0.3 * rng.normal() : rng.normal();
      data[i * p + j] = shape === "sparse" && rng.random() < 0.8 ? 0 : value * (1 + j % 4);
      if (shape === "collinear" && j > 0 && j % 3 === 0) data[i * p + j] = data[i * p + j - 1]!;
      if (shape === "constant" && j % 2 === 0) data[i * p + j] = j % 4 === 0 ? 0 : 0.1;
    }
  }
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const noise = shape === "separable" ? 0 : rng.normal();
    labels[i] = data[i * p]! + data[i * p + p - 1]! + noise > 0.5 ? 1 : 0;
  }
  labels[0] = 0;
  labels[1] = 1;
  const x = { data, nRows: n, nCols: p };
  const c = Math.exp((rng.random() * 8 - 6) * Math.LN10 / 2);
  const options: LogisticOptions = {
    c,
    l1Ratio: [1, 1, 0.5, 0][rng.integers(4)]!,
    intercept: (["penalized", "free", "none"] as const)[rng.integers(3)]!,
    classWeight: (["balanced", "none"] as const)[rng.integers(2)]!,
    ...(rng.integers(2) === 0 && { scaler: fitStandardScaler(x) }),
    ...(rng.integers(3) === 0 && { offset: Float64Array.from({ length: n }, () => rng.normal()) }),
    ...(shape === "weighted" && {
      sampleWeights: Float64Array.from(
        { length: n },
        (_, i) => i < 2 ? 1 : [0, 1e-4, 1, 1e4][rng.integers(4)]!,
      ),
    }),
  };
  const what = `problem ${k} of seed ${SEED}: ${shape} ${n} x ${p}, C ${c}, l1Ratio ${options.l1Ratio}`;
  return { what, x, labels, options };
}

Deno.test("fitLogistic() meets the optimality conditions to 1e-8 on 200 random problems, dense and sparse", () => {
  const rng = randomStream(SEED, "optimality");
  for (let k = 0; k < 200; k++) {
    const problem = drawProblem(rng, k);
    const dense = fitLogistic(problem.x, problem.labels, problem.options);
    const found = check(problem, dense);
    assert.ok(found.residual <= 1e-8, `${problem.what}: residual ${found.residual}`);
    assertClose(dense.objective, found.objective, 1e-10 * found.objective, problem.what);
    const sparse = fitLogistic(toCsr(problem.x), problem.labels, problem.options);
    const alike = check(problem, sparse);
    assert.ok(alike.residual <= 1e-8, `${problem.what}, sparse: residual ${alike.residual}`);
    assertClose(sparse.objective, dense.objective, 1e-9 * found.objective, `${problem.what}, sparse`);
  }
});

/** Rows of a few groups that share a level, as questions on one article do; whole groups are given no weight. */
function drawGroups(rng: RandomStream, nGroups: number) {
  const perGroup = 30, nCols = 60, rows: number[][] = [], labels: number[] = [];
  for (let g = 0; g < nGroups; g++) {
    const shift = 2 * rng.normal(), level = Array.from({ length: nCols }, () => 2 * rng.normal());
    for (let i = 0; i < perGroup; i++) {
      const common = rng.normal();
      rows.push(level.map((value) => value + common + 0.3 * rng.normal()));
      labels.push(0.3 * rows.at(-1)![0]! + shift + rng.normal() > 1 ? 1 : 0);
    }
  }
  const sampleWeights = Array.from({ length: nGroups }, (_, left) => {
    return Float64Array.from(labels, (_, i) => Math.floor(i / perGroup) === left ? 0 : 1);
  });
  return { x: matrixFromRows(rows), labels: Uint8Array.from(labels), sampleWeights };
}

Deno.test("fitLogistic() converges where groups are left out whole and the penalised intercept passes zero", () => {
  const rng = randomStream(SEED, "groups left out");
  let nFits = 0;
  for (let k = 0; k < 8; k++) {
    const { x, labels, sampleWeights } = drawGroups(rng, 5);
    const scaler = fitStandardScaler(x);
    for (const weights of sampleWeights) {
      const positives = labels.reduce((sum, y, i) => sum + y * weights[i]!, 0);
      if (positives === 0 || positives === weights.reduce((sum, w) => sum + w, 0)) continue;
      for (const c of [0.01, 0.1, 1, 10, 100]) {
        const options: LogisticOptions = { c, scaler, sampleWeights: weights };
        const what = `problem ${k} of seed ${SEED}, C ${c}`;
        const fit = fitLogistic(x, labels, options);
        const { residual } = check({ what, x, labels, options }, fit);
        assert.ok(fit.converged && residual <= 1e-8, `${what}: residual ${residual}`);
        nFits++;
      }
    }
  }
  assert.ok(nFits > 100, `only ${nFits} fits have both classes`);
});

/** Float32 columns over several panels of rows, some of them far from zero for their spread. */
function drawFarColumns(rng: RandomStream, mean: number, nCols = 120) {
  const nRows = 1100, data = new Float32Array(nRows * nCols);
  const labels = Uint8Array.from({ length: nRows }, (_, i) => {
    const common = rng.normal();
    for (let j = 0; j < nCols; j++) {
      data[i * nCols + j] = (j % 3 === 0 ? mean : 0) + 0.5 * common + rng.normal();
    }
    return data[i * nCols]! - mean + rng.normal() > 0.5 ? 1 : 0;
  });
  return { x: { data, nRows, nCols }, labels };
}

Deno.test("fitLogistic() proves its optimum in float64 on float32 columns, near zero or far from it", () => {
  const rng = randomStream(SEED, "far columns");
  for (const mean of [0, 10, 60, 1000]) {
    const { x, labels } = drawFarColumns(rng, mean), scaler = fitStandardScaler(x);
    for (const c of [0.003, 0.03, 0.3, 3]) {
      for (const l1Ratio of [1, 0.5, 0]) {
        const options: LogisticOptions = { c, l1Ratio, scaler };
        const what = `mean ${mean}, C ${c}, l1Ratio ${l1Ratio}`;
        const fit = fitLogistic(x, labels, options);
        const { residual } = check({ what, x, labels, options }, fit);
        assert.ok(fit.converged && residual <= 1e-8, `${what}: residual ${residual}`);
        assert.deepEqual(fitLogistic(x, labels, { ...options, kernel: "typescript" }), fit, what);
      }
    }
  }
});

Deno.test("fitLogistic() stops as LIBLINEAR does where told to, and not before", () => {
  for (const nCols of [120, 6]) { // few columns have a solver of their own
    const { x, labels } = drawFarColumns(randomStream(SEED, "stops"), 0, nCols),
      scaler = fitStandardScaler(x);
    for (const l1Ratio of [1, 0]) {
      for (const c of [0.03, 0.3, 3]) {
        const options: LogisticOptions = { c, l1Ratio, scaler, tolerance: 1e-4, relativeTo: "start" };
        const what = `${nCols} columns, C ${c}, l1Ratio ${l1Ratio}`;
        const { residual, total, totalAtZero } = check(
          { what, x, labels, options },
          fitLogistic(x, labels, options),
        );
        assert.ok(totalAtZero > 0 && total <= 1.0001e-4 * totalAtZero, `${what}: ${total} of ${totalAtZero}`);
        assert.ok(residual > 1e-8, `${what}: went on to ${residual}`);
      }
    }
  }
});

Deno.test("fitLogistic() gives the same bits in WebAssembly and in TypeScript", () => {
  const rng = randomStream(SEED, "kernels");
  for (let k = 0; k < 48; k++) {
    const { x, labels, options, what } = drawProblem(rng, k);
    for (const matrix of [x, toCsr(x)]) {
      const wasm = fitLogistic(matrix, labels, { ...options, kernel: "wasm" });
      const typescript = fitLogistic(matrix, labels, { ...options, kernel: "typescript" });
      assert.deepEqual(typescript, wasm, what);
    }
  }
});

Deno.test("chooseCAndFit() gives the same bits with any number of threads, kernel and run", async () => {
  const rng = randomStream(SEED, "threads");
  const rows = Array.from(
    { length: 2300 },
    () => Array.from({ length: 40 }, () => Math.fround(rng.normal())),
  );
  const labels = rows.map((row) => row[0]! + row[1]! + rng.normal() > 0.7 ? 1 : 0);
  const dense = matrixFromRows(rows);
  const x = { ...dense, data: Float32Array.from(dense.data) };
  const scaler = fitStandardScaler(x);
  const folds = stratifiedKFold(labels, { nSplits: 5, seed: 42 });
  const results: Awaited<ReturnType<typeof chooseCAndFit>>[] = [];
  for (
    const [nThreads, kernel] of [[1, "wasm"], [1, "wasm"], [2, "wasm"], [4, "wasm"], [
      2,
      "typescript",
    ]] as const
  ) {
    const threads = openThreads({ nThreads, kernel });
    try {
      results.push(await chooseCAndFit(x, labels, { folds, scaler, threads, path: "whole" }));
    } finally {
      threads.close();
    }
  }
  for (const other of results.slice(1)) assert.deepEqual(other, results[0]);
  assert.ok(results[0]!.path.every((point) => point.converged && point.kktResidual <= 1e-8));
  const alone = fitLogistic(x, labels, { c: results[0]!.fit.c, scaler });
  alone.coef.forEach((w, j) => assertClose(results[0]!.fit.coef[j]!, w, 1e-8));
});

Deno.test("openThreads() rejects a number of threads out of range", () => {
  assert.throws(() => openThreads({ nThreads: 0 }), /needs 1 to 64, got 0/);
});
