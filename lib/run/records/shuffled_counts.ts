/**
 * The published count of dominating thresholds beside what the same scores give when dealt to the items at random
 * (flaw F14), under the choices that such a figure depends on: which scores, dealt over all items or within topics,
 * "at least" or "more than" the observed count.
 */
import { randomStream } from "../../math/random.ts";
import { shareError } from "../../stats/draws.ts";
import { dealtCountLaw } from "../../stats/dealt_count.ts";
import { shuffledFrontier } from "../../stats/shuffled_frontier.ts";
import type { Artifact } from "./artifacts.ts";
import type { ProbeExperiment } from "./experiments.ts";
import { type OtherShuffle, otherShuffles } from "./other_shuffles.ts";
import type { RecordedStudy } from "./study.ts";

/** Deals within topics, where no exact law is at hand: a P of 0.4 is known to 0.008. */
const N_DEALS = 4000;
/** Other baselines: a P of 0.03 is known to 0.001. */
const N_OTHER_DEALS = 20_000;
/** The published thresholds: evenly spaced from 0 to 1. */
export const N_THRESHOLDS = 41;

/** One score under one baseline. */
export interface ShuffledCount {
  readonly rung: string;
  /** P1 is refitted here; its recorded column comes from another C. The other rungs are recorded only. */
  readonly scores: "as routed" | "recorded";
  /** A deal within topics keeps what the score knows of topics and takes away what it knows within them. */
  readonly dealt: "over all items" | "within topics";
  /** null: the exact law */
  readonly n_deals: number | null;
  readonly observed: number;
  /** Thresholds that escalate some items and not all: no other one can dominate. */
  readonly n_routing: number;
  readonly mean: number;
  /** Standard deviation from deal to deal. */
  readonly sd: number;
  /** P(at least the observed count); from deals (1 + b) / (1 + B). */
  readonly p_at_least: number;
  /** Monte Carlo standard error of it; 0 where it is exact. */
  readonly p_error: number;
  readonly p_more: number;
  /** P(count = c), shape [thresholds + 1]; null where it was not computed exactly. */
  readonly law: readonly number[] | null;
}

const known = new WeakMap<ProbeExperiment, readonly ShuffledCount[]>();
/** Exact laws by cuts and changes: the layers of a dataset share P1. */
const laws = new Map<string, Float64Array>();

/** Every routed rung under every baseline; those of a study are made once. */
export function shuffledCounts(study: RecordedStudy, probe: ProbeExperiment): readonly ShuffledCount[] {
  const counts = known.get(probe) ?? study.config.cascade.scores.flatMap((rung) => {
    const routed = probe.ladder.scores[rung]!;
    const recorded = study.test.scores[rung as keyof typeof study.test.scores];
    const isOther = recorded !== undefined && routed.some((score, i) => score !== recorded[i]);
    return [
      exactCount(study, { rung, scores: "as routed" }, routed),
      ...isOther ? [exactCount(study, { rung, scores: "recorded" }, recorded)] : [],
      dealtCount(study, { rung, scores: "as routed" }, routed),
    ];
  });
  known.set(probe, counts);
  return counts;
}

/** cascade_baselines. */
export function baselineArtifact(counts: readonly ShuffledCount[]): Artifact {
  return { name: "cascade_baselines", json: { counts }, rows: counts.map(({ law: _, ...own }) => own) };
}

type Variant = Pick<ShuffledCount, "rung" | "scores">;

function exactCount(study: RecordedStudy, variant: Variant, scores: Float64Array): ShuffledCount {
  const { change, meanChange, cuts } = routing(study, scores);
  const n = scores.length;
  const number = (value: number) => change.filter((own) => own === value).length;
  const changes = { nBetter: number(-1), nWorse: number(1), nSame: number(0) };
  const isDominating = (k: number, sum: number) => k > 0 && k < n && sum / n < k / n * meanChange - 1e-9;
  const key = JSON.stringify([changes, [...cuts]]);
  const law = laws.get(key) ?? dealtCountLaw(changes, cuts, isDominating);
  laws.set(key, law);
  const ranked = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const sums = new Float64Array(n + 1);
  ranked.forEach((item, k) => sums[k + 1] = sums[k]! + change[item]!);
  const observed = cuts.filter((k) => isDominating(k, sums[k]!)).length;
  const mean = law.reduce((sum, p, count) => sum + p * count, 0);
  const from = (least: number) => law.subarray(least).reduce((sum, p) => sum + p, 0);
  return {
    ...variant,
    dealt: "over all items",
    n_deals: null,
    observed,
    n_routing: cuts.filter((k) => k > 0 && k < n).length,
    mean,
    sd: Math.sqrt(law.reduce((sum, p, count) => sum + p * (count - mean) * (count - mean), 0)),
    p_at_least: from(observed),
    p_error: 0,
    p_more: from(observed + 1),
    law: Array.from(law),
  };
}

function dealtCount(study: RecordedStudy, variant: Variant, scores: Float64Array): ShuffledCount {
  const { run, config, items, test } = study;
  const { change, meanChange, cuts, thresholds } = routing(study, scores);
  const n = scores.length, range = config.models.expensive.cost - config.models.cheap.cost;
  const { counts, meanCount, observedCount, pCount } = shuffledFrontier(
    scores,
    { change, addedCost: change.map(() => range) },
    {
      thresholds,
      isDominating: (cost, moved) => cost > 0 && cost < range && moved < cost / range * meanChange - 1e-9,
      nPermutations: N_DEALS,
      rng: randomStream(config.seed, `${run}/shuffled/${variant.rung}`),
      within: Array.from(test.rows, (row) => items.topics[row]!),
    },
  );
  return {
    ...variant,
    dealt: "within topics",
    n_deals: N_DEALS,
    observed: observedCount,
    n_routing: cuts.filter((k) => k > 0 && k < n).length,
    mean: meanCount,
    sd: Math.sqrt(
      counts.reduce((sum, own) => sum + (own - meanCount) * (own - meanCount), 0) / (N_DEALS - 1),
    ),
    p_at_least: pCount,
    p_error: shareError(pCount, N_DEALS),
    p_more: counts.filter((own) => own > observedCount).length / N_DEALS,
    law: null,
  };
}

/** The same count under baselines that deal no scores, for one rung's recorded scores. */
export function countsOfOtherShuffles(
  study: RecordedStudy,
  rung: keyof RecordedStudy["test"]["scores"],
  observed: number,
): OtherShuffle[] {
  const { run, config, test } = study;
  const { cuts } = routing(study, test.scores[rung]);
  return otherShuffles({ cheapErrors: test.labels, expensiveErrors: test.expensiveError, cuts, observed }, {
    nDeals: N_OTHER_DEALS,
    rngOf: (baseline) => randomStream(config.seed, `${run}/shuffled/${rung}/${baseline}`),
  });
}

/** The published thresholds, how many items each escalates, and what escalating an item changes. */
function routing({ test }: RecordedStudy, scores: Float64Array) {
  const change = Float64Array.from(test.expensiveError, (error, i) => error - test.labels[i]!);
  const thresholds = Float64Array.from(
    { length: N_THRESHOLDS },
    (_, i) => i === N_THRESHOLDS - 1 ? 1 : i * (1 / (N_THRESHOLDS - 1)),
  );
  return {
    change,
    meanChange: change.reduce((sum, value) => sum + value, 0) / change.length,
    thresholds,
    cuts: Uint32Array.from(thresholds, (tau) => scores.filter((score) => score >= tau).length),
  };
}
