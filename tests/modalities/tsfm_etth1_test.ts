import assert from "node:assert/strict";
import { join } from "node:path";
import { readSeriesColumn } from "lib/data/series_csv.ts";
import { SERIES_NAMES } from "lib/features/series.ts";
import { EXTENDED_SERIES_NAMES } from "lib/features/series_extended.ts";
import type { NamedBlock, Study } from "lib/modality.ts";
import { openTsfmStudy } from "lib/modalities/tsfm.ts";
import type { SeriesRules } from "lib/modalities/tsfm_labels.ts";
import { csvWindows } from "lib/modalities/tsfm_windows.ts";
import { baselinesArtifact } from "lib/run/embedded/measures.ts";
import { assertClose, dataDirectory, dataTest, golden } from "../support.ts";

/** ETTh1's windows behind Chronos' dummy checkpoint: nothing here but the forecasts depends on weights. */
async function withEtth1(
  rules: SeriesRules,
  body: (study: Study, values: Float64Array) => Promise<void>,
  hasExtendedCheap = false,
) {
  const values = readSeriesColumn(join(dataDirectory!, "data/ETTh1.csv"), "OT");
  const windows = csvWindows(values, { context: 512, horizon: 96, stride: 24, seasonLength: 24 });
  const model = join(dataDirectory!, "data/dummy-chronos-model");
  const study = await openTsfmStudy({
    ...{
      dataset: "etth1",
      seed: 42,
      windows,
      purge: 26,
      rules,
      hardQuantile: 0.75,
      nPaths: 4,
      hasExtendedCheap,
    },
    models: { cheap: model, expensive: model },
    hook: "encoder.0.hook_resid_post",
    seasonLength: 24,
    engine: { engine: "native", threads: 1 },
  });
  try {
    await body(study, values);
  } finally {
    await study.close();
  }
}

const column = ({ names, matrix }: NamedBlock, name: string) => (row: number) =>
  matrix.data[row * matrix.nCols + names.indexOf(name)]!;

dataTest(
  "ETTh1 through the adapter: 701 windows, 483 / 167 / 51, and the golden statistics",
  () =>
    withEtth1({}, async (study) => {
      const count = (wanted: string) => study.splits.filter((split) => split === wanted).length;
      assert.deepEqual([study.nItems, count("train"), count("test"), count("purged")], [701, 483, 167, 51]);
      const references = golden("ts_stats").filter(({ id }) => id.startsWith("ETTh1_"));
      assert.equal(references.length, 8);
      for (const { id, input, expected, tol } of references) {
        for (const name of SERIES_NAMES) {
          const wanted = expected.stats[name];
          const tolerance = name === "adf_pvalue"
            ? tol.adf_pvalue_abs
            : tol.abs_floor + tol.default_rel * Math.abs(wanted);
          assertClose(column(study.cheap, name)(input.start_ts / 24), wanted, tolerance, `${id} ${name}`);
        }
      }
      await Promise.resolve();
    }),
);

dataTest(
  "ETTh1's seasonal naive: CRPS and MASE of every window, from the values alone",
  () =>
    withEtth1({}, async (study, values) => {
      const [crps, mase] = ["seasonal_naive_crps", "seasonal_naive_mase"].map((name) =>
        column(study.baselines!, name)
      );
      for (const id of [0, 240, 482, 534, 700]) {
        const end = 24 * id + 512;
        let error = 0, scale = 0;
        for (let t = 0; t < 96; t++) error += Math.abs(values[end + t]! - values[end - 24 + t % 24]!) / 96;
        for (let t = end - 488; t < end; t++) scale += Math.abs(values[t]! - values[t - 24]!) / 488;
        assertClose(crps!(id), error, 1e-12, `CRPS of window ${id}`);
        assertClose(mase!(id), error / scale, 1e-12, `MASE of window ${id}`);
      }
      await Promise.resolve();
    }),
);

dataTest(
  "labels of ETTh1 may see the test windows only where the published protocol is asked for",
  async () => {
    const share = (labels: Uint8Array, study: Study, wanted: string) => {
      const rows = study.splits.flatMap((split, i) => split === wanted ? [i] : []);
      return rows.filter((row) => labels[row] === 1).length / rows.length;
    };
    const outcomesOf = (study: Study) => ({
      // the published error falls with the level, as the series does: train windows are worse
      errors: Float64Array.from(study.ids, (id) => study.splits[id] === "train" ? 2 + id % 7 : 1 + id % 7),
      nats: new Float64Array(study.nItems),
      costs: new Float64Array(study.nItems),
      uncertainty: study.untouched,
    });
    await withEtth1({}, async (study) => {
      const { labels, definition } = study.label(outcomesOf(study));
      assert.ok(share(labels, study, "train") >= 0.25 && /train 0.75 quantile/.test(definition));
      await Promise.resolve();
    });
    await withEtth1({ error: "crps", thresholdOver: "all" }, async (study) => {
      const { labels, definition } = study.label(outcomesOf(study));
      const all = labels.reduce((sum, label) => sum + label, 0) / labels.length;
      assert.ok(all >= 0.25 && all < 0.4 && /^CRPS at or above its 0.75 quantile/.test(definition), `${all}`);
      await Promise.resolve();
    });
  },
);

dataTest("a window's error is scaled and fair, published, or MASE, by the rules", async () => {
  const errors: Record<string, number> = {};
  for (const error of ["scaled_crps", "crps", "mase"] as const) {
    await withEtth1({ error, continuation: "median" }, async (study) => {
      errors[error] = (await study.outcomes("cheap", [123])).errors[0]!;
    });
  }
  // The biased estimator counts a path's pair with itself: never below the fair one, in whatever unit.
  await withEtth1({}, async (study) => {
    const unit = column(study.baselines!, "seasonal_naive_crps")(123) /
      column(study.baselines!, "seasonal_naive_mase")(123);
    assert.ok(errors["crps"]! > errors["scaled_crps"]! * unit);
    assert.ok(errors["mase"]! > 0 && errors["mase"] !== errors["scaled_crps"]);
    await Promise.resolve();
  });
});

dataTest(
  "baselines.json of ETTh1: the seasonal naive's CRPS and MASE on 483 train and 167 test windows",
  () =>
    withEtth1({}, async (study) => {
      const rowsOf = (wanted: string) =>
        Uint32Array.from(study.splits.flatMap((split, row) => split === wanted ? [row] : []));
      const cheap = {
        errors: Float64Array.from(study.ids, (id) => id),
        nats: new Float64Array(study.nItems),
        costs: new Float64Array(study.nItems),
        uncertainty: study.untouched,
      };
      const split = { train: rowsOf("train"), test: rowsOf("test") };
      const { train, test } = baselinesArtifact(study, { split, cheap });
      assert.deepEqual([train!["n"], test!["n"]], [483, 167]);
      assertClose(train!["seasonal_naive_crps"]!, 3.0703, 5e-5);
      assertClose(test!["seasonal_naive_crps"]!, 2.3611, 5e-5);
      assertClose(train!["seasonal_naive_mase"]!, 1.3379, 5e-5);
      assertClose(test!["seasonal_naive_mase"]!, 1.3824, 5e-5);
      assertClose(train!["cheap_model_error"]!, 241, 1e-9, "mean of 0 ... 482");
      await Promise.resolve();
    }),
);

dataTest(
  "the extended cheap block of ETTh1: the published eight as they are, and three columns more",
  () =>
    withEtth1({}, async (study) => {
      assert.deepEqual(study.cheap.names, [...SERIES_NAMES, ...EXTENDED_SERIES_NAMES]);
      const all = EXTENDED_SERIES_NAMES.map((name) => study.ids.map(column(study.cheap, name)));
      assert.ok(
        all[0]!.every((value) => value >= 0 && value < 1) &&
          all[1]!.every((value) => value >= 0 && value < 1),
      );
      assert.ok(all[2]!.every((value) => value > 0.5 && value < 2), "hourly temperatures are persistent");
      const reference = golden("ts_stats").find(({ id }) => id.startsWith("ETTh1_"))!;
      const { range } = reference.expected.stats;
      assertClose(column(study.cheap, "range")(reference.input.start_ts / 24), range, 1e-9 * range);
      await Promise.resolve();
    }, true),
);
