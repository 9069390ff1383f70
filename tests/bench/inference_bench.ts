/**
 * Resampling at the size of the SQuAD records (n 1500, five rungs): `deno bench -A tests/bench/inference_bench.ts`.
 * Real scores when FMDP_DATA is set, synthetic ones of the same shape otherwise. The published Python on the same
 * machine: tests/bench/peers/inference_peer.py.
 */
import { existsSync, readFileSync } from "node:fs";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { bootstrapAuroc } from "lib/stats/bootstrap_auroc.ts";
import { clusterBootstrapAuroc } from "lib/stats/cluster_bootstrap.ts";
import { labelPermutationTest } from "lib/stats/label_permutation.ts";
import { scoreSwapTest } from "lib/stats/score_swap.ts";
import { defaultRng } from "lib/math/random.ts";

const { scores, labels } = await loadRungs();
const n = labels.length;

Deno.bench(`bootstrapAuroc() ${Object.keys(scores).length} rungs x 2000 resamples, n ${n}`, () => {
  bootstrapAuroc(scores, labels, { nResamples: 2000, rng: defaultRng(42) });
});

Deno.bench(`labelPermutationTest() 10000 permutations, n ${n}`, () => {
  const options = { nPermutations: 10000, rng: defaultRng(42) };
  labelPermutationTest(scores["P3"]!, scores["P2"]!, labels, options);
});

const sixRungs = { ...scores, again: scores["P1"]! };
const contexts = labels.map((_, i) => i % 283);

Deno.bench(`clusterBootstrapAuroc() 6 rungs x 2000 resamples, 283 clusters, n ${n}`, () => {
  const options = { nResamples: 2000, rng: defaultRng(42), clusters: contexts };
  clusterBootstrapAuroc(sixRungs, labels, options);
});

for (const [unit, clusters] of [["items", labels.map((_, i) => i)], ["clusters", contexts]] as const) {
  Deno.bench(`scoreSwapTest() 10000 swaps of ${unit}, n ${n}`, () => {
    const options = { nPermutations: 10000, rng: defaultRng(42), clusters };
    scoreSwapTest(scores["P3"]!, scores["P2"]!, labels, options);
  });
}

async function loadRungs() {
  const path = `${Deno.env.get("FMDP_DATA") ?? ""}/records/activations/squad_scores.parquet`;
  if (!existsSync(path)) return syntheticRungs();
  const rows = await parquetReadObjects({ file: readFileSync(path).buffer as ArrayBuffer, compressors });
  const names = Object.keys(rows[0]!).filter((name) =>
    /^pred_P\d_[A-Za-z_]+$/.test(name) && !/_(platt|isotonic)$/.test(name)
  );
  return {
    labels: rows.map((row) => Number(row["difficulty"])),
    scores: Object.fromEntries(
      names.map((name) => [name.slice(5, 7), rows.map((row) => Number(row[name]))]),
    ) as Record<string, number[]>,
  };
}

function syntheticRungs() {
  const rng = defaultRng(1);
  const labels = Array.from({ length: 1500 }, () => rng.random() < 0.177 ? 1 : 0);
  const column = (effect: number) => labels.map((label) => effect * label + rng.normal());
  const scores: Record<string, number[]> = {};
  [0.3, 0.6, 0.3, 0.6, 0.3].forEach((effect, i) => scores[`P${i + 1}`] = column(effect));
  return { labels, scores };
}
