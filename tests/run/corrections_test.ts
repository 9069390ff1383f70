import assert from "node:assert/strict";
import { defaultRng } from "../../lib/math/random.ts";
import { cascade } from "../../lib/questions/cascade.ts";
import { selectivePrediction } from "../../lib/questions/selective.ts";
import { type CorrectionInput, measureCorrections } from "../../lib/run/records/corrections.ts";
import { auroc } from "../../lib/stats/auroc.ts";
import { bootstrapAuroc } from "../../lib/stats/bootstrap_auroc.ts";

const OPTIONS = { seed: 42, nResamples: 200, nPermutations: 199 };

/** Ten articles of 30 items; P2 knows, P1 knows a little, P3 is constant. */
function madeUp(): CorrectionInput {
  const rng = defaultRng(1);
  const difficulty = Array.from({ length: 300 }, () => rng.random());
  return {
    run: "made_up",
    labels: difficulty.map((d) => rng.random() < d ? 1 : 0),
    scores: {
      P1_cheap: difficulty.map((d) => (d + 3 * rng.random()) / 4),
      P2_cheap_raw: difficulty.map((d) => (d + rng.random()) / 2),
      P3_cheap_sae: difficulty.map(() => 0.5),
    },
    expensiveErrors: difficulty.map((d) => rng.random() < d / 2 ? 1 : 0),
    costs: { cheap: 1, expensive: 5 },
    clusters: difficulty.map((_, i) => i % 10),
    answerWords: difficulty.map(() => 1 + rng.integers(3)),
  };
}

Deno.test("measureCorrections() sets each published figure beside the corrected one", () => {
  const input = madeUp();
  const { effects, selective, cascade: routed } = measureCorrections(input, OPTIONS);
  const find = (id: string, quantity: string) =>
    effects.find((effect) => effect.id === id && effect.quantity === quantity)!;
  assert.deepEqual([...new Set(effects.map(({ id }) => id))].sort(), [
    "F11",
    "F12",
    "F14",
    "F17",
    "F22",
    "F5",
  ]);
  assert.ok(effects.every(({ run }) => run === "made_up"));
  assert.equal(
    find("F5", "AUROC of P2_cheap_raw").published,
    auroc(input.scores.P2_cheap_raw!, input.labels),
  );
  const { P1_cheap, P2_cheap_raw } = input.scores as Record<string, number[]>;
  const published = selectivePrediction({ P1_cheap: P1_cheap! }, input.labels, {
    ...{ nResamples: 2, baselineRng: defaultRng(42), bootstrapRng: defaultRng(42) },
  });
  assert.equal(find("F17", "AURC of P1_cheap").published, published.probes.P1_cheap!.aurc);
  assert.equal(
    String(find("F17", "AURC of P1_cheap").corrected).slice(0, 5),
    selective.probes.P1_cheap!.aurc.point.toFixed(3),
  );
  const { value } = bootstrapAuroc({ a: P2_cheap_raw!, b: P1_cheap! }, input.labels, {
    ...{ nResamples: 200, rng: defaultRng(42) },
  }).delta("a", "b");
  assert.match(
    String(find("F12", "P2_cheap_raw-P1_cheap").published),
    new RegExp(`^${value.toFixed(3)} \\[`),
  );
  assert.match(String(find("F12", "P2_cheap_raw-P1_cheap").corrected), /\(cluster t\)$/);
  const models = {
    cheapErrors: input.labels,
    expensiveErrors: input.expensiveErrors,
    cheapCost: 1,
    expensiveCost: 5,
  };
  const points = cascade(input.scores, models, { nTrials: 1, rng: defaultRng(1) }).probes;
  for (const [rung, { area }] of Object.entries(routed.probes)) {
    const effect = find("F14", `routing by ${rung}`);
    assert.match(
      String(effect.published),
      new RegExp(`^${points[rung]!.n_dominating_points} points; shuffled`),
    );
    assert.match(String(effect.corrected), new RegExp(`^area ${area.point.toFixed(4)} \\[`));
  }
});

Deno.test("measureCorrections() refuses deltas with a constant rung and leaves out what has no data", () => {
  const { answerWords: _, ...input } = madeUp();
  const { effects, selective, cascade: routed } = measureCorrections(input, OPTIONS);
  assert.ok(!effects.some(({ id }) => id === "F5"));
  const refused = effects.filter(({ id }) => id === "F22");
  assert.deepEqual(refused.map(({ quantity }) => quantity), [
    "P3_cheap_sae-P1_cheap",
    "P3_cheap_sae-P2_cheap_raw",
  ]);
  assert.ok(refused.every(({ corrected }) => corrected === "refused: no model in P3_cheap_sae"));
  assert.deepEqual(Object.keys(selective.probes), ["P1_cheap", "P2_cheap_raw"]);
  assert.deepEqual(Object.keys(routed.probes), ["P1_cheap", "P2_cheap_raw"]);
  const few = measureCorrections({ ...input, clusters: input.clusters as number[] }, OPTIONS);
  assert.deepEqual(few.effects, effects); // the same seed, the same figures
});
