import assert from "node:assert/strict";
import { readSeriesColumn } from "lib/data/series_csv.ts";
import { adfTest } from "lib/features/adf.ts";
import { autocorrelations, SERIES_NAMES, seriesStatistics } from "lib/features/series.ts";
import { spectralEntropy, welchDensity } from "lib/features/welch.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertAllClose, assertClose, dataDirectory, dataTest, golden, type GoldenCase } from "../support.ts";

for (const reference of golden("ts_stats")) {
  if (reference.input.series !== undefined) {
    Deno.test(`seriesStatistics() has the published values, ${reference.id}`, () => {
      assertReference(reference, reference.input.series);
    });
  } else {
    dataTest(`seriesStatistics() has the published values, ${reference.id}`, () => {
      const { csv, column, start_ts, context_length } = reference.input;
      const path = `${dataDirectory}/data/${csv.replace("ETT-small/", "")}`;
      assertReference(reference, readSeriesColumn(path, column).slice(start_ts, start_ts + context_length));
    });
  }
}

Deno.test("seriesStatistics() finds what was put into a series", () => {
  const n = 480;
  const values = Array.from({ length: n }, (_, t) => 3 + 0.5 * t);
  const { data } = seriesStatistics([values], { seasonLength: 24 });
  const statistic = (name: typeof SERIES_NAMES[number]) => data[SERIES_NAMES.indexOf(name)]!;
  assertClose(statistic("trend_slope"), 0.5, 1e-13, "slope");
  assertClose(statistic("variance"), 0.25 * (n * n - 1) / 12, 1e-9, "variance");
  assertClose(statistic("volatility"), 0.5, 1e-15, "mean absolute difference");
  assertClose(statistic("range"), 0.5 * (n - 1), 1e-12, "range");
});

Deno.test("autocorrelations() equals the definition summed the slow way, random series", () => {
  const stream = defaultRng(2);
  const values = Array.from({ length: 90 }, stream.normal);
  const mean = values.reduce((sum, x) => sum + x, 0) / 90;
  const covariance = (lag: number) => {
    return values.reduce((sum, x, t) => t + lag < 90 ? sum + (x - mean) * (values[t + lag]! - mean) : sum, 0);
  };
  const lags = [0, 1, 5, 24, 89];
  assertAllClose(autocorrelations(values, lags), lags.map((lag) => covariance(lag) / covariance(0)), 1e-14);
});

Deno.test("welchDensity() keeps the power: white noise has density 2 sigma^2 at every frequency", () => {
  const stream = defaultRng(9);
  const density = welchDensity(Float64Array.from({ length: 256 * 400 }, () => 3 * stream.normal()));
  const inner = density.subarray(1, 128); // the mean is removed at 0, Nyquist has one side
  assertClose(inner.reduce((sum, x) => sum + x, 0) / 127, 18, 0.3, "mean density");
});

Deno.test("welchDensity() of one segment obeys Parseval's theorem", () => {
  const stream = defaultRng(4);
  for (const n of [255, 256, 100, 7]) {
    const values = Array.from({ length: n }, stream.normal);
    const mean = values.reduce((sum, x) => sum + x, 0) / n;
    const hann = values.map((_, i) => Math.sin(Math.PI * i / n) * Math.sin(Math.PI * i / n));
    const energy = values.reduce((sum, x, i) => sum + (x - mean) * hann[i]! * (x - mean) * hann[i]!, 0);
    const power = hann.reduce((sum, w) => sum + w * w, 0);
    const total = welchDensity(values).reduce((sum, x) => sum + x, 0);
    assertClose(total / n, energy / power, 1e-12, `length ${n}`);
  }
});

Deno.test("spectralEntropy() is low for a wave and near log(129) for noise", () => {
  const stream = defaultRng(6);
  const wave = Array.from({ length: 512 }, (_, i) => Math.sin(2 * Math.PI * i / 16));
  assert.ok(spectralEntropy(wave) < 1);
  const noise = spectralEntropy(Array.from({ length: 51200 }, stream.normal));
  assert.ok(noise > Math.log(129) - 0.02 && noise <= Math.log(129), `${noise}`);
});

Deno.test("adfTest() solves its regression: normal equations on the chosen lags give the same statistic", () => {
  for (let seed = 0; seed < 10; seed++) {
    const stream = defaultRng(seed);
    const series = [0];
    for (let t = 1; t < 120; t++) series.push(0.8 * series[t - 1]! + stream.normal());
    const { statistic, nLags, nObservations } = adfTest(series);
    assert.equal(nObservations, 119 - nLags);
    assertClose(statistic, levelStatistic(series, nLags), 1e-8, `seed ${seed}`);
  }
});

Deno.test("adfTest() rejects stationary series and keeps random walks at the nominal rate", () => {
  const rejected = { walk: 0, stationary: 0 };
  for (let seed = 0; seed < 200; seed++) {
    const stream = defaultRng(seed);
    const walk = [0], stationary = [0];
    for (let t = 1; t < 150; t++) {
      walk.push(walk[t - 1]! + stream.normal());
      stationary.push(0.3 * stationary[t - 1]! + stream.normal());
    }
    if (adfTest(walk).pValue < 0.05) rejected.walk++;
    if (adfTest(stationary).pValue < 0.05) rejected.stationary++;
  }
  assert.ok(rejected.walk <= 26, `${rejected.walk} of 200 walks`); // AIC lag choice makes the test liberal: about 8 %
  assert.ok(rejected.stationary >= 180, `${rejected.stationary} of 200 stationary series`);
});

Deno.test("adfTest() and autocorrelations() are NaN for a constant series, whatever the constant", () => {
  for (const constant of [0, 0.1, 3.5, -1e9, 1e-300]) {
    const series = new Array<number>(60).fill(constant);
    assert.equal(adfTest(series).pValue, NaN, `p of ${constant}`);
    assert.equal(adfTest(series).aic, -Infinity);
    assert.deepEqual([...autocorrelations(series, [1, 24])], [NaN, NaN], `acf of ${constant}`);
  }
});

Deno.test("seriesStatistics() refuses a short context and a value that is not finite", () => {
  const series = Array.from({ length: 30 }, (_, i) => Math.sin(i));
  assert.throws(() => seriesStatistics([series.slice(0, 24)], { seasonLength: 24 }), /context 0 has 24/);
  assert.throws(() => seriesStatistics([series.with(7, NaN)], { seasonLength: 24 }), /NaN at 7/);
});

Deno.test("adfTest() and welchDensity() refuse series too short for them", () => {
  assert.throws(() => adfTest([1, 2, 4, 3, 5]), RangeError);
  assert.throws(() => welchDensity([]), RangeError);
});

function assertReference({ id, input, expected, tol }: GoldenCase, series: ArrayLike<number>): void {
  const { data } = seriesStatistics([series], { seasonLength: input.season_length });
  SERIES_NAMES.forEach((name, j) => {
    const value: number | null = expected.stats[name];
    const tolerance = name === "adf_pvalue"
      ? tol.adf_pvalue_abs
      : Math.max(tol.abs_floor, tol.default_rel * Math.abs(value ?? 0));
    assertClose(data[j]!, value, tolerance, `${id} ${name}`);
  });
  const { debug } = expected;
  const adf = adfTest(series);
  assert.equal(adf.nLags, debug.adf_usedlag, `${id} lags`);
  assert.equal(adf.nObservations, debug.adf_nobs, `${id} observations`);
  const aic = debug.adf_icbest === "-Infinity" ? -Infinity : debug.adf_icbest;
  if (aic === -Infinity) assert.equal(adf.aic, aic);
  else {
    assertClose(adf.aic, aic, tol.default_rel * Math.abs(aic), `${id} AIC`);
    assertClose(adf.statistic, debug.adf_stat, tol.default_rel * Math.abs(debug.adf_stat), `${id} statistic`);
  }
  const density = welchDensity(series);
  assert.equal(density.length, debug.welch_n_freq);
  const largest = Math.max(...density);
  assertAllClose(
    density.subarray(0, 4),
    debug.welch_Pxx_first4,
    tol.default_rel * largest + tol.abs_floor,
    id,
  );
  assertAllClose(autocorrelations(series, [1, 2, 3, input.season_length]), debug.acf_1_2_3_24, 1e-9, id);
}

/** t statistic of the lagged level by Gauss-Jordan on the normal equations. */
function levelStatistic(series: readonly number[], nLags: number): number {
  const step = (t: number) => series[t]! - series[t - 1]!;
  const rows: number[][] = [], response: number[] = [];
  for (let t = nLags + 1; t < series.length; t++) {
    rows.push([series[t - 1]!, 1, ...Array.from({ length: nLags }, (_, i) => step(t - 1 - i))]);
    response.push(step(t));
  }
  const k = nLags + 2;
  const table = Array.from({ length: k }, (_, i) => {
    const moments = Array.from(
      { length: k },
      (_, j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0),
    );
    const right = rows.reduce((sum, row, r) => sum + row[i]! * response[r]!, 0);
    return [...moments, right, ...Array.from({ length: k }, (_, j) => i === j ? 1 : 0)];
  });
  for (let i = 0; i < k; i++) {
    const pivot = table[i]![i]!;
    table[i] = table[i]!.map((value) => value / pivot);
    for (let j = 0; j < k; j++) {
      if (j === i) continue;
      const factor = table[j]![i]!;
      table[j] = table[j]!.map((value, c) => value - factor * table[i]![c]!);
    }
  }
  const coefficients = table.map((row) => row[k]!);
  const squares = rows.reduce((sum, row, r) => {
    const residual = response[r]! - row.reduce((fit, x, j) => fit + x * coefficients[j]!, 0);
    return sum + residual * residual;
  }, 0);
  return coefficients[0]! / Math.sqrt(squares / (rows.length - k) * table[0]![k + 1]!);
}
