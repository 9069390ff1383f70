/** What stands beside every claim about a recorded study: confounds of its label, and the learning curve of its rungs. */
import { RECORDED_RUNGS } from "../../data/records.ts";
import { matrixFromRows } from "../../math/matrix.ts";
import { randomStream } from "../../math/random.ts";
import { type ConfoundReport, confoundReport } from "../../questions/confounds_corrected.ts";
import { learningCurve } from "../../questions/learning_curve.ts";
import { countFolds, stratifiedKFold } from "../../stats/folds.ts";
import { inferClusteredAurocDelta } from "../../stats/infer_clustered.ts";
import type { Inference } from "../../stats/interval.ts";
import { openThreads, type PathThreads } from "../../stats/logistic/threads.ts";
import type { Artifact } from "./artifacts.ts";
import type { ProbeExperiment } from "./experiments.ts";
import type { RecordedStudy } from "./study.ts";
import { answerWords, testClusters } from "./switches/study.ts";

/** P1 on a part of the training split. */
export interface CurvePoint {
  readonly n_train: number;
  readonly auroc: number;
  readonly ci_low: number;
  readonly ci_high: number;
  readonly best_C: number | null;
}

/** Learning curves as far as the records hold features. */
export interface RecordedCurves {
  readonly refitted: Readonly<Record<string, readonly CurvePoint[]>>;
  /** AUROC on all training rows less that on half of them, topics as clusters. */
  readonly gain_of_last_doubling: Readonly<Record<string, Inference>>;
  readonly not_refitted: Readonly<Record<string, string>>;
}

/** Both, and the clusters they were judged by. */
export interface ClaimContext {
  readonly confounds: ConfoundReport;
  readonly curves: RecordedCurves;
}

/** Shares of the training split; parts under MIN_ROWS are left out. */
const SHARES = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1], MIN_ROWS = 40;
const ITEMS_PER_FOLD = 10;
const NOT_REFITTED = "its features are activations, which the records do not hold";

/** Confounds on the test items, and P1's curve; the other rungs are recorded scores. */
export async function claimContext(
  study: RecordedStudy,
  probe: ProbeExperiment,
): Promise<ClaimContext> {
  const threads = openThreads({ nThreads: 1 });
  try {
    return { confounds: confoundsOf(study, probe), curves: await curvesOf(study, threads) };
  } finally {
    threads.close();
  }
}

/** confounds and learning_curve. */
export function contextArtifacts({ confounds, curves }: ClaimContext): Artifact[] {
  return [
    {
      name: "confounds",
      json: confounds,
      rows: confounds.predictors.map(({ name, auroc, strength, is_constant }) => ({
        ...{ predictor: name, auroc, strength, is_constant },
      })),
    },
    {
      name: "learning_curve",
      json: curves,
      rows: Object.entries(curves.refitted).flatMap(([rung, points]) =>
        points.map((point) => ({ rung, ...point }))
      ),
    },
  ];
}

/** Quantities that nobody would call difficulty: lengths, and where an item stands in its file. */
function confoundsOf(study: RecordedStudy, { ladder }: ProbeExperiment): ConfoundReport {
  const { items, test } = study;
  const answers = answerWords(study);
  const names = [
    ...answers ? ["answer words"] : [],
    "prompt words",
    "prompt characters",
    "place in the file",
  ];
  return confoundReport({
    labels: test.labels,
    trivial: {
      names,
      matrix: matrixFromRows(Array.from(test.rows, (row, i) => [
        ...answers ? [answers[i]!] : [],
        items.prompts[row]!.trim().split(/\s+/).length,
        items.prompts[row]!.length,
        row,
      ])),
    },
    scores: ladder.scores,
    clusters: testClusters(study),
  });
}

/** P1's columns are taken as they are: bigram novelty refers to the whole training split at every size. */
async function curvesOf(study: RecordedStudy, threads: PathThreads): Promise<RecordedCurves> {
  const { config, items, cheap, split, run, test } = study;
  const rung = "P1_cheap";
  const nAll = split.train.length;
  const nResamples = config.probe.n_bootstraps;
  const points = await learningCurve([{ name: rung, blocks: [cheap] }], {
    ...{ labels: items.labels, split, threads, nResamples, grid: config.probe.c_grid },
    protocol: "published",
    sizes: SHARES.map((share) => Math.round(share * nAll)).filter((size) => size >= MIN_ROWS),
    foldsOf: (labels) =>
      stratifiedKFold(labels, { nSplits: countFolds(labels, ITEMS_PER_FOLD), seed: config.seed }),
    orderRng: randomStream(config.seed, `${run}/learning curve/order`),
    rngOf: (nTrain) => randomStream(config.seed, `${run}/learning curve/${nTrain}`),
  });
  const [all, half] = points.slice(-2).reverse().map(({ fitted }) => fitted.rungs[rung]!.scores);
  return {
    refitted: {
      [rung]: points.map(({ nTrain, fitted: { ladder: { result } } }) => {
        const { auroc, ci_low, ci_high, best_C } = result.probes[rung]!;
        return { n_train: nTrain, auroc, ci_low, ci_high, best_C };
      }),
    },
    gain_of_last_doubling: all && half
      ? {
        [rung]: inferClusteredAurocDelta(all, half, test.labels, {
          clusters: testClusters(study),
          nResamples,
          rng: randomStream(config.seed, `${run}/learning curve/gain`),
        }),
      }
      : {},
    not_refitted: Object.fromEntries(
      Object.keys(RECORDED_RUNGS).filter((name) => name !== rung).map((name) => [name, NOT_REFITTED]),
    ),
  };
}
