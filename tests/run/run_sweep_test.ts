/**
 * Sweeps: how a configuration expands, and two of them, over places and over series, end to end in processes of their
 * own on the narrow checkpoints of the loopback hub, killed and resumed.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "lib/guardrail.ts";
import { figureSvg } from "lib/io/figures/figure_svg.ts";
import { readTable } from "lib/io/tables.ts";
import { projectRoot } from "lib/io/paths.ts";
import { sweepFigure } from "lib/report/figures/sweep.ts";
import { fetchFull } from "lib/run/fetch_full.ts";
import { expandSweep } from "lib/run/sweeps/expand.ts";
import type { SweepRow } from "lib/run/sweeps/measure.ts";
import { knownSweeps, readSweep, type SweepConfig } from "lib/run/sweeps/sweep_config.ts";
import { sweepText } from "lib/run/sweeps/sweep_text.ts";
import { clippedTexts, inkOutsidePage } from "../io/svg_inspection.ts";
import { type ModelName, MODELS, serveHub, writeData, writeModel } from "../full/hub_fixture.ts";
import { runOffline } from "../full/offline_process.ts";
import { writeSmallConfigs } from "../full/small_configs.ts";

const CONFIGS = join(projectRoot, "configs");
const sweepOf = (axes: SweepConfig["axes"]): SweepConfig => ({
  ...{ name: "x", question: "Does it?", studies: ["tsfm_series"], axes },
});
const expand = (axes: SweepConfig["axes"]) => expandSweep(sweepOf(axes), { configFolder: CONFIGS });

Deno.test("expandSweep() gives every combination, the last axis varying fastest, and changes nothing else", async () => {
  const runs = await expand({ width: [4, 8], pooling: ["all", "max"], seed: [3] });
  assert.deepEqual(runs.map(({ name }) => name), [
    "tsfm_series_width-4_pooling-all_seed-3",
    "tsfm_series_width-4_pooling-max_seed-3",
    "tsfm_series_width-8_pooling-all_seed-3",
    "tsfm_series_width-8_pooling-max_seed-3",
  ]);
  assert.deepEqual(runs.map(({ config }) => config.sae.d_sae), [256, 256, 512, 512]); // the organism is 64 wide
  assert.deepEqual(runs.map(({ pooling }) => pooling), ["all", "max", "all", "max"]);
  const [narrow, , wide] = runs;
  assert.deepEqual({ ...wide!.config, sae: { ...wide!.config.sae, d_sae: 256 } }, narrow!.config);
  assert.deepEqual(narrow!.config.sae.seeds, [3]);
});

Deno.test("expandSweep() crosses layers and sites, all layers of the cheap model where it says so", async () => {
  const hooks = (await expand({ layer: ["all"], site: ["resid_post", "attn_out"] })).map(({ config }) =>
    config.hook
  );
  assert.deepEqual(hooks.slice(0, 3), [
    "encoder.0.hook_resid_post",
    "encoder.0.hook_attn_out",
    "encoder.1.hook_resid_post",
  ]);
  assert.equal(hooks.length, 6);
});

Deno.test("a sweep refuses what there is not, naming what there is", async () => {
  const isRefused = (pattern: RegExp) => (error: unknown) =>
    error instanceof UsageError && pattern.test(error.message);
  await assert.rejects(
    expand({ depth: [1] }),
    isRefused(/Unknown axis "depth".*channel, horizon, backbone, layer/),
  );
  await assert.rejects(expand({ pooling: ["sum"] }), isRefused(/Unknown pooling "sum"; known: all, mean/));
  await assert.rejects(expand({ channel: ["OT"] }), isRefused(/series is not a section/));
  await assert.rejects(expand({ width: ["wide"] }), isRefused(/sweep width: needs whole numbers/));
  await assert.rejects(expand({ "sae.width": [1] }), isRefused(/unknown key width at sae/));
  await assert.rejects(
    expandSweep(sweepOf({ seed: [1] }), { configFolder: CONFIGS, studies: ["llm_no"] }),
    isRefused(/Unknown study "llm_no"; known: .*tsfm_series.*llm_squad/),
  );
  assert.throws(() => readSweep("no", CONFIGS), isRefused(/known: causal, places, pooling, series, width/));
});

Deno.test("every sweep of the project is a valid one, of studies that there are", () => {
  for (const name of knownSweeps(CONFIGS)) {
    const { studies, axes } = readSweep(name, CONFIGS);
    assert.ok(studies.length > 0 && Object.keys(axes).length > 0);
  }
  assert.equal(readSweep("width", CONFIGS).name, "width_robustness");
});

Deno.test("sweepFigure() draws every run that was not refused, whole, and refuses to draw nothing", async () => {
  const [a, b] = ["P3_cheap_sae-P2_cheap_raw", "P6_nested_sae-B_uncertainty_cheap_raw"];
  const rows = Array.from({ length: 9 }, (_, i): SweepRow => ({
    ...{ run: `tsfm_etth1_dataset-ETTh${i}_channel-HUFL_horizon-720`, study: "tsfm_etth1" },
    ...{ [a!]: 0.02 * i, [`${a}_low`]: -0.1, [`${a}_high`]: 0.2, [b!]: -0.01 * i },
    sae_verdict: i % 2 === 0 ? "pass" : "refuse",
  }));
  const refused = { run: "tsfm_etth1_x", study: "tsfm_etth1", refused: "[guardrail single-class] no" };
  const figure = sweepFigure([...rows, refused], { heading: "Does it depend on the series?" });
  assert.equal(figure.source.length, 2 * rows.length);
  const svg = await figureSvg(figure);
  assert.deepEqual(clippedTexts(svg), []);
  assert.equal(await inkOutsidePage(svg), 0);
  assert.throws(() => sweepFigure([refused], { heading: "" }), RangeError);
  assert.match(sweepText([refused]), /single-class/);
});

const N_ITEMS = 400, LIMIT = 40;

/** A cache as `deno task fetch full` leaves it, two series files more, small configurations and two sweeps. */
async function prepare(root: string): Promise<void> {
  const hubRoot = join(root, "hub");
  for (const name of Object.keys(MODELS) as ModelName[]) writeModel(name, join(hubRoot, name), "narrow");
  const sources = writeData(hubRoot, N_ITEMS);
  await using hub = serveHub(hubRoot);
  const folder = join(root, "cache/fm-difficulty-probe");
  await fetchFull({
    ...{ models: Object.keys(MODELS), sources, server: hub.origin, folder, isQuiet: true, print: () => {} },
    settings: {
      ...{ cacheDirectory: join(root, "cache/huggingface/hub"), endpoint: hub.origin },
      ...{ token: undefined, isOffline: false },
    },
  });
  const [header, ...lines] = readFileSync(join(folder, "data/ETTh1.csv"), "utf8").trimEnd().split("\n");
  const doubled = lines.slice(0, 6000).map((line) => `${line},${2 * Number(line.split(",")[1]) + 1}`);
  writeFileSync(join(folder, "data/ETTh2.csv"), [`${header},HUFL`, ...doubled].join("\n") + "\n");

  const configs = join(root, "configs");
  writeSmallConfigs(configs, 4);
  for (const name of ["llm_squad_full", "llm_hellaswag_full"]) {
    const path = join(configs, `${name}.yaml`);
    const text = readFileSync(path, "utf8").replace("n_items: 5000", `n_items: ${N_ITEMS}`);
    writeFileSync(path, text.replace("hard_quantile: 0.75", "hard_quantile: 0.5")); // both classes among few items
  }
  mkdirSync(join(configs, "sweeps"));
  writeFileSync(
    join(configs, "sweeps/places.yaml"),
    readFileSync(join(CONFIGS, "sweeps/places.yaml"), "utf8")
      .replace(/studies: .*/, "studies: [llm_squad, tsfm_etth1]"),
  );
  writeFileSync(
    join(configs, "sweeps/series.yaml"),
    "name: series\nquestion: Which series?\nstudies: [tsfm_etth1]\naxes:\n" +
      "  dataset: { ETTh1: { series.file: ETTh1.csv }, ETTh2: { series.file: ETTh2.csv } }\n" +
      "  channel: [OT]\n  horizon: [24, 48]\n",
  );
}

/** Runs a sweep in a process. @param killAt kills it, unasked, when its log matches */
async function sweep(root: string, name: string, killAt?: RegExp) {
  const folders = [
    "--configs",
    join(root, "configs"),
    "--out",
    join(root, "out", name),
    "--work",
    join(root, "work"),
  ];
  return await runOffline(root, ["scripts/sweep.ts", name, "--limit", `${LIMIT}`, ...folders], killAt);
}

const rowsOf = (root: string, name: string): SweepRow[] =>
  JSON.parse(readFileSync(join(root, "out", name, "sweep.json"), "utf8")).rows;

Deno.test({
  name: "sweeps over places and series run on the hub's checkpoints, and a killed one goes on where it was",
  sanitizeResources: false, // a killed child's pipe
  fn: async () => {
    const root = await Deno.makeTempDir();
    try {
      await prepare(root);
      const killed = await sweep(root, "places", /site-attn_out outcomes_cheap|site-attn_out sae_0_training/);
      assert.notEqual(killed.code, 0);
      assert.ok(!existsSync(join(root, "out/places/sweep.json")));
      const resumed = await sweep(root, "places");
      assert.equal(resumed.code, 0, resumed.log);
      assert.match(resumed.log, /llm_squad_layer-0_site-resid_post sweep_256_all unchanged/);
      const places = rowsOf(root, "places");
      assert.deepEqual(places.map(({ hook }) => hook), [
        ...["resid_post", "attn_out"].map((site) => `blocks.0.hook_${site}`),
        ...["resid_post", "attn_out"].map((site) => `blocks.1.hook_${site}`),
        ...["resid_post", "attn_out"].map((site) => `encoder.0.hook_${site}`),
        ...["resid_post", "attn_out"].map((site) => `encoder.1.hook_${site}`),
      ]);
      for (const study of ["llm_squad", "tsfm_etth1"]) {
        const own = places.filter((row) => row["study"] === study);
        assert.deepEqual(own.map(({ refused }) => refused), [null, null, null, null]);
        assert.equal(
          new Set(own.map((row) => row["auroc_P1_cheap"])).size,
          1,
          "a place is none of P1's business",
        );
        assert.equal(new Set(own.map(({ fvu }) => fvu)).size, 4, "every place has an SAE of its own");
      }

      const series = await sweep(root, "series");
      assert.equal(series.code, 0, series.log);
      const rows = rowsOf(root, "series");
      assert.deepEqual(rows.map(({ dataset, horizon }) => `${dataset} ${horizon}`), [
        ...["ETTh1 24", "ETTh1 48", "ETTh2 24", "ETTh2 48"],
      ]);
      const table = await readTable(join(root, "out/series/sweep.parquet"), [
        "run",
        "file",
        "auroc_P3_cheap_sae",
      ]);
      assert.deepEqual(table.columns["run"], rows.map(({ run }) => run));
      assert.deepEqual(
        table.columns["auroc_P3_cheap_sae"],
        rows.map((row) => row["auroc_P3_cheap_sae"] ?? null),
      );
      assert.ok(existsSync(join(root, "out/series/figures/sweep.svg")));
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
