import assert from "node:assert/strict";
import { auroc } from "lib/stats/auroc.ts";
import { clusterBootstrapAuroc, clusterBootstrapMeanDelta } from "lib/stats/cluster_bootstrap.ts";
import { clusterT } from "lib/stats/cluster_t.ts";
import { clusterSums, indexClusters } from "lib/stats/clusters.ts";
import { inferClusteredAurocDelta } from "lib/stats/infer_clustered.ts";
import { aurocDeltaInfluence, meanDeltaInfluence } from "lib/stats/influence.ts";
import { aurocDeltaOnRows, clusterJackknife, meanOnRows } from "lib/stats/leave_out.ts";
import { studentTQuantile } from "lib/math/distributions.ts";
import { defaultRng, randomStream } from "lib/math/random.ts";
import { assertAllClose, assertClose } from "../support.ts";

function clusteredScores(seed: number, n: number, nClusters: number) {
  const rng = randomStream(seed, "clustered scores");
  const clusters = Array.from({ length: n }, () => rng.integers(nClusters));
  const labels = Array.from({ length: n }, () => rng.integers(3) === 0 ? 1 : 0);
  const a = labels.map((label) => label + rng.normal());
  const b = labels.map((label) => Math.round(label + 2 * rng.normal())); // with ties
  return { clusters, labels, a, b };
}

Deno.test("clusterT() of a mean with equal clusters is Student's t on the cluster means", () => {
  const effects = [1, 3, 2, 6, 0, 2, 5, 5, 4, 8, 1, 1];
  const clusters = effects.map((_, i) => `c${i >> 1}`);
  const means = [2, 4, 1, 5, 6, 1];
  const grand = means.reduce((sum, x) => sum + x, 0) / 6;
  const spread = Math.sqrt(means.reduce((sum, x) => sum + (x - grand) * (x - grand), 0) / 5);
  const inference = clusterT(meanDeltaInfluence(effects, effects.map(() => 0)), clusters);
  if (inference.status !== "valid") throw new Error(inference.reason);
  assertClose(inference.value, grand, 1e-15);
  assertClose(inference.standardError, spread / Math.sqrt(6), 1e-15);
  assertClose(inference.ciHigh - grand, studentTQuantile(0.975, 5) * spread / Math.sqrt(6), 1e-12);
  assert.equal(inference.df, 5);
});

Deno.test("clusterT() and clusterJackknife() agree for a mean, unequal clusters included", () => {
  const { a, b, clusters } = clusteredScores(1, 200, 14);
  const t = clusterT(meanDeltaInfluence(a, b), clusters);
  const jackknife = clusterJackknife(meanOnRows(a.map((x, i) => x - b[i]!)), clusters);
  if (t.status !== "valid" || jackknife.status !== "valid") throw new Error("needs both");
  // The jackknife centres on the mean of the leave-one-out values, the t interval on the estimate.
  assertClose(jackknife.standardError / t.standardError, 1, 2e-3);
});

Deno.test("clusterT() is underpowered when a cluster holds more than a fifth of the items", () => {
  const { a, b, labels } = clusteredScores(2, 100, 5);
  const delta = aurocDeltaInfluence(a, b, labels);
  assert.equal(clusterT(delta, labels.map((_, i) => i % 5)).status, "valid");
  const four = clusterT(delta, labels.map((_, i) => i % 4));
  assert.ok(four.status === "underpowered" && /25 %.*4 clusters/.test(four.reason));
  assert.equal(clusterT(delta, labels.map((_, i) => i < 30 ? 0 : i)).status, "underpowered");
});

Deno.test("clusterJackknife() is underpowered below five clusters or when one holds a class", () => {
  const estimate = aurocDeltaOnRows([1, 2, 3, 4, 5, 6], [1, 3, 2, 4, 6, 5], [0, 0, 0, 0, 0, 1]);
  assert.equal(clusterJackknife(estimate, [1, 2, 3, 4, 4, 4]).status, "underpowered");
  const held = clusterJackknife(estimate, [1, 2, 3, 4, 5, 6]);
  assert.ok(held.status === "underpowered" && /class/.test(held.reason));
});

Deno.test("clusterBootstrapAuroc() draws equal auroc() of the drawn clusters' items", () => {
  const { a, b, labels, clusters } = clusteredScores(3, 60, 9);
  const nResamples = 42;
  const result = clusterBootstrapAuroc({ a, b }, labels, { nResamples, rng: defaultRng(4), clusters });
  const { index, nClusters } = indexClusters(clusters);
  const replay = defaultRng(4);
  const naive = { a: [] as number[], b: [] as number[] };
  for (let r = 0; r < nResamples; r++) {
    const rows = Array.from({ length: nClusters }, () => replay.integers(nClusters))
      .flatMap((c) => [...index.keys()].filter((i) => index[i] === c));
    const drawn = rows.map((i) => labels[i]!);
    naive.a.push(auroc(rows.map((i) => a[i]!), drawn));
    naive.b.push(auroc(rows.map((i) => b[i]!), drawn));
  }
  assertAllClose(result.draws["a"]!, naive.a, 1e-15);
  assertAllClose(result.draws["b"]!, naive.b, 1e-15);
});

Deno.test("clusterBootstrapMeanDelta() draws equal means over the drawn clusters' items", () => {
  const { a, b, clusters } = clusteredScores(5, 40, 6);
  const options = { nResamples: 30, rng: defaultRng(6), clusters };
  const { estimate, draws } = clusterBootstrapMeanDelta(a, b, options);
  const { index, nClusters } = indexClusters(clusters);
  const replay = defaultRng(6);
  const mean = (rows: number[]) => rows.reduce((sum, i) => sum + a[i]! - b[i]!, 0) / rows.length;
  const naive = Array.from({ length: 30 }, () =>
    mean(
      Array.from({ length: nClusters }, () => replay.integers(nClusters))
        .flatMap((c) => [...index.keys()].filter((i) => index[i] === c)),
    ));
  assertAllClose(draws, naive, 1e-12);
  assertClose(estimate.value, mean([...index.keys()]), 1e-12);
});

Deno.test("inferClusteredAurocDelta() takes the bootstrap from 30 clusters and t below", () => {
  const { a, b, labels } = clusteredScores(7, 300, 9);
  const infer = (nClusters: number) =>
    inferClusteredAurocDelta(a, b, labels, {
      clusters: labels.map((_, i) => i % nClusters),
      nResamples: 2000,
      rng: defaultRng(8),
    });
  const many = infer(30);
  const few = infer(29);
  const t = clusterT(aurocDeltaInfluence(a, b, labels), labels.map((_, i) => i % 30));
  if (many.status !== "valid" || few.status !== "valid" || t.status !== "valid") throw new Error("needs all");
  assert.equal(many.method, "cluster bootstrap");
  assert.equal(few.method, "cluster t");
  assert.equal(few.caution, undefined);
  // Both aim at the same limits: percentiles are expanded to the width of the t interval.
  assertClose((many.ciHigh - many.ciLow) / (t.ciHigh - t.ciLow), 1, 0.15);
});

Deno.test("inferClusteredAurocDelta() cautions when one of few clusters holds much of a class", () => {
  const { a, b } = clusteredScores(9, 100, 10);
  const clusters = a.map((_, i) => i % 10);
  const labels = a.map((_, i) => i % 10 === 0 || i < 20 ? 1 : 0);
  const inference = inferClusteredAurocDelta(a, b, labels, { clusters, nResamples: 10, rng: defaultRng(1) });
  assert.ok(inference.status === "valid" && /of a class/.test(inference.caution ?? ""));
});

Deno.test("clusterSums() adds within clusters and rejects lengths that differ", () => {
  assert.deepEqual([...clusterSums([1, 2, 4], indexClusters(["x", "y", "x"]))], [5, 2]);
  assert.throws(() => clusterSums([1], indexClusters(["x", "y"])), RangeError);
});

Deno.test("cluster methods reject cluster labels that do not match the items, and refuse a single class", () => {
  const options = { nResamples: 2, rng: defaultRng(1), clusters: [1] };
  assert.throws(() => clusterBootstrapAuroc({ a: [1, 2] }, [0, 1], options), RangeError);
  assert.throws(() => clusterBootstrapMeanDelta([1, 2], [1, 1], options), RangeError);
  assert.throws(() => clusterBootstrapAuroc({ a: [1] }, [1], options), { guardrail: "single-class" });
});
