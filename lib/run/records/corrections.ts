/**
 * What each correction that the records allow does to the published claims: the published function and the corrected
 * one on the same items, side by side. Where a correction needs activations or a model, the records cannot tell.
 */
import { defaultRng, randomStream } from "../../math/random.ts";
import { cascade } from "../../questions/cascade.ts";
import { type CorrectedCascade, correctedCascade } from "../../questions/cascade_corrected.ts";
import { selectivePrediction } from "../../questions/selective.ts";
import { type CorrectedSelective, correctedSelective } from "../../questions/selective_corrected.ts";
import { auroc } from "../../stats/auroc.ts";
import { bootstrapAuroc } from "../../stats/bootstrap_auroc.ts";
import { clusterT } from "../../stats/cluster_t.ts";
import { inferClusteredAurocDelta } from "../../stats/infer_clustered.ts";
import { labelPermutationTest } from "../../stats/label_permutation.ts";
import { scoreSwapTest } from "../../stats/score_swap.ts";
import { shuffledFrontier } from "../../stats/shuffled_frontier.ts";
import { stratifiedAuroc } from "../../stats/stratified_auroc.ts";
import type { MeasuredEffect } from "../protocol.ts";

/** Test items of one recorded study; every column has shape [nTest]. */
export interface CorrectionInput {
  readonly run: string;
  /** 1 = hard: also the error of the cheap model */
  readonly labels: ArrayLike<number>;
  /** difficulty scores by rung */
  readonly scores: Readonly<Record<string, ArrayLike<number>>>;
  readonly expensiveErrors: ArrayLike<number>;
  readonly costs: { readonly cheap: number; readonly expensive: number };
  /** article or activity */
  readonly clusters: ArrayLike<string | number>;
  /** words of the gold answer, where the label is made from its likelihood */
  readonly answerWords?: ArrayLike<number>;
}

/** How much to resample, and from which seed. */
export interface CorrectionOptions {
  readonly seed: number;
  readonly nResamples: number;
  readonly nPermutations: number;
}

/** The effects, and the corrected artifacts they come from. */
export interface Corrections {
  readonly effects: readonly MeasuredEffect[];
  readonly selective: CorrectedSelective;
  readonly cascade: CorrectedCascade;
}

const PAIRS = [
  ["P2_cheap_raw", "P1_cheap"],
  ["P3_cheap_sae", "P1_cheap"],
  ["P3_cheap_sae", "P2_cheap_raw"],
] as const;

/**
 * Measures F5 (where answer lengths are given), F11, F12, F14, F17 and F22 on recorded scores.
 * @throws {GuardrailError} as the functions it calls
 */
export function measureCorrections(input: CorrectionInput, options: CorrectionOptions): Corrections {
  const { labels, scores, clusters } = input;
  const rungs = Object.keys(scores);
  const constant = new Set(rungs.filter((rung) => new Set(Array.from(scores[rung]!)).size === 1));
  const informative = Object.fromEntries(
    rungs.flatMap((rung) => constant.has(rung) ? [] : [[rung, scores[rung]!]]),
  );
  const pairs = PAIRS.filter((pair) => pair.every((rung) => rung in scores));
  const stream = (name: string) => randomStream(options.seed, `${input.run}/corrections/${name}`);
  const { nResamples } = options;
  const selective = correctedSelective(informative, labels, {
    ...{ nResamples, rng: stream("areas"), clusters },
    deltas: pairs.filter((pair) => pair.every((rung) => rung in informative)),
  });
  const costly = (cost: number) => new Float64Array(labels.length).fill(cost);
  const routed = correctedCascade(informative, {
    cheapErrors: labels,
    expensiveErrors: input.expensiveErrors,
    cheapCosts: costly(input.costs.cheap),
    expensiveCosts: costly(input.costs.expensive),
  }, {
    nResamples,
    nPermutations: options.nPermutations,
    bootstrapRng: stream("frontier"),
    shuffleRng: stream("shuffle"),
    clusters,
  });
  const effect = (id: string) =>
  (
    quantity: string,
    published: number | string | null,
    corrected: number | string | null,
  ): MeasuredEffect => ({ id, run: input.run, quantity, published, corrected });
  const effects = [
    ...lengthEffects(input, effect("F5")),
    ...pairs.flatMap((pair) => pairEffects(input, pair, constant, options, effect)),
    ...cascadeEffects(input, routed, options, effect("F14")),
    ...areaEffects(informative, labels, selective, options, effect("F17")),
  ];
  return { effects, selective, cascade: routed };
}

type Effect = (
  quantity: string,
  published: number | string | null,
  corrected: number | string | null,
) => MeasuredEffect;

function lengthEffects(
  { labels, scores, clusters, answerWords }: CorrectionInput,
  effect: Effect,
): MeasuredEffect[] {
  if (answerWords === undefined) return [];
  const length = Float64Array.from(answerWords, (count) => -count);
  return [
    effect("AUROC of minus the answer's length", auroc(length, labels), "0.5 within lengths"),
    ...Object.entries(scores).map(([rung, values]) => {
      const within = stratifiedAuroc(values, labels, answerWords);
      const inference = clusterT(within, clusters);
      const limits = inference.status === "valid" ? ` ${interval(inference.ciLow, inference.ciHigh)}` : "";
      return effect(
        `AUROC of ${rung}`,
        auroc(values, labels),
        `${within.value.toFixed(3)}${limits} within lengths`,
      );
    }),
  ];
}

function pairEffects(
  { run, labels, scores, clusters }: CorrectionInput,
  [a, b]: readonly [string, string],
  constant: ReadonlySet<string>,
  { seed, nResamples, nPermutations }: CorrectionOptions,
  effect: (id: string) => Effect,
): MeasuredEffect[] {
  const published = bootstrapAuroc({ a: scores[a]!, b: scores[b]! }, labels, {
    nResamples,
    rng: defaultRng(seed),
  });
  const { value, ciLow, ciHigh } = published.delta("a", "b");
  const shown = `${value.toFixed(3)} ${interval(ciLow, ciHigh)}`;
  const empty = [a, b].filter((rung) => constant.has(rung));
  if (empty.length > 0) {
    return [effect("F22")(`${a}-${b}`, shown, `refused: no model in ${empty.join(", ")}`)];
  }
  const permuted = labelPermutationTest(scores[a]!, scores[b]!, labels, {
    nPermutations,
    rng: defaultRng(seed),
  });
  const stream = (name: string) => randomStream(seed, `${run}/corrections/${a}-${b}/${name}`);
  const swapped = scoreSwapTest(scores[a]!, scores[b]!, labels, {
    nPermutations,
    rng: stream("swap"),
    clusters,
  });
  const clustered = inferClusteredAurocDelta(scores[a]!, scores[b]!, labels, {
    ...{ nResamples, rng: stream("clusters"), clusters },
  });
  return [
    effect("F11")(`p of ${a}-${b}`, permuted.p_one_sided, swapped.p),
    effect("F12")(
      `${a}-${b}`,
      shown,
      clustered.status === "valid"
        ? `${clustered.value.toFixed(3)} ${interval(clustered.ciLow, clustered.ciHigh)} (${clustered.method})`
        : `underpowered: ${clustered.reason}`,
    ),
  ];
}

function cascadeEffects(
  { run, labels, scores, expensiveErrors, costs }: CorrectionInput,
  corrected: CorrectedCascade,
  { seed, nPermutations }: CorrectionOptions,
  effect: Effect,
): MeasuredEffect[] {
  const models = {
    cheapErrors: labels,
    expensiveErrors,
    cheapCost: costs.cheap,
    expensiveCost: costs.expensive,
  };
  const published = cascade(scores, models, { nTrials: 1, rng: defaultRng(seed) });
  const change = Float64Array.from(expensiveErrors, (error, i) => error - labels[i]!);
  const meanChange = published.always_expensive.mean_error - published.always_cheap.mean_error;
  const range = costs.expensive - costs.cheap;
  return Object.entries(corrected.probes).map(([rung, { area }]) => {
    const shuffled = shuffledFrontier(scores[rung]!, { change, addedCost: change.map(() => range) }, {
      thresholds: published.probes[rung]!.frontier.map(({ tau }) => tau),
      isDominating: (cost, moved) => cost > 0 && cost < range && moved < cost / range * meanChange - 1e-9,
      nPermutations,
      rng: randomStream(seed, `${run}/corrections/${rung}/published count`),
    });
    const limits = area.ci_low === null ? area.underpowered : interval(area.ci_low, area.ci_high!, 4);
    return effect(
      `routing by ${rung}`,
      `${published.probes[rung]!.n_dominating_points} points; shuffled scores give ` +
        `${shuffled.meanCount.toFixed(1)} (P ${shuffled.pCount.toFixed(3)})`,
      `area ${area.point.toFixed(4)} ${limits}`,
    );
  });
}

function areaEffects(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  labels: ArrayLike<number>,
  corrected: CorrectedSelective,
  { seed }: CorrectionOptions,
  effect: Effect,
): MeasuredEffect[] {
  const options = { nResamples: 200, baselineRng: defaultRng(seed), bootstrapRng: defaultRng(seed) };
  const published = selectivePrediction(scores, labels, options);
  return Object.entries(corrected.probes).map(([rung, { aurc }]) =>
    effect(
      `AURC of ${rung}`,
      published.probes[rung]!.aurc,
      `${aurc.point.toFixed(3)} ${
        aurc.ci_low === null ? aurc.underpowered : interval(aurc.ci_low, aurc.ci_high!)
      }`,
    )
  );
}

function interval(low: number, high: number, digits = 3): string {
  return `[${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
