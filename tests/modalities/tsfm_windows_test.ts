import assert from "node:assert/strict";
import { join } from "node:path";
import { csvWindows, nStepsRead, organismWindows } from "lib/modalities/tsfm_windows.ts";
import { openTsfmStudy } from "lib/modalities/tsfm.ts";
import { chronosBins } from "lib/model/chronos_tokens.ts";
import { readChronosConfig } from "lib/model/chronos_config.ts";
import { readSeriesColumn } from "lib/data/series_csv.ts";
import { assertClose, dataDirectory, dataTest } from "../support.ts";

const CUT = { context: 12, horizon: 4, stride: 2, seasonLength: 3 };
const MODELS = { cheap: "results/organisms/series_cheap", expensive: "results/organisms/series_expensive" };

Deno.test("csvWindows() cuts contexts and futures that follow each other, groups that share no sample twice removed", () => {
  const values = Float64Array.from({ length: 200 }, (_, t) => t);
  const windows = csvWindows(values, CUT);
  assert.equal(windows.length, (200 - 16) / 2 + 1);
  for (const { id, start, context, future, group, split } of windows) {
    assert.equal(start, 2 * id);
    assert.deepEqual([context[0], context[11], future[0], future[3]], [
      start,
      start + 11,
      start + 12,
      start + 15,
    ]);
    assert.equal(group, Math.floor(id / 8)); // 16 samples are 8 strides
    assert.equal(split, start + 16 <= 140 ? "train" : start >= 156 ? "test" : "purged");
  }
});

Deno.test("csvWindows() passes missing values over in the units of errors", () => {
  const values = Float64Array.from({ length: 60 }, (_, t) => t % 3 === 0 ? 5 : t);
  values[4] = NaN;
  const { context, seasonalError, seasonalNaive } = csvWindows(values, CUT)[0]!;
  assert.ok(Number.isNaN(context[4]));
  // 9 pairs a season apart, of which 3 repeat exactly, 4 are 3 apart and 2 miss a value
  assertClose(seasonalError, 4 * 3 / 7, 1e-12, "seasonal error");
  assert.ok(seasonalNaive > 0);
  const rises = csvWindows(values, CUT).map(({ factors }) => factors["season_rises"]!);
  assert.deepEqual([...new Set(rises)], [1]); // whatever is missing
  assert.deepEqual(
    new Set(csvWindows(values.map((x) => -x), CUT).map(({ factors }) => factors["season_rises"]!)),
    new Set([0]),
  );
});

Deno.test("nStepsRead() is what the model's context holds", () => {
  const bins = chronosBins(readChronosConfig(MODELS.cheap));
  assert.equal(nStepsRead(bins, { context: new Float64Array(512) }), 96);
  assert.equal(nStepsRead(bins, organismWindows({ seed: 1, nItems: 1 })[0]!), 96);
  assert.equal(nStepsRead(bins, { context: new Float64Array(40) }), 40);
});

dataTest(
  "the series organism forecasts ETTh1 through the adapter: 483, 167 and 51 windows as published",
  async () => {
    const values = readSeriesColumn(join(dataDirectory!, "data/ETTh1.csv"), "OT");
    const windows = csvWindows(values, { context: 512, horizon: 96, stride: 24, seasonLength: 24 });
    const study = await openTsfmStudy({
      dataset: "etth1_organism",
      seed: 42,
      windows,
      models: MODELS,
      hook: "encoder.1.hook_resid_post",
      hardQuantile: 0.75,
      nPaths: 4,
      seasonLength: 24,
      purge: 26,
      engine: { engine: "native", threads: 1 },
    });
    const count = (wanted: string) => study.splits.filter((split) => split === wanted).length;
    assert.deepEqual([count("train"), count("test"), count("purged")], [483, 167, 51]);
    const rows = [0, 350, 700];
    const { errors, nats } = await study.outcomes("cheap", rows);
    rows.forEach((_, i) => assert.ok(errors[i]! > 0 && Number.isFinite(errors[i]!) && nats[i]! > 0));
    const [own] = await study.activations([700]);
    assert.equal(own!.length, 96 * study.dModel);
    assert.equal(study.causal.positions(700, "all").length, 96);
    await study.close();
  },
);
