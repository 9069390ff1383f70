/** The settings a sweep asks under, and what its command line refuses. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { figureSvg } from "lib/io/figures/figure_svg.ts";
import { UsageError } from "lib/guardrail.ts";
import { projectRoot } from "lib/io/paths.ts";
import { causalSettingsFigure } from "lib/report/figures/causal_settings.ts";
import { readStudyConfig } from "lib/run/embedded/read_study.ts";
import { sweepCausal } from "lib/run/embedded/sweep.ts";
import { listSettings } from "lib/run/embedded/sweep_settings.ts";
import { clippedTexts, inkOutsidePage } from "../io/svg_inspection.ts";

const PLAN = { nItems: 61, nPaths: [20, 50], nLatents: [1], hardQuantiles: [0.9] };
const configOf = (study: string) => readStudyConfig(join(projectRoot, "configs", `${study}.yaml`));

Deno.test("listSettings() changes one thing at a time, paths with and without common random numbers", () => {
  const settings = listSettings(configOf("tsfm_series"), PLAN);
  assert.equal(new Set(settings.map(({ name }) => name)).size, settings.length);
  for (const { name, base, ...own } of settings) {
    const { name: _, base: __, ...from } = settings.find((other) => other.name === base)!;
    const changed = (Object.keys(own) as (keyof typeof own)[]).filter((key) => own[key] !== from[key]);
    const isCrossed = /50 paths, own/.test(name);
    const wanted = name === base ? 0 : isCrossed ? 2 : 1;
    assert.equal(changed.length, name === "P5_sae_only: base" ? 1 : wanted, `${name} changes ${changed}`);
  }
  const paths = settings.filter(({ ranking }) => ranking === "study").map(({ nPaths, sharesUniforms }) =>
    `${nPaths} ${sharesUniforms}`
  );
  for (const pair of ["20 true", "20 false", "50 true", "50 false"]) assert.ok(paths.includes(pair), pair);
  assert.ok(listSettings(configOf("llm_facts"), PLAN).every(({ nPaths }) => nPaths === null));
});

Deno.test("sweepCausal() refuses an unknown study before anything runs", async () => {
  const { nItems: _, ...plan } = PLAN;
  await assert.rejects(
    sweepCausal({ study: "llm_nothing", plan, onStage: () => assert.fail("nothing may run") }),
    (error: Error) => error instanceof UsageError && /known: .*tsfm_series/.test(error.message),
  );
});

Deno.test("causalSettingsFigure() draws every setting in every metric, whole", async () => {
  const settings = listSettings(configOf("tsfm_series"), PLAN);
  const rows = settings.flatMap(({ name }, i) =>
    ["nats", "crps"].map((metric) => ({
      ...{ setting: name, metric, point: 0.01 * i, ciLow: -0.1, ciHigh: 0.2, isChanged: i % 3 === 1 },
    }))
  );
  const figure = causalSettingsFigure(rows, { heading: "tsfm_series: the causal question" });
  assert.equal(figure.source.length, 2 * settings.length);
  const svg = await figureSvg(figure);
  assert.deepEqual(clippedTexts(svg), []);
  assert.equal(await inkOutsidePage(svg), 0);
  assert.throws(() => causalSettingsFigure([], { heading: "" }), RangeError);
});
