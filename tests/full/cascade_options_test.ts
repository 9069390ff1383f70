/** What a profile can say of a cascade's costs, and of the label that decides who failed. */
import assert from "node:assert/strict";
import { readRecordedTest } from "lib/data/records.ts";
import { blockOf } from "lib/modalities/columns.ts";
import { randomStream } from "lib/math/random.ts";
import { cascadeArtifact, type DecideInputs } from "lib/run/embedded/decide.ts";
import { fullConfigs } from "lib/run/embedded/full_configs.ts";
import { assertClose, dataDirectory, dataTest } from "../support.ts";
import { squadLabels } from "./squad_labels.ts";

Deno.test("cascade.costs: the published costs of any item instead of each item's own, and valid in every published variant", () => {
  const n = 60, rng = randomStream(4, "tests/costs");
  const coins = () => Float64Array.from({ length: n }, () => Number(rng.random() < 0.4));
  const own = Float64Array.from({ length: n }, () => 1e9 * (1 + rng.random()));
  const outcomes = { errors: coins(), nats: coins(), costs: own, uncertainty: blockOf({}, n) };
  const test = Uint32Array.from({ length: n }, (_, i) => i);
  const [, squad] = fullConfigs();
  const artifactOf = (costs?: readonly [number, number]) =>
    cascadeArtifact({
      config: {
        ...squad!,
        cascade: { n_bootstraps: 50, n_permutations: 50, scores: ["P1_cheap"], ...(costs && { costs }) },
      },
      extracted: {
        split: { train: test, test },
        cheap: outcomes,
        expensive: { ...outcomes, errors: coins(), costs: own.map((cost) => 3 * cost) },
      },
      predicted: {
        ladders: [{
          fitted: { ladder: { scores: { P1_cheap: outcomes.errors.map((x) => x + rng.random()) } } },
        }],
        testGroups: Array.from(test, (i) => i % 12),
      },
    } as unknown as DecideInputs);
  const fixed = artifactOf([1, 5]), each = artifactOf();
  assert.deepEqual([fixed.always_cheap.cost, fixed.always_expensive.cost], [1, 5]);
  assert.match(fixed.cost_unit, /1 or 5/);
  assert.equal(each.cost_unit, "parameters x tokens");
  assert.ok(each.always_cheap.cost > 1e9);
  const published = fullConfigs({ variants: { protocol: "published" } });
  assert.deepEqual(published.map(({ cascade }) => cascade.costs), [[1, 5], [1, 5], [1, 4]]);
  assert.ok(fullConfigs().every(({ cascade }) => cascade.costs === undefined));
  assert.throws(
    () => fullConfigs({ overrides: ["cascade.costs=[1]"] }),
    /cascade\.costs must NOT have fewer than 2/,
  );
  assert.equal(
    fullConfigs({ studies: ["tsfm_etth1"], overrides: ["cheap.extended=true"] })[0]!.cheap!.extended,
    true,
  );
});

dataTest(
  "label.decides: SQuAD's recorded failures of Pythia-2.8B follow from its perplexities by the cheap scale",
  async () => {
    const { recorded, labels, split } = await squadLabels();
    const files = {
      scores: "activations/squad_scores.parquet",
      expensive: "activations_base/squad_metadata.parquet",
    };
    const source = { ...files, target_perplexity: "perplexity" };
    const test = await readRecordedTest(`${dataDirectory}/records`, source, recorded);
    const n = test.rows.length, zeros = new Float64Array(n);
    const expensive = {
      nats: test.expensivePerplexity!.map(Math.log),
      ...{ errors: zeros.map((_, i) => i % 2), costs: zeros, uncertainty: blockOf({}, n) },
    };
    const label = labels["perplexity"]!;
    assert.deepEqual(Float64Array.from(label.judge!(expensive)), test.expensiveError);
    const [, squad] = fullConfigs({ variants: { protocol: "published" } });
    const inputs = (decides: boolean, own = label) => ({
      config: {
        ...squad!,
        label: { ...squad!.label!, decides },
        cascade: { ...squad!.cascade, scores: ["P1_cheap"] },
      },
      label: own,
      extracted: { split, cheap: { ...expensive, errors: new Float64Array(5000) }, expensive },
      predicted: {
        ladders: [{ fitted: { ladder: { scores: test.scores } } }],
        testGroups: Array.from(test.rows),
      },
    } as unknown as DecideInputs);
    const share = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0) / n;
    const { always_cheap, always_expensive } = cascadeArtifact(inputs(true));
    assertClose(always_cheap.mean_error, share(test.labels), 1e-12);
    assertClose(always_expensive.mean_error, share(test.expensiveError), 1e-12);
    assert.equal(cascadeArtifact(inputs(false)).always_cheap.mean_error, 0);
    assert.throws(
      () => cascadeArtifact(inputs(true, labels["length_free_nats"]!)),
      /says nothing of another model/,
    );
  },
);
