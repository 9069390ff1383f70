import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { numberColumn, readTable } from "../../lib/io/tables.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { type AblationSummary, type AblationValues, aggregateAblation } from "../../lib/questions/causal.ts";
import { readCausalArtifact } from "../../lib/questions/causal_artifact.ts";
import { bootstrapMeanDelta } from "../../lib/stats/bootstrap_mean.ts";
import { assertAllClose, assertClose, dataDirectory, dataGolden, dataTest, golden } from "../support.ts";

type Effects = Pick<
  AblationSummary,
  "mean_natural" | "mean_sae_recon" | "delta_sae_recon" | "per_feature_ablation_delta"
>;

function assertMatches(actual: Effects, expected: Effects, tol: number, id: string) {
  assertClose(actual.mean_natural, expected.mean_natural, tol, `${id} natural`);
  assertClose(actual.mean_sae_recon, expected.mean_sae_recon, tol, `${id} reconstruction`);
  assertClose(actual.delta_sae_recon.point, expected.delta_sae_recon.point, tol, `${id} cost`);
  assertAllClose(actual.delta_sae_recon.ci95, expected.delta_sae_recon.ci95, tol, `${id} cost CI`);
  const latents = Object.keys(expected.per_feature_ablation_delta);
  assert.deepEqual(Object.keys(actual.per_feature_ablation_delta), latents, id);
  for (const latent of latents) {
    const got = actual.per_feature_ablation_delta[latent]!;
    const want = expected.per_feature_ablation_delta[latent]!;
    assertClose(got.point, want.point, tol, `${id} latent ${latent}`);
    assertAllClose(got.ci95, want.ci95, tol, `${id} latent ${latent} CI`);
    assert.equal(got.significant, want.significant, `${id} latent ${latent}`);
  }
}

Deno.test("aggregateAblation() meets the reference", () => {
  for (const { id, input, expected, tol } of golden("aggregate_ablation")) {
    const values = {
      natural: input.natural,
      reconstruction: input.sae_recon,
      ablated: new Map(
        Object.entries<number[]>(input.per_feature).map(([latent, v]) => [Number(latent), v]),
      ),
    };
    const summary = aggregateAblation(values, { nResamples: input.n_boot, rng: defaultRng(input.seed) });
    assert.equal(summary.n, expected.n);
    assertMatches(summary, expected, tol, id);
  }
});

Deno.test("aggregateAblation() gives each condition what a bootstrap of its own from a fresh stream gives", () => {
  const rng = defaultRng(21);
  const column = () => Float64Array.from({ length: 60 }, () => rng.normal());
  const values: AblationValues = {
    natural: column(),
    reconstruction: column(),
    ablated: new Map([[9, column()], [2, column()]]),
  };
  const summary = aggregateAblation(values, { nResamples: 300, rng: defaultRng(4) });
  for (const [latent, ablated] of values.ablated) {
    const alone = bootstrapMeanDelta(ablated, values.reconstruction, { nResamples: 300, rng: defaultRng(4) });
    const together = summary.per_feature_ablation_delta[latent]!;
    assertClose(together.point, alone.estimate.value, 1e-15);
    assert.deepEqual(together.ci95, [alone.estimate.ciLow, alone.estimate.ciHigh]);
  }
});

Deno.test("aggregateAblation() refuses no items, non-finite values and unequal lengths", () => {
  const run = (natural: number[], reconstruction: number[], ablated: number[]) =>
    aggregateAblation({ natural, reconstruction, ablated: new Map([[1, ablated]]) }, {
      nResamples: 2,
      rng: defaultRng(1),
    });
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  assert.throws(() => run([], [], []), refuses("empty-split"));
  assert.throws(() => run([1], [NaN], [1]), refuses("non-finite"));
  assert.throws(() => run([1], [1], [Infinity]), refuses("non-finite"));
  assert.throws(() => run([1], [1], [1, 2]), RangeError);
});

async function recordedValues(stem: string, latents: readonly number[]): Promise<AblationValues> {
  const names = ["err_natural", "err_recon", ...latents.map((latent) => `err_ablate_${latent}`)];
  const table = await readTable(`${dataDirectory}/records/${stem}.parquet`, names);
  const [natural, reconstruction, ...ablated] = names.map((name) => numberColumn(table, name));
  return {
    natural: natural!,
    reconstruction: reconstruction!,
    ablated: new Map(latents.map((latent, i) => [latent, ablated[i]!])),
  };
}

const TEN_RUNS = [
  "allpos/hellaswag_causal_ablation",
  "causal_ablation",
  "continuous/hellaswag_causal_ablation",
  "disentangle/hellaswag_causal_ablation",
  "hellaswag_causal_ablation",
  "squad/allpos/squad_causal_ablation",
  "squad/continuous/squad_causal_ablation",
  "squad/disentangle/squad_causal_ablation",
  "squad/squad_causal_ablation",
  "squad_causal_ablation",
];

dataTest("aggregateAblation() re-derives all ten published causal aggregates to 1e-12", async () => {
  for (const run of TEN_RUNS) {
    const stem = `eval/results/${run}`;
    const json = JSON.parse(await Deno.readTextFile(`${dataDirectory}/records/${stem}.json`));
    const published = readCausalArtifact(json, run);
    const values = await recordedValues(stem, published.top_features);
    const summary = aggregateAblation(values, { nResamples: 2000, rng: defaultRng(42) });
    assertMatches(summary, published, 1e-12, run);
  }
});

dataTest("aggregateAblation() meets the reference on the real values", async () => {
  for (const { id, input, expected, tol } of dataGolden("real_causal")) {
    const values = await recordedValues(input.parquet.replace(/\.parquet$/, ""), input.features);
    const options = { nResamples: input.n_boot, rng: defaultRng(input.seed) };
    assertMatches(aggregateAblation(values, options), expected, tol, id);
  }
});
