import assert from "node:assert/strict";
import { auroc } from "lib/stats/auroc.ts";
import { batchMeans } from "lib/stats/batch_means.ts";
import { aurocDeltaOnRows, meanOnRows } from "lib/stats/leave_out.ts";
import { movingBlockAuroc, movingBlockInterval, movingBlockMeanDelta } from "lib/stats/moving_block.ts";
import { overlapLength, planBatches, seriesSpans } from "lib/stats/time_blocks.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertAllClose, assertClose } from "../support.ts";

const rng = defaultRng(1);
const values = Float64Array.from({ length: 200 }, () => rng.normal());

Deno.test("overlapLength() counts the windows that share data", () => {
  assert.equal(overlapLength({ context: 512, horizon: 96, stride: 24 }), 26);
  assert.equal(overlapLength({ context: 10, horizon: 2, stride: 12 }), 1);
});

Deno.test("planBatches() keeps batches inside series, at least an overlap long, and covers every row once", () => {
  const series = [...Array(100).fill("a"), ...Array(37).fill("b"), ...Array(5).fill("c")];
  const { nBlocks, batches, batchLength } = planBatches(series, 8);
  assert.equal(nBlocks, 12 + 4 + 1);
  assert.ok(batchLength >= 8);
  let next = 0;
  for (const { start, end } of batches) {
    assert.equal(start, next);
    assert.ok(end > start);
    assert.ok(series.slice(start, end).every((label) => label === series[start]));
    next = end;
  }
  assert.equal(next, series.length);
  assert.equal(planBatches(260, 26).batches.length, 5);
});

Deno.test("seriesSpans() rejects a series in two pieces, planBatches() a bad overlap", () => {
  assert.throws(() => seriesSpans(["a", "b", "a"]), RangeError);
  assert.throws(() => planBatches(10, 0), RangeError);
  assert.throws(() => planBatches(10, 1.5), RangeError);
});

Deno.test("batchMeans() of a mean equals the classical formula on equal batches", () => {
  const { batches, varianceFactor } = planBatches(160, 16);
  const means = batches.map(({ start, end }) =>
    meanOnRows(values)(Uint32Array.from({ length: end - start }, (_, i) => start + i))
  );
  const m = means.length;
  assert.equal(m, 5);
  const grand = means.reduce((sum, x) => sum + x, 0) / m;
  const variance = means.reduce((sum, x) => sum + (x - grand) * (x - grand), 0) / (m - 1) / m;
  const result = batchMeans(meanOnRows(values), 160, { overlap: 16 });
  if (result.status !== "valid") throw new Error(result.reason);
  assertClose(result.value, grand, 1e-14);
  assertClose(result.standardError, Math.sqrt(variance * varianceFactor), 1e-14);
  assert.equal(result.df, m - 1);
});

Deno.test("batchMeans() and movingBlockInterval() are underpowered below ten blocks", () => {
  // ETTh1's test split: 167 windows, 26 of which overlap
  const etth1 = batchMeans(meanOnRows(values), 167, { overlap: 26 });
  assert.ok(etth1.status === "underpowered" && /needs 10 blocks of 26 windows, got 6/.test(etth1.reason));
  const blocks = movingBlockInterval(0, values, { rows: 167, overlap: 26 });
  assert.equal(blocks.status, "underpowered");
  assert.equal(batchMeans(meanOnRows(values), 100, { overlap: 10 }).status, "valid");
  assert.equal(batchMeans(meanOnRows(values), 99, { overlap: 10 }).status, "underpowered");
});

Deno.test("batchMeans() is underpowered when one batch holds all hard windows", () => {
  const labels = values.map((_, i) => i < 4 ? 1 : 0);
  const result = batchMeans(aurocDeltaOnRows(values, values, labels), 200, { overlap: 10 });
  assert.ok(result.status === "underpowered" && /class/.test(result.reason));
});

Deno.test("movingBlockMeanDelta() draws runs of consecutive rows that stay inside their series", () => {
  const n = 30;
  const series = Array.from({ length: n }, (_, i) => i < 12 ? 0 : 1);
  const blockLength = 5;
  const powers = Float64Array.from({ length: n }, (_, i) => i); // only the sum is seen: replay the draws
  const options = { nResamples: 20, rng: defaultRng(3), blockLength, series };
  const { draws } = movingBlockMeanDelta(powers, new Float64Array(n), options);
  const replay = defaultRng(3);
  const starts = [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25];
  const naive = Array.from({ length: 20 }, () => {
    const rows: number[] = [];
    while (rows.length < n) {
      const start = starts[replay.integers(starts.length)]!;
      for (let k = 0; k < blockLength; k++) rows.push(start + k);
    }
    return rows.slice(0, n).reduce((sum, row) => sum + row, 0) / n;
  });
  assertAllClose(draws, naive, 1e-12);
});

Deno.test("movingBlockAuroc() with blocks of one row is the bootstrap of items", () => {
  const labels = Array.from({ length: 20 }, (_, i) => i % 2);
  const scores = values.slice(0, 20);
  const result = movingBlockAuroc({ a: scores }, labels, {
    nResamples: 8,
    rng: defaultRng(7),
    blockLength: 1,
  });
  const replay = defaultRng(7);
  const naive = Array.from({ length: 8 }, () => {
    const rows = Array.from({ length: 20 }, () => replay.integers(20));
    return auroc(rows.map((i) => scores[i]!), rows.map((i) => labels[i]!));
  });
  assertAllClose(result.draws["a"]!, naive, 1e-15);
});

Deno.test("moving blocks reject a block no series can hold, and draws too few for an interval", () => {
  const options = { nResamples: 2, rng: defaultRng(1), blockLength: 3 };
  assert.throws(() => movingBlockMeanDelta([1, 2], [0, 0], options), RangeError);
  assert.throws(() => movingBlockMeanDelta([1, 2], [0, 0], { ...options, blockLength: 0 }), RangeError);
  assert.throws(() => movingBlockMeanDelta([1, 2, 3], [0, 0, 0], { ...options, series: [1] }), RangeError);
  assert.throws(() => movingBlockInterval(0, new Float64Array(1), { rows: 100, overlap: 1 }), RangeError);
});
