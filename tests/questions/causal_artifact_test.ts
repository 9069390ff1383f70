import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { readCausalArtifact } from "../../lib/questions/causal_artifact.ts";
import { dataDirectory, dataTest } from "../support.ts";

const NESTED = {
  n: 3,
  mean_natural: 1,
  mean_sae_recon: 2,
  delta_sae_recon: { point: 1, ci95: [0.5, 1.5] },
  per_feature_ablation_delta: {
    "7": { point: 0.1, ci95: [0.05, 0.2], significant: true },
    "30": { point: 0, ci95: [-0.1, 0.1], significant: false },
  },
  metric: "nats",
  positions: "all",
  top_features: [30, 7],
  model: "m",
};

const FLAT = {
  metric: "continuous",
  metric_unit: "nats (x)",
  positions: "all",
  top_5_features: [30, 7],
  natural_error_mean: 1,
  recon_error_mean: 2,
  delta_recon_natural: 1,
  delta_recon_natural_ci_lower: 0.5,
  delta_recon_natural_ci_upper: 1.5,
  feature_effects: {
    "7": { delta_error: 0.1, ci_lower: 0.05, ci_upper: 0.2 },
    "30": { delta_error: 0, ci_lower: -0.1, ci_upper: 0.1 },
  },
};

Deno.test("readCausalArtifact() reads both layouts into the same record", () => {
  assert.deepEqual(readCausalArtifact(NESTED, "nested"), NESTED);
  const { n, metric, model, ...flat } = readCausalArtifact(FLAT, "flat");
  const { n: _n, metric: _metric, model: _model, ...nested } = NESTED;
  assert.deepEqual(flat, nested);
  assert.deepEqual([n, metric, model], [null, "nats (x)", null]);
});

Deno.test("readCausalArtifact() refuses each missing or mistyped key, naming it", () => {
  for (const good of [NESTED, FLAT]) {
    for (const key of Object.keys(good)) {
      if (["metric", "metric_unit", "positions", "model"].includes(key)) continue;
      assert.throws(
        () => readCausalArtifact({ ...good, [key]: "x" }, "bad.json"),
        (error) => error instanceof GuardrailError && error.guardrail === "corrupt-file",
        key,
      );
    }
  }
  for (const bad of [null, 3, [], "x", {}]) {
    assert.throws(() => readCausalArtifact(bad, "bad.json"), GuardrailError);
  }
  assert.throws(
    () => readCausalArtifact({ ...NESTED, delta_sae_recon: { point: 1, ci95: [1] } }, "bad.json"),
    /bad\.json.*ci95/,
  );
});

dataTest("readCausalArtifact() reads every published causal artifact", async () => {
  const significant = async (path: string) => {
    const json = JSON.parse(await Deno.readTextFile(`${dataDirectory}/records/seed/results/${path}.json`));
    const { per_feature_ablation_delta } = readCausalArtifact(json, path);
    const effects = Object.values(per_feature_ablation_delta);
    return [effects.filter((effect) => effect.significant).length, effects.length];
  };
  // The published counts: 5/5 against 0/5, 5/5 against 2/5, 0/5 against 0/5.
  assert.deepEqual(await significant("llm_hellaswag/causal_ablation_all"), [5, 5]);
  assert.deepEqual(await significant("llm_hellaswag/causal_ablation_last"), [0, 5]);
  assert.deepEqual(await significant("llm_squad/causal_ablation_all"), [5, 5]);
  assert.deepEqual(await significant("llm_squad/causal_ablation_last"), [2, 5]);
  assert.deepEqual(await significant("tsfm_etth1/causal_ablation_all"), [0, 5]);
  assert.deepEqual(await significant("tsfm_etth1/causal_ablation_last"), [0, 5]);
});
