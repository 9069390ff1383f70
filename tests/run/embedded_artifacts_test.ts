/** What the embedded profile writes and prints: effects over all SAE seeds, and a blocked claim with its reason. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matrixFromRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { effectOverSeeds } from "lib/questions/seeds_corrected.ts";
import { embeddedTable } from "lib/report/embedded_table.ts";
import { claimsArtifact } from "lib/run/embedded/claims.ts";
import { cascadeArtifact, type DecideInputs, selectiveArtifact } from "lib/run/embedded/decide.ts";
import type { Predicted, SeedLadder } from "lib/run/embedded/predict.ts";
import type { JudgedSae } from "lib/run/embedded/saes.ts";
import { discoverStudies } from "lib/run/embedded/read_study.ts";
import { synthesizeStudies } from "lib/run/embedded/synthesis.ts";
import { riskCoverageAreas } from "lib/stats/aurc.ts";
import { delong } from "lib/stats/delong.ts";
import { assertClose } from "../support.ts";

const N = 120;
const rng = randomStream(5, "tests/embedded");
const labels = Uint8Array.from({ length: N }, () => rng.random() < 0.3 ? 1 : 0);
const groups = Array.from({ length: N }, (_, i) => i % 40);
const errors = labels.map((label) => rng.random() < 0.2 ? 1 - label : label);
const noisy = (strength: number) => Float64Array.from(labels, (label) => strength * label + rng.normal());
const shared = { P0_uncertainty: noisy(1), P1_cheap: noisy(0.8), P2_cheap_raw: noisy(1), B: noisy(1.2) };
const PAIRS = [
  ["P2_cheap_raw", "P1_cheap"],
  ["P3_cheap_sae", "P1_cheap"],
  ["P3_cheap_sae", "P2_cheap_raw"],
  ["P6_nested_sae", "B_uncertainty_cheap_raw"],
] as const;

/** Five seeds whose codes differ; everything else is the same. */
const ladders = [0, 1, 2, 3, 4].map((seed) => {
  const scores: Record<string, Float64Array> = {
    P0_uncertainty: shared.P0_uncertainty,
    P1_cheap: shared.P1_cheap,
    P2_cheap_raw: shared.P2_cheap_raw,
    P3_cheap_sae: noisy(0.4 + 0.2 * seed),
    B_uncertainty_cheap_raw: shared.B,
    P6_nested_sae: noisy(1.2),
  };
  const rungs = Object.fromEntries(
    Object.entries(scores).map(([rung, own]) => [rung, { scores: own, bestC: 1, nested: { empty: true } }]),
  );
  return {
    seed,
    fitted: { ladder: { scores }, rungs },
    inference: Object.fromEntries(
      PAIRS.map(([a, b]) => [`${a}-${b}`, delong(scores[a]!, scores[b]!, labels)]),
    ),
  } as unknown as SeedLadder;
});
const predicted = { ladders, testLabels: labels, testGroups: groups } as unknown as Predicted;
const config = discoverStudies().find(({ dataset }) => dataset === "facts")!;
const extracted = {
  split: { train: new Uint32Array(0), test: Uint32Array.from({ length: N }, (_, i) => i) },
  cheap: { errors: Float64Array.from(errors), costs: new Float64Array(N).fill(1) },
  expensive: { errors: new Float64Array(N).fill(0), costs: new Float64Array(N).fill(4) },
};
const inputs = {
  predicted,
  extracted,
  config: {
    ...config,
    selective: { n_bootstraps: 50 },
    cascade: { n_bootstraps: 50, n_permutations: 50, scores: ["P1_cheap", "P3_cheap_sae"] },
  },
} as unknown as DecideInputs;

Deno.test("selectiveArtifact() carries the spread between SAE seeds into its differences", () => {
  const { over_seeds } = selectiveArtifact(inputs);
  assert.deepEqual(Object.keys(over_seeds), [
    "P3_cheap_sae-P2_cheap_raw",
    "P6_nested_sae-B_uncertainty_cheap_raw",
  ]);
  const { by_seed, inference } = over_seeds["P3_cheap_sae-P2_cheap_raw"]!;
  const augrc = (scores: Float64Array) => riskCoverageAreas(scores, errors).augrc;
  ladders.forEach(({ fitted: { rungs } }, seed) => {
    const { P3_cheap_sae: p3, P2_cheap_raw: p2 } = rungs;
    assertClose(by_seed[seed]!, augrc(p3!.scores) - augrc(p2!.scores), 1e-12);
  });
  assert.ok(inference.status === "valid" && inference.df === 4);
  assertClose(inference.value, by_seed.reduce((sum, x) => sum + x, 0) / 5, 1e-12);
});

Deno.test("cascadeArtifact() does so for the area of a rung that reads codes, and only there", () => {
  const { area_over_seeds, corrected } = cascadeArtifact(inputs);
  assert.deepEqual(Object.keys(area_over_seeds), ["P3_cheap_sae"]);
  assertClose(
    area_over_seeds["P3_cheap_sae"]!.by_seed[0]!,
    corrected.probes["P3_cheap_sae"]!.area.point,
    1e-12,
  );
});

/** claims.json of these ladders under gates that all say the same. */
function claimsUnder(verdict: "pass" | "refuse") {
  const reasons = verdict === "pass" ? [] : ["dead latents: needs at most 0.1, got 0.94"];
  const saes = ladders.map(() => ({ assessment: { gate: { verdict, reasons, checks: [] } } }));
  return claimsArtifact(
    predicted,
    {
      label: {
        trivial: { names: ["x"], matrix: matrixFromRows(Array.from({ length: N }, () => [rng.normal()])) },
      },
      extracted,
      saes: saes as unknown as JudgedSae[],
      smallestEffect: 0.02,
    } as unknown as Parameters<typeof claimsArtifact>[1],
  );
}

Deno.test("claimsArtifact() names each claim's difference and blocks what the gate or an empty rung forbids", () => {
  const { claims, over_seeds } = claimsUnder("refuse");
  assert.deepEqual(claims.map(({ pair }) => pair), [
    "P6_nested_sae-B_uncertainty_cheap_raw",
    "P6_nested_sae-B_uncertainty_cheap_raw",
    "P2_cheap_raw-P1_cheap",
    "P3_cheap_sae-P2_cheap_raw",
  ]);
  assert.deepEqual(claims.map(({ status }) => status === "blocked"), [true, true, false, true]);
  assert.match(claims[0]!.reasons.join(), /dead latents.*no latent was kept under any seed/);
  assert.ok(!("P2_cheap_raw-P1_cheap" in over_seeds), "no codes, no seeds");
  const pair = "P3_cheap_sae-P2_cheap_raw";
  assert.deepEqual(
    claims[3]!.inference,
    effectOverSeeds(ladders.map((own) => own.inference[pair]!)).inference,
  );
  assert.deepEqual(over_seeds[pair]!.inference, claims[3]!.inference);
  assert.deepEqual(claimsUnder("pass").claims.map(({ status }) => status === "blocked"), [
    ...[true, true],
    ...[false, false],
  ]);
});

Deno.test("synthesizeStudies() takes differences over seeds, and the table prints a blocked claim with its reason", () => {
  const root = mkdtempSync(join(tmpdir(), "embedded-"));
  try {
    const folder = join(root, "llm_facts");
    mkdirSync(folder);
    const write = (name: string, json: unknown) =>
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(json));
    const claims = claimsUnder("refuse");
    const rung = { auroc: 0.7 };
    const firstSeed = { point: 9, ci_low: 9, ci_high: 9 };
    write("probe_results", {
      ...{ n_test: N, hard_fraction: 0.3 },
      probes: {
        P0_uncertainty: rung,
        P1_cheap: rung,
        P2_cheap_raw: rung,
        P3_cheap_sae: rung,
        P4_raw_only: rung,
      },
      deltas: { "P3_cheap_sae-P2_cheap_raw": firstSeed, "P3_cheap_sae-P1_cheap": firstSeed },
      increment: { by_seed: ladders.map(({ inference }) => ({ inference: inference[PAIRS[3].join("-")] })) },
    });
    write("sae_evaluation", { verdict: "refuse", n_refused: 5, n_seeds: 5 });
    write("claims", claims);
    const selective = selectiveArtifact(inputs);
    write("selective_prediction", selective);
    write("cascade_results", cascadeArtifact(inputs));
    write("controls", {
      positive: { factor: "f", raw: { auroc: 0.9 }, cheap: { auroc: 0.5 }, passed: true },
      negative: { rungs: { P1_cheap: { rejected: { share: 0.05 } } }, passed: true },
    });
    const synthesis = synthesizeStudies([config], root);
    const [row] = synthesis.rows;
    const over = claims.over_seeds["P3_cheap_sae-P2_cheap_raw"]!.inference;
    assert.ok(over.status === "valid");
    assert.deepEqual(row!.delta_sae_over_raw, [over.value, over.ciLow, over.ciHigh]);
    assert.deepEqual(
      row!.corrected.augrc_over_seeds["P3_cheap_sae-P2_cheap_raw"],
      selective.over_seeds["P3_cheap_sae-P2_cheap_raw"]!.inference,
    );
    const text = embeddedTable(synthesis);
    assert.match(text, /P3 - P2 over seeds \[95 % CI\]/);
    assert.match(text, /claim: SAE codes do better than raw activations +\| BLOCKED \[2\]/);
    assert.match(text, /\n\[2\] SAE gate, 5 of 5 refused: dead latents: needs at most 0.1, got 0.94\.\n/);
    assert.match(text, /AUGRC, P6 - B over seeds/);
  } finally {
    rmSync(root, { recursive: true });
  }
});
