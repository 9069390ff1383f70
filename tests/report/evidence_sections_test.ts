/** Sections over the evidence of a run: claims that are blocked say why, and controls say what failed. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimsSection } from "lib/report/sections/claims.ts";
import { controlsSection } from "lib/report/sections/controls.ts";
import { dealtCountsSection } from "lib/report/sections/dealt_counts.ts";
import { pathsSection } from "lib/report/sections/paths.ts";
import { openRun, type RunFolder, runsIn } from "lib/report/sections/run_folder.ts";
import type { Section } from "lib/report/sections/section.ts";
import { synthesisSection } from "lib/report/sections/synthesis.ts";
import {
  AGAINST_RAW,
  claims,
  controls,
  curve,
  INCREMENT,
  law,
  paths,
  report,
  seeds,
  within,
} from "./evidence.ts";

function withArtifacts(artifacts: Readonly<Record<string, unknown>>, use: (run: RunFolder) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "run-"));
  try {
    for (const [name, json] of Object.entries(artifacts)) {
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(json));
    }
    use(openRun(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function requireWhole({ tables, answer, verdict }: Section): void {
  for (const { header, rows } of tables) for (const row of rows) assert.equal(row.length, header.length);
  assert.doesNotMatch(JSON.stringify([tables, answer, verdict]), /NaN|undefined|Infinity/);
}

const gain = { P1_cheap: within(0.02, 0.01) };
const evidence = {
  claims: { claims, over_seeds: seeds, confounds: report },
  learning_curve: { ...curve, gain_of_last_doubling: gain },
};

Deno.test("claimsSection() prints a blocked claim as blocked, with its reason, beside what else could explain it", () => {
  withArtifacts(evidence, (run) => {
    const section = claimsSection(run);
    requireWhole(section);
    assert.equal(section.verdict, "1 supported, 1 contradicted, 1 underpowered, 1 blocked");
    const [blocked, few, held] = section.tables[0]!.rows;
    assert.deepEqual(blocked!.slice(1), [
      ...["P6 \u2212 B", "+0.0200 [+0.0099, +0.0301]", "BLOCKED"],
      "SAE gate: dead latents: needs at most 0.1, got 0.94",
    ]);
    assert.deepEqual(few!.slice(3), ["UNDERPOWERED", "4 clusters"]);
    assert.deepEqual(held!.slice(3), ["supported", "—"]);
    assert.match(
      section.answer.join(" "),
      /strongest trivial predictor, answer words.* the label is confounded/,
    );
    assert.match(section.answer.join(" "), /Twice the training items change the AUROC by: P1 cheap \+0\.020/);
    const names = section.figures.map(({ name }) =>
      name.replace(/^run-[a-z0-9_-]*?_(?=claims|seed|conf|learn)/, "")
    );
    assert.deepEqual(names, ["claims", "seed_effects", "confounds", "learning_curve"]);
  });
});

Deno.test("controlsSection() says what the controls found, and what of the untouched factor", () => {
  const [planted, other, untouched] = controls.factors;
  const rungs = Object.entries(controls.rejected).map(([rung, rejected]) => [rung, {
    ...{ rejected, n_empty: 0, passed: rejected.count <= 16 },
  }]);
  const artifacts = {
    controls: {
      positive: { ...planted, others: [other], failures: [], passed: true },
      negative: {
        ...{ n_relabelings: 200, max_rejected_share: 0.08, passed: false },
        failures: ["P6_nested_sae: 21 of 200 intervals exclude 0.5, at most 8 % may"],
        increment: controls.rejected["P1_cheap"],
        rungs: Object.fromEntries(rungs),
      },
    },
    untouched: {
      ...{ factor: "skewed_noise", n_test: 240, n_with: 72, mean_error_with: 2.1, mean_error_without: 1.8 },
      difference: within(0.3, 0.5),
      decoding: { raw: untouched!.raw, cheap: untouched!.cheap },
    },
  };
  withArtifacts(artifacts, (run) => {
    const section = controlsSection(run);
    requireWhole(section);
    assert.equal(section.verdict, "positive passed, negative FAILED");
    assert.deepEqual(section.tables[0]!.rows.map(([factor, role]) => [factor, role]), [
      ...[["level_positive", "planted"], ["recent_change", "other"], ["skewed_noise", "untouched"]],
    ]);
    assert.match(
      section.answer.join(" "),
      /21 of 200 intervals exclude 0\.5.*72 of 240 test items.*no effect of it/,
    );
    assert.equal(section.tables[1]!.rows.length, rungs.length + 1);
  });
});

Deno.test("pathsSection() draws the paths that a run of the corrected protocol kept, and names a run without", () => {
  withArtifacts({ probe_results: { paths } }, (run) => {
    const section = pathsSection(run);
    requireWhole(section);
    assert.match(section.figures[0]!.name, /_paths$/);
    assert.deepEqual(
      section.tables[0]!.rows.map((row) => row.at(-1)),
      Object.values(paths).map((p) => p.diagnosis),
    );
  });
  withArtifacts({ probe_results: {} }, (run) => assert.throws(() => pathsSection(run), /needs paths/));
});

Deno.test("runsIn() lists the runs of a profile's folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "profile-"));
  for (const name of ["b_run", "a_run", "figures"]) mkdirSync(join(folder, name));
  for (const name of ["b_run", "a_run"]) writeFileSync(join(folder, name, "probe_results.json"), "{}");
  assert.deepEqual(runsIn(openRun(folder)).map(({ path }) => path), [
    join(folder, "a_run"),
    join(folder, "b_run"),
  ]);
  rmSync(folder, { recursive: true });
});

Deno.test("dealtCountsSection() draws the exact laws of the scores as they were routed, and tables every baseline", () => {
  const one = {
    ...{ rung: "P1_cheap", scores: "as routed", dealt: "over all items", observed: 3, n_routing: 5 },
    ...{ mean: 1.5, sd: 1.2, p_at_least: 0.04, law },
  };
  const counts = [one, { ...one, scores: "recorded" }, { ...one, dealt: "within topics", law: null }];
  withArtifacts({ cascade_baselines: { counts } }, (run) => {
    const section = dealtCountsSection(run);
    requireWhole(section);
    assert.equal(section.verdict, "1 of 1 rungs beyond luck (P below 0.05)");
    assert.equal(section.tables[0]!.rows.length, 3);
    assert.deepEqual(section.figures[0]!.source.map(({ probability }) => probability), law);
  });
});

Deno.test("synthesisSection() draws differences over seeds and lists every run's claims", () => {
  const over = within(0.011, 0.002);
  const row = {
    ...{ run: "a_run", n_test: 9, hard_frac: 0.2, P1: 0.6, P2_raw: 0.6, P3_sae: 0.6 },
    ...{ delta_sae_over_raw: [0.01, 0, 0.02], delta_sae_over_cheap: null, selective_best: null },
    ...{ cascade_dom_pts: null, causal_all: null, causal_last: null, perm_p: null },
    corrected: {
      gate: { verdict: "refuse", n_refused: 5, n_seeds: 5 },
      increment_over_seeds: over,
      claims,
    },
  };
  withArtifacts({ cross_modal_synthesis: { rows: [row], contrast: null } }, (profile) => {
    const section = synthesisSection(profile);
    requireWhole(section);
    assert.deepEqual(section.figures[0]!.source.map(({ pair, point }) => [pair, point]), [
      ...[["P3 \u2212 P2", 0.01], ["P6 \u2212 B", over.value]],
    ]);
    const table = section.tables[1]!;
    assert.equal(table.rows.length, claims.length);
    assert.deepEqual(
      table.rows.map(([run, , pair]) => [run, pair]),
      claims.map(({ pair }) => [
        "a_run",
        ({ [INCREMENT]: "P6 \u2212 B", [AGAINST_RAW]: "P3 \u2212 P2" } as Record<string, string>)[pair] ??
          "P2 \u2212 P1",
      ]),
    );
    assert.ok(table.rows[0]!.includes("BLOCKED"));
  });
});
