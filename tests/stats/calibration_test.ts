import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { numberColumn, readTable } from "../../lib/io/tables.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { binIndices, calibration } from "../../lib/stats/calibration.ts";
import { assertAllClose, assertClose, dataDirectory, dataGolden, dataTest, golden } from "../support.ts";

Deno.test("calibration() meets the reference's ECE, Brier score and reliability points", () => {
  for (const { id, input, expected, tol } of golden("ece_brier_reliability")) {
    for (const [nBins, want] of Object.entries<Record<string, number[] & number>>(expected)) {
      const { ece, brier, bins } = calibration(input.y, input.p, Number(nBins));
      const occupied = bins.filter(({ count }) => count > 0);
      assertClose(ece, want.ece!, tol, `${id} ${nBins} ece`);
      assertClose(brier, want.brier!, tol, `${id} ${nBins} brier`);
      assertAllClose(occupied.map((bin) => bin.meanPredicted), want.rel_x!, tol, `${id} ${nBins} x`);
      assertAllClose(occupied.map((bin) => bin.meanActual), want.rel_y!, tol, `${id} ${nBins} y`);
      if (want.bin_index) assert.deepEqual([...binIndices(input.p, Number(nBins))], [...want.bin_index]);
    }
  }
});

Deno.test("binIndices() equals the definition at and around every edge", () => {
  for (const nBins of [1, 3, 7, 10, 15, 49, 100]) {
    const edges = Array.from({ length: nBins + 1 }, (_, i) => i === nBins ? 1 : i * (1 / nBins));
    const p = edges.flatMap((edge) => [edge, edge - 2e-16, edge + 2e-16, Number(edge.toFixed(6))])
      .filter((value) => value >= 0 && value <= 1);
    const naive = p.map((value) => Math.min(nBins, edges.filter((edge) => edge <= value).length) - 1);
    assert.deepEqual([...binIndices(p, nBins)], naive, `${nBins} bins`);
  }
});

Deno.test("calibration() of one bin is |mean p - mean y|; bins add up to n", () => {
  const rng = defaultRng(4);
  const p = Array.from({ length: 500 }, () => rng.random());
  const y = p.map((value) => Number(rng.random() < value));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assertClose(calibration(y, p, 1).ece, Math.abs(mean(p) - mean(y)), 1e-14);
  const { bins, ece } = calibration(y, p);
  assert.equal(bins.reduce((sum, { count }) => sum + count, 0), 500);
  assert.ok(ece < 0.1, `drawn from p itself, ece ${ece}`);
});

Deno.test("calibration() refuses no items, non-finite values, wrong ranges and lengths", () => {
  assert.throws(() => calibration([], []), GuardrailError);
  assert.throws(() => calibration([1], [NaN]), GuardrailError);
  assert.throws(() => calibration([1], [1.1]), RangeError);
  assert.throws(() => calibration([2], [1]), RangeError);
  assert.throws(() => calibration([1, 0], [1]), RangeError);
  assert.throws(() => calibration([1], [1], 0), RangeError);
});

dataTest("calibration() re-derives ECE and Brier score of all recorded score columns", async () => {
  for (const { id, input, expected, tol } of dataGolden("real_scores")) {
    const columns = Object.keys(expected.calibration);
    assert.ok(columns.length >= 9, id);
    const path = `${dataDirectory}/records/${input.scores}`;
    const table = await readTable(path, [input.label_column, ...columns]);
    const labels = numberColumn(table, input.label_column);
    for (const column of columns) {
      const { ece, brier } = calibration(labels, numberColumn(table, column), input.ece_bins);
      assertClose(ece, expected.calibration[column].ece, tol.all, `${id} ${column} ece`);
      assertClose(brier, expected.calibration[column].brier, tol.all, `${id} ${column} brier`);
    }
  }
});

dataTest("calibration() re-derives the parent's reliability tables of all five rungs", async () => {
  const cases = [["squad_scores", "squad/"], ["probe_scores", ""]] as const;
  for (const [file, folder] of cases) {
    const text = await Deno.readTextFile(
      `${dataDirectory}/records/eval/results/${folder}calibration_results.json`,
    );
    const { probes } = JSON.parse(text.replaceAll(/\bNaN\b/g, "null"));
    const columns = Object.keys(probes);
    assert.equal(columns.length, 5);
    const path = `${dataDirectory}/records/activations/${file}.parquet`;
    const table = await readTable(path, ["difficulty", ...columns]);
    for (const column of columns) {
      const { bins } = calibration(numberColumn(table, "difficulty"), numberColumn(table, column));
      const want = probes[column];
      assertAllClose(bins.map((bin) => bin.center), want.bin_centers, 1e-15, column);
      assertAllClose(bins.map((bin) => bin.meanPredicted), want.bin_pred_mean, 1e-14, column);
      assertAllClose(bins.map((bin) => bin.meanActual), want.bin_actual_freq, 1e-14, column);
      assert.deepEqual(bins.map((bin) => bin.count), want.bin_count, column);
    }
  }
});
