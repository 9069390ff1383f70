/** Every switch of the protocol on made-up records: off it is the published figure, on it changes only what it should. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordedCausal } from "../../lib/data/records.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { aggregateAblation } from "../../lib/questions/causal.ts";
import { DEVIATIONS, type SwitchName } from "../../lib/run/deviations.ts";
import { protocol } from "../../lib/run/protocol.ts";
import {
  calibrateExperiment,
  cascadeExperiment,
  probeExperiment,
  selectiveExperiment,
} from "../../lib/run/records/experiments.ts";
import { claimContext } from "../../lib/run/records/context.ts";
import { loadDataset, loadStudy } from "../../lib/run/records/study.ts";
import { judgeClaims, limitOf } from "../../lib/run/records/switches/claims.ts";
import { claimsReport } from "../../lib/run/records/switches/claims_report.ts";
import { type Derive, openDerivation, TESTABLE } from "../../lib/run/records/switches/derive.ts";
import { measuredLimits, measureEffects } from "../../lib/run/records/switches/effects.ts";
import { NOT_TESTABLE } from "../../lib/run/records/switches/not_testable.ts";
import { changedNames } from "../../lib/run/records/switches/quantity.ts";
import { cleanCheap, splitByTopic } from "../../lib/run/records/switches/refit.ts";
import type { SwitchedStudy } from "../../lib/run/records/switches/study.ts";
import { auroc } from "../../lib/stats/auroc.ts";
import { writeMadeUpRecords } from "./made_up_records.ts";

/** 300 items of twenty topics with gold answers, P3 constant, and three causal runs of which one hardly acts. */
async function madeUp(): Promise<SwitchedStudy> {
  const root = await mkdtemp(join(tmpdir(), "switches-"));
  try {
    const config = await writeMadeUpRecords(root, ({ scores }) => {
      for (const row of scores) row["pred_P3_InputStats_SAE"] = 0.5;
    }, 300);
    const dataset = await loadDataset(root, config);
    const items = {
      ...dataset.items,
      topics: dataset.items.prompts.map((_, i) => `topic ${i % 20}`),
      answers: dataset.items.prompts.map((_, i) =>
        "word ".repeat(1 + i % 3 + 2 * (1 - dataset.items.labels[i]!))
      ),
    };
    const study = await loadStudy({ ...dataset, items }, "mid");
    const probe = probeExperiment(study);
    const causalValues = {
      allpos_sae_all: ablations(study.test.ids, [3, 8, 21], 1),
      allpos_sae_boundary: ablations(study.test.ids, [3, 8, 21], 0),
      binary: ablations(study.test.ids, [5, 6], 1),
    };
    const causal = Object.fromEntries(
      Object.entries(causalValues).map(([name, values]) => [name, {
        summary: aggregateAblation(values, { nResamples: 200, rng: defaultRng(42) }),
        ...{ metric: "nats", positions: "all", topFeatures: [...values.ablated.keys()] },
      }]),
    );
    return {
      study,
      probe,
      selective: selectiveExperiment(study, probe),
      calibrated: calibrateExperiment(study, probe),
      cascade: cascadeExperiment(study, probe),
      causal,
      causalValues,
    };
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Latent k shifts the metric by 0.01 k on average; with scale 0 only the first one does. */
function ablations(ids: Float64Array, latents: readonly number[], scale: number): RecordedCausal {
  const rng = defaultRng(latents.length + scale);
  const natural = ids.map(() => 2 + rng.random());
  const reconstruction = natural.map((value) => value + 0.1);
  const shift = (k: number) => k === 0 ? 0.01 : 0.01 * k * scale;
  const ablated = latents.map((latent, k) =>
    [latent, reconstruction.map((value) => value + shift(k) * (shift(k) === 0 ? 0 : rng.random()))] as const
  );
  return { ids, natural, reconstruction, ablated: new Map(ablated) };
}

/** Figures that a switch may change; every one listed must change here. */
const TOUCHES: Readonly<Partial<Record<SwitchName, readonly RegExp[]>>> = {
  grouped_split: [/^split\/P1_cheap$/],
  length_free_label: [/^auroc\//, /^delta\//, /^label\/minus answer words$/],
  testable_positions: [/^latent\/allpos_sae_boundary\//, /^significant\/allpos_sae_boundary$/],
  same_unit_contrast: [/^coverage\//, /^hard - easy\//, /^largest share of the metric\//],
  control_latents: [/^latent\//],
  one_sae: [/^latent\/binary\//, /^significant\/binary$/, /^runs compared$/],
  paired_test: [/^test\//],
  dependence: [/^auroc\//, /^delta\//, /^latent\//],
  generated_numbers: [/^credit\/cheap baseline$/],
  cascade_area: [/^cascade /],
  own_score_calibration: [/^calibration\//],
  clean_cheap_block: [/^cv\/P1_cheap$/],
  exact_areas: [/^aurc\//, /^oracle share\//],
  refuse_no_model: [/^delta\/P3/, /^test\//, /\/P3_cheap_sae$/],
  grouped_folds: [/^cv\/P1_cheap$/],
  primary_endpoint: [/^confirmatory results$/],
};

/** Figures that move besides, on some data: e.g. counts that follow from intervals. */
const MAY_TOUCH: Readonly<Partial<Record<SwitchName, RegExp>>> = {
  control_latents: /^significant\//,
  dependence: /^significant\//,
  clean_cheap_block: /^(auroc\/P1_cheap|delta\/.*P1_cheap)$/,
  grouped_folds: /^(auroc\/P1_cheap|delta\/.*P1_cheap)$/,
};

let opened: Promise<{ input: SwitchedStudy; derive: Derive }> | undefined;
const open = () => opened ??= madeUp().then((input) => ({ input, derive: openDerivation(input) }));

Deno.test("all switches off: every figure is that of the published artifacts", async () => {
  const { input: { probe, selective, calibrated, cascade, causal }, derive } = await open();
  const figures = derive(protocol("published"));
  for (const [rung, { auroc, ci_low, ci_high }] of Object.entries(probe.ladder.result.probes)) {
    assert.deepEqual(figures[`auroc/${rung}`], { value: auroc, ci_low, ci_high, p: null, note: null });
    assert.equal(figures[`aurc/${rung}`]!.value, selective.probes[rung]!.aurc);
    assert.equal(figures[`oracle share/${rung}`]!.value, selective.probes[rung]!.fraction_of_oracle_aurc);
  }
  for (const [pair, { point, ci_low, ci_high }] of Object.entries(probe.ladder.result.deltas)) {
    assert.deepEqual(figures[`delta/${pair}`], { value: point, ci_low, ci_high, p: null, note: null });
  }
  assert.equal(figures["test/P3_cheap_sae-P2_cheap_raw"]!.p, probe.permutation.p_one_sided);
  for (const [curve, { ece, auroc }] of Object.entries(calibrated.P1_cheap.metrics)) {
    assert.equal(figures[`calibration/${curve} ece`]!.value, ece);
    assert.equal(figures[`calibration/${curve} auroc`]!.value, auroc);
  }
  for (const [rung, { n_dominating_points }] of Object.entries(cascade.refit.probes)) {
    assert.equal(figures[`cascade points/${rung}`]!.value, n_dominating_points);
  }
  for (const [run, { summary }] of Object.entries(causal)) {
    const effects = Object.entries(summary.per_feature_ablation_delta);
    assert.equal(figures[`significant/${run}`]!.value, effects.filter(([, own]) => own.significant).length);
    for (const [latent, { point, ci95 }] of effects) {
      const { value, ci_low, ci_high } = figures[`latent/${run}/${latent}`]!;
      assert.deepEqual([value, ci_low, ci_high], [point, ...ci95]);
    }
  }
});

for (const { id, switch: name } of DEVIATIONS) {
  Deno.test(`${id} ${name} alone changes ${(TOUCHES[name] ?? ["nothing"]).join(", ")} and no other figure`, async () => {
    const { derive } = await open();
    const changed = changedNames(derive(protocol("published")), derive(protocol("published", [name])));
    const touches = TOUCHES[name] ?? [];
    const allowed = [...touches, ...MAY_TOUCH[name] ? [MAY_TOUCH[name]] : []];
    assert.deepEqual(changed.filter((figure) => !allowed.some((pattern) => pattern.test(figure))), []);
    for (const pattern of touches) assert.ok(changed.some((figure) => pattern.test(figure)), `${pattern}`);
    // What is neither read by a part nor explained would be a gap in the records' account.
    assert.equal(TESTABLE.includes(name), !(name in NOT_TESTABLE), name);
    if (!TESTABLE.includes(name)) assert.ok(limitOf(name)!.length > 10);
  });
}

Deno.test("corrected figures are the corrected functions' own", async () => {
  const { input: { study, probe }, derive } = await open();
  const f5 = derive(protocol("published", ["F5"]));
  const words = Array.from(study.test.rows, (row) => -study.items.answers![row]!.trim().split(" ").length);
  assert.equal(f5["label/minus answer words"]!.value, auroc(words, study.test.labels));
  const f22 = derive(protocol("published", ["F22"]));
  assert.equal(f22["delta/P3_cheap_sae-P2_cheap_raw"]!.note, "refused: no model in P3_cheap_sae");
  const f7 = derive(protocol("published", ["F7"]));
  assert.match(f7["significant/allpos_sae_boundary"]!.note!, /^of 1$/);
  const f15 = derive(protocol("published", ["F15"]));
  assert.equal(
    f15["calibration/raw auroc"]!.value,
    auroc(probe.ladder.scores.P1_cheap!, study.test.labels),
    "the ladder's own scores",
  );
});

Deno.test("refits: a topic lies on one side of the split; the clean block has no dead, repeated or model-made column", async () => {
  const { input: { study } } = await open();
  const { train, test } = splitByTopic(study);
  const topics = (rows: ArrayLike<number>) => new Set(Array.from(rows, (row) => study.items.topics[row]!));
  assert.equal(topics(train).intersection(topics(test)).size, 0);
  assert.equal(train.length + test.length, study.split.train.length + study.split.test.length);
  const clean = cleanCheap(study, study.split);
  const column = (j: number) => Array.from(study.split.train, (row) => clean.data[row * clean.nCols + j]!);
  const columns = Array.from({ length: clean.nCols }, (_, j) => column(j));
  for (const values of columns) assert.ok(new Set(values).size > 1);
  assert.equal(new Set(columns.map((values) => values.join())).size, clean.nCols);
});

Deno.test("judgeClaims() sets published beside corrected, switch by switch, and the report says why not", async () => {
  const { input, derive } = await open();
  const context = await claimContext(input.study, input.probe);
  const { steps, summaries } = judgeClaims("made_up", derive, context);
  assert.ok(
    summaries.filter(({ claim }) => claim === "sae-below-raw").every(({ printed }) =>
      printed.startsWith("BLOCKED: ") && printed.includes("no autoencoder was judged")
    ),
  );
  assert.ok(
    summaries.every(({ learning_curve }) =>
      learning_curve.includes("P2_cheap_raw") && learning_curve.includes("no refit from records")
    ),
  );
  const find = (claim: string, step: string) =>
    steps.find((own) => own.claim === claim && own.step === step)!;
  assert.equal(find("sae-below-raw", "F22").verdict, "silent");
  assert.equal(find("single-position-null", "published").verdict, "holds");
  assert.equal(find("single-position-null", "F7").verdict, "falls"); // the one latent that acts there is significant
  const questions = new Set(summaries.map(({ question }) => question));
  assert.deepEqual([...questions].sort(), ["cascade", "causal", "deployable", "null"]);
  const report = claimsReport(summaries, steps);
  for (const { statement } of summaries) assert.ok(report.includes(statement));
  for (const reason of Object.values(NOT_TESTABLE)) assert.ok(report.includes(reason));
  const effects = measureEffects("made_up", derive);
  assert.ok(effects.some(({ id }) => id === "F14"));
  const limits = measuredLimits(effects);
  assert.equal(limits["F21"], "no figure of the records changes");
  for (const { id } of DEVIATIONS) assert.ok(id in limits || effects.some((effect) => effect.id === id), id);
});
