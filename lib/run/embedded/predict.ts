/** Stage 4, Q1: the ladder under every SAE seed, with intervals that know which items belong together. */
import type { DifficultyLabel, Study } from "../../modality.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import { randomStream } from "../../math/random.ts";
import {
  correctedRungs,
  type FittedLadder,
  type LadderBlocks,
  type ProbeRung,
  runLadder,
} from "../../questions/predictive_rungs.ts";
import { regularizationPaths } from "../../questions/regularization_paths.ts";
import { equivalenceTest } from "../../stats/equivalence.ts";
import type { Fold } from "../../stats/folds.ts";
import { groupKFold } from "../../stats/grouped_folds.ts";
import { inferClusteredAurocDelta } from "../../stats/infer_clustered.ts";
import type { Inference } from "../../stats/interval.ts";
import { purgedKFold } from "../../stats/purged_folds.ts";
import type { PathThreads } from "../../stats/logistic/threads.ts";
import { scoreSwapTest } from "../../stats/score_swap.ts";
import type { Extracted } from "./extract.ts";
import type { StudyConfig } from "./study_config.ts";

/** Rungs that read codes, and so differ from seed to seed. */
export const SEEDED: readonly string[] = ["P3_cheap_sae", "P5_sae_only", "P6_nested_sae"];

/** Differences that are reported with clustered inference. */
export const DELTAS = [
  ["P2_cheap_raw", "P1_cheap"],
  ["P3_cheap_sae", "P1_cheap"],
  ["P3_cheap_sae", "P2_cheap_raw"],
  ["P6_nested_sae", "B_uncertainty_cheap_raw"],
] as const;

/** The ladder of one seed. */
export interface SeedLadder {
  readonly seed: number;
  readonly fitted: FittedLadder;
  readonly inference: Readonly<Record<string, Inference>>;
}

/** Q1, and what the other questions need of it. */
export interface Predicted {
  readonly folds: readonly Fold[];
  readonly blocks: LadderBlocks;
  readonly testLabels: Uint8Array;
  readonly testGroups: readonly (string | number)[];
  readonly ladders: readonly SeedLadder[];
}

/** Fits the ladder under every seed; rungs without codes are fitted once. */
export async function predict(
  study: Study,
  config: StudyConfig,
  { extracted, label, raw, codes, threads }: {
    readonly extracted: Extracted;
    readonly label: DifficultyLabel;
    readonly raw: Matrix;
    /** Pooled codes, a matrix a seed, in the order of config.sae.seeds. */
    readonly codes: readonly CsrMatrix[];
    readonly threads: PathThreads;
  },
): Promise<Predicted> {
  const { split } = extracted;
  const { labels } = label;
  const { c_grid: grid, n_folds: nSplits, n_bootstraps: nResamples } = config.probe;
  const groupsOf = (rows: Uint32Array) => Array.from(rows, (row) => study.groups[row]!);
  const folds = study.purge === undefined
    ? groupKFold(groupsOf(split.train), { nSplits, labels: split.train.map((row) => labels[row]!) })
    : purgedKFold(split.train.length, { nSplits, purge: study.purge });
  const testLabels = Uint8Array.from(split.test, (row) => labels[row]!);
  const testGroups = groupsOf(split.test);
  const cheap = (study.cheapGiven?.(extracted.cheap) ?? study.cheap).matrix;
  const common = { uncertainty: extracted.cheap.uncertainty.matrix, cheap, raw };
  const ladders: SeedLadder[] = [];
  for (const [s, seed] of config.sae.seeds.entries()) {
    const rungs = correctedRungs({ ...common, sae: codes[s]! });
    const fitted = await runLadder(s === 0 ? rungs : reuse(rungs, ladders[0]!.fitted), {
      ...{ labels, split, folds, nResamples, grid, threads, deltas: DELTAS },
      rng: randomStream(config.seed, "q1/bootstrap"),
      protocol: "corrected",
    });
    const inference = Object.fromEntries(DELTAS.map(([a, b]) => [
      `${a}-${b}`,
      inferClusteredAurocDelta(fitted.rungs[a]!.scores, fitted.rungs[b]!.scores, testLabels, {
        clusters: testGroups,
        nResamples,
        rng: randomStream(config.seed, `q1/clusters/${a}-${b}`),
      }),
    ]));
    ladders.push({ seed, fitted, inference });
  }
  return { folds, blocks: { ...common, sae: codes[0]! }, testLabels, testGroups, ladders };
}

/** Rungs that do not depend on the seed, by the scores that the first seed's ladder gave them. */
function reuse(rungs: readonly ProbeRung[], { rungs: fitted }: FittedLadder): ProbeRung[] {
  return rungs.map((rung) => {
    if (SEEDED.includes(rung.name)) return rung;
    const { scores, bestC } = fitted[rung.name]!;
    return { name: rung.name, testScores: scores, bestC };
  });
}

/** probe_results.json: the published keys of the first seed, and everything the corrected protocol adds. */
export function probeArtifact(
  config: StudyConfig,
  { ladders, testLabels, testGroups }: Predicted,
  { label, smallestEffect, nPurged }: {
    readonly label: DifficultyLabel;
    readonly smallestEffect: number;
    /** Items in neither split. */
    readonly nPurged: number;
  },
) {
  const first = ladders[0]!;
  const [a, b] = DELTAS[3];
  const increments = ladders.map(({ seed, fitted, inference }) => {
    const nested = fitted.rungs[a]!.nested!;
    return {
      seed,
      n_latents_kept: nested.fit?.nNonzero ?? 0,
      is_empty: nested.empty,
      inference: inference[`${a}-${b}`]!,
      equivalence: equivalenceTest(inference[`${a}-${b}`]!, { low: -smallestEffect, high: smallestEffect }),
      score_swap: scoreSwapTest(fitted.rungs[a]!.scores, fitted.rungs[b]!.scores, testLabels, {
        nPermutations: config.probe.n_permutations,
        rng: randomStream(config.seed, `q1/swap/${seed}`),
        clusters: testGroups,
      }),
    };
  });
  return {
    ...first.fitted.ladder.result,
    protocol: "corrected",
    label: label.definition,
    clustered_deltas: first.inference,
    n_test_groups: new Set(testGroups).size,
    n_purged: nPurged,
    paths: regularizationPaths(first.fitted.rungs),
    increment: { pair: `${a}-${b}`, smallest_effect: smallestEffect, by_seed: increments },
    auroc_by_seed: Object.fromEntries(
      SEEDED.map((name) => [name, ladders.map(({ fitted }) => fitted.ladder.result.probes[name]!.auroc)]),
    ),
  };
}
