/** Sections over the committed runs: every number they say is the artifact's, and a wrong artifact is named. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { projectRoot, resultsRoot } from "lib/io/paths.ts";
import { cascadeSection } from "lib/report/sections/cascade.ts";
import { causalSection } from "lib/report/sections/causal.ts";
import { predictiveSection } from "lib/report/sections/predictive.ts";
import { openRun } from "lib/report/sections/run_folder.ts";
import { saeSection } from "lib/report/sections/sae.ts";
import { digitsFor, intervalCell, largestBy, percent, sideOfZero } from "lib/report/sections/section.ts";
import { studyFigures } from "lib/run/embedded/figures.ts";
import { readStudyConfig } from "lib/run/embedded/read_study.ts";
import { runSections } from "lib/report/sections/sections.ts";
import { selectiveSection } from "lib/report/sections/selective.ts";
import { synthesisSection } from "lib/report/sections/synthesis.ts";

const RUNS = ["llm_facts", "llm_endings", "tsfm_series"] as const;
const embedded = (name: string) => openRun(join(resultsRoot, "embedded", name));

/** An artifact as anyone else would read it. */
async function artifactOf<T>(run: string, name: string): Promise<T> {
  return JSON.parse(await readFile(join(resultsRoot, "embedded", run, `${name}.json`), "utf8")) as T;
}

/** A run folder that holds just this artifact. */
async function withArtifact(name: string, json: unknown, use: (folder: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "run-"));
  try {
    await writeFile(join(folder, `${name}.json`), JSON.stringify(json));
    use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("runSections() answers every question of every embedded run, each with a figure and words", () => {
  for (const name of RUNS) {
    const sections = runSections(embedded(name));
    assert.deepEqual(sections.map(({ id }) => id), [
      "sae",
      "q1",
      "paths",
      "claims",
      "controls",
      "q2",
      "q3",
      "q4",
    ]);
    for (const { figures, answer, verdict, tables } of sections) {
      assert.ok(figures.length > 0 && answer.length > 0 && verdict !== "");
      for (const { header, rows } of tables) {
        for (const row of rows) assert.equal(row.length, header.length);
      }
      assert.doesNotMatch(JSON.stringify([answer, tables, verdict]), /NaN|undefined|Infinity/);
    }
    const names = sections.flatMap(({ figures }) => figures).map((figure) => figure.name);
    assert.equal(new Set(names).size, names.length, "a file for each figure");
  }
});

Deno.test("predictiveSection() names the rung whose AUROC is the largest, and tables every rung", async () => {
  const { probes } = await artifactOf<{ probes: Record<string, { auroc: number }> }>(
    "llm_facts",
    "probe_results",
  );
  const section = predictiveSection(embedded("llm_facts"));
  const best = Math.max(...Object.values(probes).map(({ auroc }) => auroc));
  assert.match(section.answer[0]!, new RegExp(`AUROC of ${best.toFixed(3)}`));
  assert.equal(section.tables[0]!.rows.length, Object.keys(probes).length);
});

Deno.test("predictiveSection() judges P3 less P2 by the interval's side", async () => {
  const rung = { auroc: 0.6, ci_low: 0.5, ci_high: 0.7, best_C: 1 };
  const sides = [[0.01, 0.2, "SAE adds"], [-0.2, -0.01, "SAE is worse"], [
    -0.1,
    0.1,
    "no difference",
  ]] as const;
  for (const [ci_low, ci_high, verdict] of sides) {
    const deltas = { "P3_cheap_sae-P2_cheap_raw": { point: (ci_low + ci_high) / 2, ci_low, ci_high } };
    const artifact = { n_test: 9, hard_fraction: 0.2, probes: { P1_cheap: rung }, deltas };
    await withArtifact("probe_results", artifact, (folder) => {
      assert.match(predictiveSection(openRun(folder)).verdict, new RegExp(`^${verdict}`));
    });
  }
});

Deno.test("saeSection() draws every seed's FVU and dead share", async () => {
  type Artifact = { by_seed: { evaluation: { deadFraction: number; byClass: { rest: { fvu: number } } } }[] };
  const { by_seed } = await artifactOf<Artifact>("tsfm_series", "sae_evaluation");
  const [figure] = saeSection(embedded("tsfm_series")).figures;
  const drawn = (quantity: string, place: string) =>
    figure!.source.filter((row) => row.quantity === quantity && row.place === place && row.series === "SAE")
      .map(({ value }) => value);
  assert.deepEqual(drawn("fvu", "rest"), by_seed.map(({ evaluation }) => evaluation.byClass.rest.fvu));
  assert.deepEqual(drawn("dead fraction", "all latents"), by_seed.map((own) => own.evaluation.deadFraction));
});

Deno.test("causalSection() draws fidelity where the corrected protocol measured it, and only there", async () => {
  const { fidelity_by_coverage: cells } = await artifactOf<
    { fidelity_by_coverage: { fvu: number; cost: { point: number } }[] }
  >("llm_facts", "causal_summary");
  const figure = causalSection(embedded("llm_facts")).figures.find(({ name }) =>
    name === "llm_facts_fidelity"
  );
  assert.deepEqual(
    figure?.source.map(({ fvu, cost }) => [fvu, cost]),
    cells.map(({ fvu, cost }) => [fvu, cost.point]),
  );
  const published = causalSection(openRun(join(resultsRoot, "records", "llm_squad")));
  assert.deepEqual(published.figures.map(({ name }) => name), ["llm_squad_causal_forest"]);
});

Deno.test("causalSection() and the study's figures say nothing of effects where no latent can be tested", async () => {
  const artifact = await artifactOf<object>("llm_facts", "causal_ablation_all");
  const silent = { ...artifact, per_feature_ablation_delta: {}, controls: {} };
  await withArtifact("causal_ablation_all", silent, (folder) => {
    writeFileSync(join(folder, "causal_ablation_last.json"), JSON.stringify(silent));
    const { verdict, figures } = causalSection(openRun(folder));
    assert.deepEqual([verdict, figures], ["not testable", []]);
    const config = readStudyConfig(join(projectRoot, "configs", "llm_facts.yaml"));
    assert.deepEqual(studyFigures(config, folder), []);
  });
});

Deno.test("synthesisSection() adds the power curve where the sensitivity control ran", async () => {
  const { curve } = JSON.parse(await readFile(join(resultsRoot, "embedded", "sensitivity.json"), "utf8")) as {
    curve: { power: { share: number } }[];
  };
  const figure = synthesisSection(openRun(join(resultsRoot, "embedded"))).figures[1]!;
  assert.equal(figure.name, "power_curve");
  assert.deepEqual(
    figure.source.slice(0, curve.length).map(({ share }) => share),
    curve.map(({ power }) => power.share),
  );
  assert.equal(synthesisSection(openRun(join(resultsRoot, "records"))).figures.length, 1);
});

Deno.test("every section names the file and the key that an artifact lacks", async () => {
  const sections = [
    ["sae_evaluation", saeSection],
    ["probe_results", predictiveSection],
    ["selective_prediction", selectiveSection],
    ["cascade_results", cascadeSection],
  ] as const;
  for (const [name, section] of sections) {
    await withArtifact(name, { unrelated: 1 }, (folder) => {
      assert.throws(() => section(openRun(folder)), new RegExp(name));
    });
  }
});

Deno.test("cells keep signs, digits and refusals apart", () => {
  assert.equal(
    intervalCell({ point: -0.1, ci_low: -0.2, ci_high: 0.3 }),
    "\u22120.100 [\u22120.200, +0.300]",
  );
  assert.equal(intervalCell({ point: 0.1, ci_low: null, ci_high: null }), "+0.100 (underpowered)");
  assert.equal(intervalCell(null), "—");
  assert.equal(percent(0.1234), "12.3 %");
  assert.deepEqual([0.0012, 12, 4567].map((value) => digitsFor([value])), [5, 1, 0]);
  assert.deepEqual(
    [[0.1, 0.2], [-0.2, -0.1], [0, 1]].map(([ci_low, ci_high]) =>
      sideOfZero({ point: 0, ci_low: ci_low!, ci_high: ci_high! })
    ),
    ["above", "below", "includes"],
  );
  assert.equal(largestBy([3, 1, 4], (value) => -value), 1);
  assert.throws(() => largestBy([], () => 0), RangeError);
});
