/** The methods under simulation: each answers a simulated study as the project would answer a real one. */
import type { RandomStream } from "../../math/random.ts";
import { batchMeans } from "../batch_means.ts";
import { bcaEstimate } from "../bca.ts";
import { bootstrapAuroc } from "../bootstrap_auroc.ts";
import { bootstrapMeanDelta } from "../bootstrap_mean.ts";
import { clusterBootstrapAuroc } from "../cluster_bootstrap.ts";
import { clusterT } from "../cluster_t.ts";
import { delong } from "../delong.ts";
import { inferClusteredAurocDelta } from "../infer_clustered.ts";
import { aurocDeltaInfluence, meanDeltaInfluence } from "../influence.ts";
import { aurocDeltaOnRows, clusterJackknife, meanOnRows } from "../leave_out.ts";
import { labelPermutationTest } from "../label_permutation.ts";
import { movingBlockAuroc, movingBlockInterval, movingBlockMeanDelta } from "../moving_block.ts";
import { scoreSwapTest } from "../score_swap.ts";
import { planBatches } from "../time_blocks.ts";
import type { Study } from "./worlds.ts";

/** Limits of an interval (absent from a pure test) and whether "no effect" is rejected at 5 %. */
export interface Answer {
  readonly ciLow?: number;
  readonly ciHigh?: number;
  readonly rejects: boolean;
}

/** A method: what it estimates, and its answer to a study ("underpowered" when it declines). */
export interface Method {
  readonly name: string;
  readonly estimand: "auroc delta" | "mean effect";
  /** Shown beside the others to see it fail, or to see what the raw form of a method does; promises nothing. */
  readonly reference?: true;
  answer(study: Study, rng: RandomStream): Answer | "underpowered";
}

const N_RESAMPLES = 999;

const zeros = (study: Study) => new Float64Array(study.effects.length);
const everyItem = (study: Study) => study.effects.map((_, i) => i);
const pair = (study: Study) => ({ a: study.scoresA, b: study.scoresB });

function fromInference(
  inference: { status: "valid"; ciLow: number; ciHigh: number; p: number } | { status: "underpowered" },
): Answer | "underpowered" {
  if (inference.status === "underpowered") return "underpowered";
  return { ciLow: inference.ciLow, ciHigh: inference.ciHigh, rejects: inference.p <= 0.05 };
}

function fromLimits({ ciLow, ciHigh }: { readonly ciLow: number; readonly ciHigh: number }): Answer {
  return { ciLow, ciHigh, rejects: ciLow > 0 || ciHigh < 0 };
}

const auroc = (name: string, answer: Method["answer"]): Method => ({ name, estimand: "auroc delta", answer });
const mean = (name: string, answer: Method["answer"]): Method => ({ name, estimand: "mean effect", answer });

/** The same method, shown for reference only. */
export function asReference(method: Method): Method {
  return { ...method, reference: true };
}

export const delongItems = auroc(
  "DeLong, items",
  ({ scoresA, scoresB, labels }) => fromInference(delong(scoresA, scoresB, labels)),
);

export const bootstrapItems = auroc(
  "bootstrap, items",
  (study, rng) =>
    fromLimits(bootstrapAuroc(pair(study), study.labels, { nResamples: N_RESAMPLES, rng }).delta("a", "b")),
);

export const labelPermutation = auroc("label permutation", ({ scoresA, scoresB, labels }, rng) => ({
  rejects: labelPermutationTest(scoresA, scoresB, labels, { nPermutations: 499, rng }).p_two_sided <= 0.05,
}));

export const swapItems = auroc("score swap, items", ({ scoresA, scoresB, labels }, rng) => ({
  rejects: scoreSwapTest(scoresA, scoresB, labels, { nPermutations: 499, rng }).p <= 0.05,
}));

export const swapClusters = auroc("score swap, clusters", ({ scoresA, scoresB, labels, clusters }, rng) => ({
  rejects:
    scoreSwapTest(scoresA, scoresB, labels, { nPermutations: 511, rng, clusters: clusters! }).p <= 0.05,
}));

export const clusterBootstrapRaw = auroc("bootstrap, clusters (raw percentiles)", (study, rng) => {
  const options = { nResamples: N_RESAMPLES, rng, clusters: study.clusters! };
  return fromLimits(clusterBootstrapAuroc(pair(study), study.labels, options).delta("a", "b"));
});

export const clusterChoice = auroc(
  "project's choice, clusters",
  ({ scoresA, scoresB, labels, clusters }, rng) => {
    const options = { nResamples: N_RESAMPLES, rng, clusters: clusters! };
    const inference = inferClusteredAurocDelta(scoresA, scoresB, labels, options);
    return inference.status === "valid" ? fromLimits(inference) : "underpowered";
  },
);

export const clusterTAuroc = auroc(
  "t on cluster influence",
  ({ scoresA, scoresB, labels, clusters }) =>
    fromInference(clusterT(aurocDeltaInfluence(scoresA, scoresB, labels), clusters!)),
);

export const clusterJackknifeAuroc = auroc(
  "jackknife, clusters",
  ({ scoresA, scoresB, labels, clusters }) =>
    fromInference(clusterJackknife(aurocDeltaOnRows(scoresA, scoresB, labels), clusters!)),
);

export const batchMeansAuroc = (overlap: number): Method =>
  auroc(
    "batch means",
    ({ scoresA, scoresB, labels, series }) =>
      fromInference(batchMeans(aurocDeltaOnRows(scoresA, scoresB, labels), series!, { overlap })),
  );

export const movingBlocksAuroc = (overlap: number): Method =>
  auroc("moving blocks", (study, rng) => {
    const plan = planBatches(study.series!, overlap);
    const blockLength = Math.min(plan.batchLength, longestSeries(study));
    const options = { nResamples: N_RESAMPLES, rng, blockLength, series: study.series! };
    const bootstrap = movingBlockAuroc(pair(study), study.labels, options);
    const draws = bootstrap.draws["a"]!.map((a, r) => a - bootstrap.draws["b"]![r]!);
    const { value } = bootstrap.delta("a", "b");
    return fromInference(movingBlockInterval(value, draws, { rows: study.series!, overlap }));
  });

export const movingBlocksRawAuroc = (blockLength: number): Method =>
  auroc(`moving blocks of ${blockLength} (raw percentiles)`, (study, rng) => {
    const options = { nResamples: N_RESAMPLES, rng, blockLength, series: study.series! };
    return fromLimits(movingBlockAuroc(pair(study), study.labels, options).delta("a", "b"));
  });

export const tItems = mean(
  "t, items",
  (study) => fromInference(clusterT(meanDeltaInfluence(study.effects, zeros(study)), everyItem(study))),
);

export const bootstrapMeanItems = mean(
  "bootstrap, items",
  (study, rng) =>
    fromLimits(bootstrapMeanDelta(study.effects, zeros(study), { nResamples: N_RESAMPLES, rng }).estimate),
);

export const bcaItems = mean("BCa, items", (study, rng) => {
  const { estimate, draws } = bootstrapMeanDelta(study.effects, zeros(study), {
    nResamples: 2 * N_RESAMPLES + 1,
    rng,
  });
  return fromLimits(
    bcaEstimate(estimate.value, draws, meanDeltaInfluence(study.effects, zeros(study))),
  );
});

export const clusterTMean = mean(
  "t on cluster influence",
  (study) => fromInference(clusterT(meanDeltaInfluence(study.effects, zeros(study)), study.clusters!)),
);

export const batchMeansMean = (overlap: number): Method =>
  mean(
    "batch means",
    ({ effects, series }) => fromInference(batchMeans(meanOnRows(effects), series!, { overlap })),
  );

export const movingBlocksMean = (overlap: number): Method =>
  mean("moving blocks", (study, rng) => {
    const plan = planBatches(study.series!, overlap);
    const blockLength = Math.min(plan.batchLength, longestSeries(study));
    const options = { nResamples: N_RESAMPLES, rng, blockLength, series: study.series! };
    const { estimate, draws } = movingBlockMeanDelta(study.effects, zeros(study), options);
    return fromInference(movingBlockInterval(estimate.value, draws, { rows: study.series!, overlap }));
  });

function longestSeries({ series }: Study): number {
  const lengths = new Map<number, number>();
  for (const label of series!) lengths.set(label, (lengths.get(label) ?? 0) + 1);
  return Math.max(...lengths.values());
}
