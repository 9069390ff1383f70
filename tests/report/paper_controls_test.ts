/** What the paper says of controls follows their artifacts: a failure appears by itself and goes when it is mended. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openArtifacts } from "lib/report/paper/artifacts.ts";
import { latexTable } from "lib/report/paper/table.ts";
import { profileClaims } from "lib/report/paper/tables/claims.ts";
import { chanceOfCrossing, controlSentences } from "lib/report/paper/tables/control_sentences.ts";
import { profileTables } from "lib/report/paper/tables/profiles.ts";
import { sensitivitySentences, sensitivityTable } from "lib/report/paper/tables/sensitivity.ts";
import { openTrace, type Trace } from "lib/report/paper/trace.ts";

const rung = (count: number, nEmpty = 0) => ({
  rejected: { n: 200, count, share: count / 200 },
  rejected_further: count > 16 ? { n: 800, share: 0.051 } : null,
  n_empty: nEmpty,
  passed: count <= 16,
});
const controls = (rawAuroc: number, p1: number) => ({
  positive: {
    factor: "level",
    passed: rawAuroc >= 0.9,
    raw: { auroc: rawAuroc, ci_low: rawAuroc - 0.05, ci_high: rawAuroc + 0.02 },
    cheap: { auroc: 0.55, ci_low: 0.5, ci_high: 0.6 },
    required: { raw_auroc: 0.9, raw_ci_low: 0.85, cheap_auroc: 0.65 },
  },
  negative: {
    n_relabelings: 200,
    max_rejected_share: 0.08,
    passed: p1 <= 16,
    rungs: { P1_cheap: rung(p1), P3_cheap_sae: rung(0, 200), P4_raw_only: rung(10, 40) },
  },
});

Deno.test("controlSentences() states a failed positive control and what it needed, and only while it fails", () => {
  const failed = withControls(controls(0.8, 10), (trace) => controlSentences(trace, "toy").join("\n"));
  assert.match(failed, /the positive control \\textbf\{fails\}.*AUROC 0\.800 \[0\.750, 0\.820\]/);
  assert.match(failed, /Required are at least 0\.900 with a lower end of 0\.850, and at most 0\.650/);
  const passed = withControls(controls(0.95, 10), (trace) => controlSentences(trace, "toy").join("\n"));
  assert.match(passed, /the positive control passes/);
  assert.doesNotMatch(passed, /fails|Required|null result/);
});

Deno.test("controlSentences() states each crossing of the negative control, and only while it is there", () => {
  const crossed = withControls(controls(0.95, 19), (trace) => {
    const text = controlSentences(trace, "toy").join("\n");
    assert.ok(trace.values.some(({ key, value }) => key.endsWith("P1_cheap.rejected.count") && value === 19));
    return text;
  });
  assert.match(
    crossed,
    /negative control \\textbf\{fails\}; at most 8\\,\\% .* P1 rejects 19 of 200, 9\.5\\,\\%/,
  );
  assert.match(crossed, /\(800 further ones: 5\.1\\,\\%\)/);
  assert.match(crossed, /Of 2 rungs that can reject at all/, "the empty rung is not counted");
  const passed = withControls(controls(0.95, 16), (trace) => controlSentences(trace, "toy").join("\n"));
  assert.match(passed, /negative control passes; no rung rejects more than 8\\,\\% of 200/);
  assert.doesNotMatch(passed, /by luck/);
});

Deno.test("chanceOfCrossing() agrees with the binomial sum", () => {
  let [term, atMost16] = [Math.exp(200 * Math.log(0.95)), 0];
  for (let k = 0; k <= 16; k++) {
    atMost16 += term;
    term *= ((200 - k) / (k + 1)) * (0.05 / 0.95);
  }
  const chance = chanceOfCrossing({ n: 200, limit: 0.08, level: 0.05, nRungs: 3 });
  assert.ok(Math.abs(chance - (1 - atMost16 * atMost16 * atMost16)) < 1e-10, String(chance));
});

Deno.test("profileTables() marks rungs that kept nothing, and gives a blocked increment no verdict", () => {
  withControls(controls(0.95, 10), (trace) => {
    const source = profileTables(trace, "toy").map(latexTable).join("\n");
    assert.doesNotMatch(source, /rejected, P3/, "a rung that kept nothing under any relabeling has no share");
    assert.match(source, /rejected, P4 \(\\%\) & 5\.0 \(40\) \\\\/);
    assert.doesNotMatch(source, /equivalent to zero/, "the only run is blocked");
  });
});

Deno.test("sensitivitySentences() names the base that the control stands on, and says how its design came about", () => {
  withControls(controls(0.95, 10), (trace) => {
    const [text = ""] = sensitivitySentences(trace, "toy");
    assert.match(text, /passes: .* 94\\,\\% of 50 draws at 80 items .* base of AUROC 0\.529 only/);
    assert.match(text, /changed after a first try/);
    assert.match(
      latexTable(sensitivityTable(trace, "toy")!),
      /80 & 94 \[83, 99\] & 2 \[0, 11\] & 0\.529 & 0\.860/,
    );
  });
});

Deno.test("profileClaims() prints a blocked claim as blocked, with its effect and the reason", () => {
  withControls(controls(0.95, 10), (trace) => {
    const [run, claim, difference, outcome, why] = profileClaims(trace, "toy")!.rows[0]!;
    assert.match(run!, /llm/);
    assert.equal(claim, "codes add");
    assert.match(difference!, /0\.0100.*\[.*0\.0200.*0\.0400.*\]/);
    assert.match(outcome!, /BLOCKED/);
    assert.equal(why, "SAE gate, 2 of 5 refused: dead latents");
  });
});

/** A profile of one run with these controls, a blocked claim and a sensitivity control. */
function withControls<T>(artifact: unknown, use: (trace: Trace) => T): T {
  const results = mkdtempSync(join(tmpdir(), "paper-controls-"));
  try {
    mkdirSync(join(results, "toy/llm_toy"), { recursive: true });
    const write = (file: string, value: unknown) =>
      writeFileSync(join(results, "toy", file), JSON.stringify(value));
    write("llm_toy/probe_results.json", { probes: {}, deltas: {} });
    write("llm_toy/controls.json", artifact);
    write("llm_toy/claims.json", {
      over_seeds: { "P6_nested_sae-B_all": { inference: { value: 0, ciLow: 0, ciHigh: 0 } } },
      equivalence: { p: 0, equivalent: true },
      claims: [{
        ...{ statement: "codes add", status: "blocked", text: "BLOCKED" },
        reasons: ["SAE gate, 2 of 5 refused: dead latents"],
        inference: { value: 0.01, ciLow: -0.02, ciHigh: 0.04 },
      }],
    });
    const share = (count: number, low: number, high: number) => ({
      ...{ n: 50, count, share: count / 50, ci_low: low, ci_high: high },
    });
    write("sensitivity.json", {
      design: { n_positions: 8 },
      sae: { recovered_share: 0.98 },
      required_power: 0.8,
      passed: true,
      curve: [{
        n_items: 80,
        power: share(47, 0.83, 0.99),
        false_positives: share(1, 0, 0.11),
        mean_base_auroc: 0.529,
        mean_nested_auroc: 0.86,
      }],
    });
    return use(openTrace(openArtifacts(results)));
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}
