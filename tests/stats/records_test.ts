/** SQuAD P3-P2 of the published records, under the dependence its items really have. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { clusterBootstrapAuroc } from "lib/stats/cluster_bootstrap.ts";
import { clusterT } from "lib/stats/cluster_t.ts";
import { indexClusters } from "lib/stats/clusters.ts";
import { inferClusteredAurocDelta } from "lib/stats/infer_clustered.ts";
import { aurocDeltaInfluence } from "lib/stats/influence.ts";
import { aurocDeltaOnRows, clusterJackknife } from "lib/stats/leave_out.ts";
import { scoreSwapTest } from "lib/stats/score_swap.ts";
import { randomStream } from "lib/math/random.ts";
import { assertClose, dataDirectory, dataTest } from "../support.ts";

async function readSquad() {
  const file = readFileSync(`${dataDirectory}/records/activations/squad_scores.parquet`);
  const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file: buffer, compressors });
  const column = (name: string) => rows.map((row) => Number(row[name]));
  return {
    sae: column("pred_P3_InputStats_SAE"),
    raw: column("pred_P2_InputStats_Raw"),
    labels: column("difficulty"),
    articles: rows.map((row) => String(row["activity_label"])),
    contexts: rows.map((row) => /^Context: (.*)\nQuestion:/s.exec(String(row["prompt"]))![1]!),
  };
}

dataTest("clusterT() and clusterBootstrapAuroc() on SQuAD under its nine articles", async () => {
  const { sae, raw, labels, articles } = await readSquad();
  assert.equal(indexClusters(articles).nClusters, 9);
  const options = { nResamples: 4000, rng: randomStream(1, "test"), clusters: articles };
  const percentile = clusterBootstrapAuroc({ sae, raw }, labels, options).delta("sae", "raw");
  assertClose(percentile.ciLow, -0.141, 0.005);
  assertClose(percentile.ciHigh, -0.037, 0.005);
  const inference = clusterT(aurocDeltaInfluence(sae, raw, labels), articles);
  if (inference.status !== "valid") throw new Error(inference.reason);
  assert.equal(inference.df, 8);
  assertClose(inference.ciLow, -0.143, 0.002);
  assertClose(inference.ciHigh, -0.016, 0.002);
  assertClose(inference.p, 0.021, 0.0005);
});

dataTest(
  "inferClusteredAurocDelta() and clusterJackknife() on SQuAD's articles: Oxygen holds a third of the hard items",
  async () => {
    const { sae, raw, labels, articles } = await readSquad();
    const options = { nResamples: 10, rng: randomStream(1, "test"), clusters: articles };
    const inference = inferClusteredAurocDelta(sae, raw, labels, options);
    assert.ok(inference.status === "valid" && /33 % of a class/.test(inference.caution ?? ""));
    // Leaving an article out, measured with scikit-learn: standard error 0.03097 against 0.0278 by influence.
    const jackknife = clusterJackknife(aurocDeltaOnRows(sae, raw, labels), articles);
    if (jackknife.status !== "valid") throw new Error(jackknife.reason);
    assertClose(jackknife.standardError, 0.030966632511558, 1e-9);
    assertClose(jackknife.p, 0.033679976286109, 1e-9);
  },
);

dataTest("inferClusteredAurocDelta() on SQuAD under its contexts", async () => {
  const { sae, raw, labels, contexts } = await readSquad();
  assert.equal(indexClusters(contexts).nClusters, 283);
  const options = { nResamples: 4000, rng: randomStream(1, "test"), clusters: contexts };
  const inference = inferClusteredAurocDelta(sae, raw, labels, options);
  if (inference.status !== "valid") throw new Error(inference.reason);
  assert.equal(inference.method, "cluster bootstrap");
  assertClose(inference.ciLow, -0.122, 0.005);
  assertClose(inference.ciHigh, -0.037, 0.005);
});

dataTest("scoreSwapTest() on SQuAD swapping items, contexts and articles", async () => {
  const { sae, raw, labels, articles, contexts } = await readSquad();
  const options = { nPermutations: 10000, rng: randomStream(1, "test") };
  const items = scoreSwapTest(sae, raw, labels, options);
  assertClose(items.delta, -0.0792551, 1e-6);
  assertClose(items.p, 0.0005, 0.0006);
  assert.ok(scoreSwapTest(sae, raw, labels, { ...options, clusters: contexts }).p <= 0.001);
  const byArticle = scoreSwapTest(sae, raw, labels, { ...options, clusters: articles });
  assert.ok(byArticle.exact);
  assertClose(byArticle.p, 0.013, 0.004);
});
