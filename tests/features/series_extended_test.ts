import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  EXTENDED_SERIES_NAMES,
  extendedSeriesStatistics,
  hurstExponent,
} from "lib/features/series_extended.ts";
import { decomposeSeasonally } from "lib/features/stl.ts";
import { randomStream } from "lib/math/random.ts";
import { assertClose } from "../support.ts";

const { cases } = JSON.parse(readFileSync(new URL("../golden/stl.json", import.meta.url), "utf8"));

/** As tests/golden/stl.py has it. */
function series(n: number, period: number): number[] {
  return Array.from({ length: n }, (_, t) => {
    const season = Math.sin(2 * Math.PI * t / period) * (1 + t / n);
    return 0.01 * t + season + 0.3 * Math.sin(1.7 * t * t % 6.1) + Number(t > n / 2);
  });
}

Deno.test("decomposeSeasonally() equals statsmodels' STL to 1e-9, down to two periods", () => {
  for (const { n, period, rows, ...expected } of cases) {
    const what = `${n} steps of period ${period}`;
    const values = series(n, period);
    const { trend, seasonal, remainder } = decomposeSeasonally(values, period);
    const total = (part: Float64Array) => part.reduce((sum, x) => sum + Math.abs(x), 0);
    rows.forEach((row: number, k: number) => {
      assertClose(trend[row]!, expected.trend[k], 1e-9, `${what}: trend at ${row}`);
      assertClose(seasonal[row]!, expected.seasonal[k], 1e-9, `${what}: season at ${row}`);
    });
    assertClose(total(trend), expected.trend_sum, 1e-8, what);
    assertClose(total(seasonal), expected.seasonal_sum, 1e-8, what);
    values.forEach((value, t) => assertClose(trend[t]! + seasonal[t]! + remainder[t]!, value, 1e-12));
  }
});

Deno.test("hurstExponent() is a half for white noise and one more for its sum", () => {
  const rng = randomStream(4, "tests/hurst");
  const noise = Array.from({ length: 8192 }, () => rng.normal());
  let sum = 0;
  const walk = noise.map((value) => sum += value);
  assertClose(hurstExponent(noise), 0.5, 0.05);
  assertClose(hurstExponent(walk), 1.5, 0.08);
  assert.equal(hurstExponent(new Float64Array(64)), 0.5, "a constant does not fluctuate");
  assertClose(
    hurstExponent(noise.map((value) => 7 - 3 * value)),
    hurstExponent(noise),
    1e-9,
    "scale, level, sign",
  );
});

Deno.test("extendedSeriesStatistics() tells season and trend from noise", () => {
  const rng = randomStream(5, "tests/series_extended");
  const noise = Array.from({ length: 512 }, () => rng.normal());
  const season = noise.map((value, t) => value + 8 * Math.sin(2 * Math.PI * t / 24));
  const trend = noise.map((value, t) => value + 0.1 * t);
  const { data, nCols } = extendedSeriesStatistics([noise, season, trend], { seasonLength: 24 });
  assert.equal(nCols, EXTENDED_SERIES_NAMES.length);
  assert.ok(data[nCols]! > 0.9 && data[0]! < 0.6, `season ${data[nCols]} against ${data[0]}`);
  assert.ok(data[2 * nCols + 1]! > 0.9 && data[1]! < 0.4, `trend ${data[2 * nCols + 1]} against ${data[1]}`);
});

Deno.test("decomposeSeasonally() and hurstExponent() refuse what is too short", () => {
  assert.throws(() => decomposeSeasonally(new Float64Array(47), 24), /two periods/);
  assert.throws(() => hurstExponent(new Float64Array(31)), /needs 32 values, got 31/);
});
