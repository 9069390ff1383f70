import assert from "node:assert/strict";
import {
  dfaExponent,
  EXTENDED_SERIES_NAMES,
  extendedSeriesStatistics,
} from "lib/features/series_extended.ts";
import { stl } from "lib/features/stl.ts";
import { randomStream } from "lib/math/random.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

const CASES = golden("stl");

Deno.test("stl() is statsmodels' STL to 1e-9: seasonal and trend, whole and broken periods", () => {
  assert.ok(CASES.length >= 5);
  for (const { id, input: { y, period }, expected } of CASES) {
    const { seasonal, trend, remainder } = stl(y, { period });
    const kept = (values: Float64Array) => expected.rows.map((row: number) => values[row]!);
    assertAllClose(kept(seasonal), expected.seasonal, 1e-9, `${id} seasonal`);
    assertAllClose(kept(trend), expected.trend, 1e-9, `${id} trend`);
    assertAllClose(remainder.map((value, t) => value + seasonal[t]! + trend[t]!), y, 1e-12, `${id} sum`);
  }
});

Deno.test("extendedSeriesStatistics(): strengths and Hurst exponent of the reference", () => {
  for (const { id, input: { y, period }, expected } of CASES) {
    const { data, nCols } = extendedSeriesStatistics([y], { seasonLength: period });
    assert.equal(nCols, EXTENDED_SERIES_NAMES.length);
    assertClose(data[0]!, expected.seasonal_strength, 1e-9, `${id} seasonal strength`);
    assertClose(data[1]!, expected.trend_strength, 1e-9, `${id} trend strength`);
    assertClose(data[2]!, expected.dfa, 1e-9, `${id} Hurst exponent`);
  }
});

Deno.test("dfaExponent() is one half for white noise, three halves for its sum, and blind to level and scale", () => {
  const rng = randomStream(6, "tests/hurst");
  const exponents = Array.from({ length: 20 }, () => {
    const noise = Float64Array.from({ length: 1024 }, () => rng.normal());
    let sum = 0;
    const walk = noise.map((value) => sum += value);
    assertClose(dfaExponent(noise.map((value) => 7 - 3 * value)), dfaExponent(noise), 1e-9);
    return [dfaExponent(noise), dfaExponent(walk)];
  });
  const meanOf = (k: number) => exponents.reduce((sum, own) => sum + own[k]!, 0) / 20;
  assertClose(meanOf(0), 0.5, 0.05);
  assertClose(meanOf(1), 1.5, 0.05);
});

Deno.test("extendedSeriesStatistics() tells a season from a trend", () => {
  const rng = randomStream(7, "tests/strength");
  const series = (season: number, slope: number) =>
    Float64Array.from(
      { length: 240 },
      (_, t) => season * Math.sin(2 * Math.PI * t / 24) + slope * t + rng.normal(),
    );
  const { data } = extendedSeriesStatistics([series(5, 0), series(0, 0.2)], { seasonLength: 24 });
  assert.ok(data[0]! > 0.9 && data[1]! < 0.5);
  assert.ok(data[3]! < 0.5 && data[4]! > 0.9);
});

Deno.test("series statistics refuse what is too short, not finite, or no period", () => {
  assert.throws(() => stl(new Float64Array(47), { period: 24 }), /two of them, got 24 of 47/);
  assert.throws(() => stl(new Float64Array(48), { period: 1 }), RangeError);
  assert.throws(() => stl(new Float64Array(48), { period: 24, seasonal: 8 }), /odd seasonal window/);
  assert.throws(() => dfaExponent(new Float64Array(31)), /needs 32 values, got 31/);
  const hole = new Float64Array(60);
  hole[5] = NaN;
  assert.throws(() => extendedSeriesStatistics([hole], { seasonLength: 24 }), /context 0 has NaN at 5/);
});
