import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { randomStream } from "lib/math/random.ts";
import { drawSeries, drawSeriesPlan, type SeriesPlan } from "lib/data/series/draw_series.ts";
import { covariance, drawGaussianProcess, type KernelName } from "lib/data/series/gaussian_process.ts";
import { pretrainingWindow, seriesItems, WINDOWS_PER_SERIES } from "lib/data/series/items.ts";
import { assertClose } from "../support.ts";

const items = [...seriesItems({ seed: 2, nItems: 400 })];

const PLAIN: SeriesPlan = {
  period: 12,
  seasonality: 1,
  trend: 0,
  kernel: "none",
  lengthScale: 12,
  noise: 0.1,
  noiseGrowth: 1,
  nRegimeChanges: 0,
  isNoiseSkewed: false,
};

Deno.test("seriesItems() cuts windows of one series that follow each other, in one split", () => {
  const splits = new Map<number, string>();
  items.forEach((item, i) => {
    assert.equal(item.id, i);
    assert.equal(item.seriesId, Math.floor(i / WINDOWS_PER_SERIES));
    assert.equal(item.start, 24 * (i % WINDOWS_PER_SERIES));
    assert.equal(item.context.length, 96);
    assert.equal(item.future.length, 24);
    assert.ok([...item.context, ...item.future].every(Number.isFinite));
    assert.equal(splits.get(item.seriesId) ?? item.split, item.split);
    splits.set(item.seriesId, item.split);
    const next = items[i + 1];
    if (next?.seriesId !== item.seriesId) return;
    assert.deepEqual(next.context.slice(0, 72), item.context.slice(24));
    assert.deepEqual(next.context.slice(72), item.future);
    assert.equal(next.plan, item.plan);
  });
  assert.equal(items.filter(({ split }) => split === "test").length, 120);
});

Deno.test("seriesItems() gives the same bytes for the same seed, others for another, any part alone", () => {
  const hash = (values: Iterable<unknown>) =>
    createHash("sha256").update(JSON.stringify([...values])).digest("hex");
  assert.equal(hash(seriesItems({ seed: 2, nItems: 400 })), hash(items));
  assert.notEqual(hash(seriesItems({ seed: 5, nItems: 400 })), hash(items));
  assert.equal(hash(seriesItems({ seed: 2, nItems: 7 })), hash(items.slice(0, 7)));
  assert.throws(() => [...seriesItems({ seed: 2, nItems: -1 })], /needs a number of items, got -1/);
});

Deno.test("the factors of series and windows cover their ranges and agree with each other", () => {
  const values = (of: (plan: SeriesPlan) => unknown) =>
    [...new Set(items.map(({ plan }) => of(plan)))].map(String).sort();
  assert.deepEqual(values(({ period }) => period), ["12", "24", "6", "8"]);
  assert.deepEqual(values(({ noise }) => noise), ["0.1", "0.25", "0.5"]);
  assert.deepEqual(values(({ noiseGrowth }) => noiseGrowth), ["1", "3", "9"]);
  assert.deepEqual(values(({ trend }) => Math.abs(trend)), ["0", "0.5", "1", "2"]);
  assert.deepEqual(values(({ kernel }) => kernel), ["matern12", "matern32", "none", "rbf"]);
  assert.deepEqual(values(({ nRegimeChanges }) => nRegimeChanges), ["0", "1", "2"]);
  assert.deepEqual(values(({ isNoiseSkewed }) => isNoiseSkewed), ["false", "true"]);
  for (const { plan, window } of items) {
    assert.ok(window.nChangesInContext <= plan.nRegimeChanges);
    assert.ok(window.stepsSinceChange > 0 && window.stepsSinceChange <= 96);
    assert.equal(window.nChangesInContext === 0, window.stepsSinceChange === 96);
    if (plan.nRegimeChanges === 0) assert.ok(!window.changesInFuture);
    // Noise grows exponentially: the ratio of mean squares over future and context follows from the growth alone.
    const growth = Math.log(plan.noiseGrowth) / 191;
    const meanSquare = (from: number, count: number) =>
      Array.from({ length: count }, (_, t) => Math.exp(2 * growth * (from + t))).reduce((a, b) => a + b) /
      count;
    assertClose(
      window.futureNoise / window.contextNoise,
      Math.sqrt(meanSquare(96, 24) / meanSquare(0, 96)),
      1e-9,
    );
  }
});

Deno.test("drawSeries() plants what its plan says: season, trend, shifts, noise and its growth", () => {
  const rng = randomStream(8, "test");
  const fit = (values: ArrayLike<number>) => Array.from(values);
  const season = fit(drawSeries(rng, { ...PLAIN, noise: 0, seasonality: 2 }, 192).values);
  season.slice(12).forEach((value, t) => assertClose(value, season[t]!, 1e-9, "one season later"));
  assertClose(standardDeviation(season), 2, 1e-9, "seasonality");
  const trend = fit(drawSeries(rng, { ...PLAIN, noise: 0, trend: -2 }, 192).values);
  assertClose(trend[132]! - trend[12]!, -2.4, 1e-9, "ten seasons of 12 steps at -2 in 100");
  const { values, changes } = drawSeries(rng, { ...PLAIN, noise: 0, seasonality: 0, nRegimeChanges: 2 }, 192);
  const jumps = fit(values).flatMap((value, t) =>
    t > 0 && Math.abs(value - values[t - 1]!) > 1e-9 ? [t] : []
  );
  assert.deepEqual(jumps, changes);
  for (const t of jumps) {
    assert.ok(Math.abs(values[t]! - values[t - 1]!) >= 2 && Math.abs(values[t]! - values[t - 1]!) <= 3);
  }
  for (const isNoiseSkewed of [false, true]) {
    const plan = { ...PLAIN, seasonality: 0, noise: 0.5, noiseGrowth: 9, isNoiseSkewed };
    const draws = Array.from({ length: 300 }, () => drawSeries(rng, plan, 192));
    // Differences of neighbours: the level drops out.
    const differences = (from: number) =>
      draws.flatMap((draw) =>
        Array.from({ length: 5 }, (_, i) => draw.values[from + 2 * i]! - draw.values[from + 2 * i + 1]!)
      );
    const growth = standardDeviation(differences(172)) / standardDeviation(differences(10));
    assertClose(growth, Math.exp(Math.log(9) * 162 / 191), 0.9, "growth of the noise");
    assertClose(
      draws[0]!.noiseScale[191]! / draws[0]!.noiseScale[0]!,
      9,
      1e-9,
      "growth of the recorded scale",
    );
  }
  assert.throws(() => drawSeries(rng, PLAIN, 1), /needs 2 to 512 steps, got 1/);
});

Deno.test("drawGaussianProcess() has its kernel's covariance, and a longer draw begins with a shorter one", () => {
  for (const kernel of ["rbf", "matern32", "matern12"] satisfies KernelName[]) {
    const rng = randomStream(4, kernel);
    const draws = Array.from(
      { length: 6000 },
      () => drawGaussianProcess(rng, { kernel, lengthScale: 4, length: 12 }),
    );
    for (const [i, j] of [[0, 0], [11, 11], [3, 4], [2, 7], [0, 11]] as const) {
      const sample = draws.reduce((sum, draw) => sum + draw[i]! * draw[j]!, 0) / draws.length;
      assertClose(sample, covariance(kernel, i - j, 4), 0.08, `${kernel} ${i} ${j}`);
    }
    const long = drawGaussianProcess(randomStream(1, "x"), { kernel, lengthScale: 12, length: 60 });
    const short = drawGaussianProcess(randomStream(1, "x"), { kernel, lengthScale: 12, length: 20 });
    assert.deepEqual(short, long.slice(0, 20));
  }
  assert.equal(covariance("matern12", 3, 3), Math.exp(-1));
  assertClose(covariance("matern32", 1, 1), 2.7320508075688772 * 0.17692120631776423, 1e-12);
  const draw = (lengthScale: number, length: number) => () =>
    drawGaussianProcess(randomStream(1, "x"), { kernel: "rbf", lengthScale, length });
  assert.throws(draw(0, 5), /needs a positive length scale, got 0/);
  assert.throws(draw(4, 513), /needs 1 to 512 steps, got 513/);
});

Deno.test("pretrainingWindow() is a pure function of its index, and no item's window", () => {
  const options = { seed: 2, contextLength: 96, horizon: 24 };
  const contexts = new Set(items.map(({ context }) => context.join()));
  for (let index = 0; index < 100; index++) {
    const window = pretrainingWindow(index, options);
    assert.deepEqual(window, pretrainingWindow(index, options));
    assert.equal(window.context.length, 96);
    assert.equal(window.future.length, 24);
    assert.ok(!contexts.has(window.context.join()));
  }
});

Deno.test("drawSeriesPlan() draws each factor without regard to the others", () => {
  const rng = randomStream(6, "plans");
  const plans = Array.from({ length: 4000 }, () => drawSeriesPlan(rng));
  const columns = [
    plans.map(({ period }) => period),
    plans.map(({ noise }) => noise),
    plans.map(({ noiseGrowth }) => noiseGrowth),
    plans.map(({ trend }) => Math.abs(trend)),
    plans.map(({ seasonality }) => seasonality),
    plans.map(({ nRegimeChanges }) => nRegimeChanges),
    plans.map(({ isNoiseSkewed }) => Number(isNoiseSkewed)),
  ];
  columns.forEach((a, i) =>
    columns.slice(i + 1).forEach((b) => assert.ok(Math.abs(correlation(a, b)) < 4 / Math.sqrt(plans.length)))
  );
});

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const centre = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [x, y] = [centre(a), centre(b)];
  const product = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}
