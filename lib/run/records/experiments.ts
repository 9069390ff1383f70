/** The four questions asked of a recorded study: P1 is refitted from raw prompts, P2-P5 are the recorded scores. */
import { readPublished, readRecordedCausal, RECORDED_RUNGS, type RecordedRung } from "../../data/records.ts";
import { type Matrix, selectRows } from "../../math/matrix.ts";
import { defaultRng } from "../../math/random.ts";
import { cascade, type CascadeResult } from "../../questions/cascade.ts";
import { type AblationSummary, aggregateAblation } from "../../questions/causal.ts";
import { readCausalArtifact } from "../../questions/causal_artifact.ts";
import { type Ladder, runProbeLadder } from "../../questions/predictive.ts";
import { recalibrateProbe, type Recalibration } from "../../questions/recalibrate.ts";
import { type SelectivePrediction, selectivePrediction } from "../../questions/selective.ts";
import { type Calibration, calibration } from "../../stats/calibration.ts";
import { kFold } from "../../stats/folds.ts";
import { decisionFunction, fitLogistic, sigmoid } from "../../stats/l1_logistic.ts";
import { type LabelPermutationResult, labelPermutationTest } from "../../stats/label_permutation.ts";
import type { RecordedStudy } from "./study.ts";

/** Rungs of which the records hold only the test scores. */
const RECORDED = Object.keys(RECORDED_RUNGS).filter((rung) => rung !== "P1_cheap") as RecordedRung[];

/** Q1: the ladder, and the label permutation of P3 against P2. */
export interface ProbeExperiment {
  readonly ladder: Ladder;
  readonly permutation: LabelPermutationResult;
}

/** Q1 on a recorded study. */
export function probeExperiment(study: RecordedStudy): ProbeExperiment {
  const { config, cheap, items, split, folds, test } = study;
  const { c_grid: grid, n_bootstraps: nResamples, n_permutations: nPermutations } = config.probe;
  const ladder = runProbeLadder(
    [
      { name: "P1_cheap", blocks: [cheap] },
      ...RECORDED.map((name) => ({ name, testScores: test.scores[name], bestC: null })),
    ],
    {
      labels: items.labels,
      split,
      folds,
      nResamples,
      rng: defaultRng(config.seed),
      protocol: "published",
      grid,
    },
  );
  const permutation = labelPermutationTest(test.scores.P3_cheap_sae, test.scores.P2_cheap_raw, test.labels, {
    nPermutations,
    rng: defaultRng(config.seed),
  });
  return { ladder, permutation };
}

/** The parent study's own first rung, which used another C than the refit: only compared, never used. */
export function recordedLadder({ config, items, split, test }: RecordedStudy): Ladder {
  const rungs = (Object.keys(RECORDED_RUNGS) as RecordedRung[]).map((name) => ({
    name,
    testScores: test.scores[name],
    bestC: null,
  }));
  return runProbeLadder(rungs, {
    labels: items.labels,
    split,
    folds: [],
    nResamples: config.probe.n_bootstraps,
    rng: defaultRng(config.seed),
    protocol: "published",
  });
}

/** Q3: risk-coverage of every rung; the error of an item is its label. */
export function selectiveExperiment(study: RecordedStudy, { ladder }: ProbeExperiment): SelectivePrediction {
  const { seed, selective } = study.config;
  return selectivePrediction(ladder.scores, study.test.labels, {
    nResamples: selective.n_bootstraps,
    baselineRng: defaultRng(seed),
    bootstrapRng: defaultRng(seed),
  });
}

/** Q3, calibration: P1 recalibrated out of fold, and the reliability of all five recorded scores. */
export interface CalibrateExperiment {
  readonly P1_cheap: Recalibration;
  readonly recorded: Readonly<Record<RecordedRung, Calibration>>;
}

/** Calibration on a recorded study; features are not standardised, as the published run did it (flaw F15). */
export function calibrateExperiment(study: RecordedStudy, { ladder }: ProbeExperiment): CalibrateExperiment {
  const { config, cheap, items, split, test } = study;
  const { n_folds: nSplits, n_bins: nBins } = config.calibrate;
  const part = (rows: Uint32Array) => ({
    matrix: selectRows(cheap, rows),
    labels: rows.map((row) => items.labels[row]!),
  });
  const rungs = Object.keys(RECORDED_RUNGS) as RecordedRung[];
  return {
    P1_cheap: recalibrateProbe(part(split.train), part(split.test), {
      folds: kFold(split.train.length, { nSplits, seed: config.seed }),
      c: ladder.fits.P1_cheap!.c,
      fit: fitUnscaled,
      platt: "published",
    }),
    recorded: Object.fromEntries(
      rungs.map((rung) => [rung, calibration(test.labels, test.scores[rung], nBins)]),
    ) as unknown as Readonly<Record<RecordedRung, Calibration>>,
  };
}

function fitUnscaled(train: Matrix, labels: ArrayLike<number>, c: number) {
  const fit = fitLogistic(train, labels, { c });
  return (rows: Matrix) => decisionFunction(rows, fit).map(sigmoid);
}

/** Q4: routing by the configured rungs; and by the recorded scores before and after Platt calibration. */
export interface CascadeExperiment {
  readonly refit: CascadeResult;
  /** null where the records hold no calibrated scores */
  readonly calibrated: CascadeResult | null;
}

/** Q4 on a recorded study, with the expensive model's real outcomes. */
export function cascadeExperiment(study: RecordedStudy, { ladder }: ProbeExperiment): CascadeExperiment {
  const { config, test } = study;
  const models = {
    cheapErrors: test.labels,
    expensiveErrors: test.expensiveError,
    cheapCost: config.models.cheap.cost,
    expensiveCost: config.models.expensive.cost,
  };
  const route = (scores: Readonly<Record<string, Float64Array>>) =>
    cascade(scores, models, { nTrials: config.cascade.n_random_trials, rng: defaultRng(config.seed) });
  const chosen = config.cascade.scores.map((rung) => [rung, ladder.scores[rung]!] as const);
  const calibrated: [string, Float64Array][] = config.cascade.scores.flatMap((rung) => {
    const platt = test.calibrated[`${rung}_platt`];
    return platt ? [[`${rung}_platt`, platt], [rung, test.scores[rung as RecordedRung]]] : [];
  });
  return {
    refit: route(Object.fromEntries(chosen)),
    calibrated: calibrated.length > 0 ? route(Object.fromEntries(calibrated)) : null,
  };
}

/** One causal run: its aggregate, and what its file says of how it was made. */
export interface CausalExperiment {
  readonly summary: AblationSummary;
  readonly metric: string;
  readonly positions: string;
  readonly topFeatures: readonly number[];
}

/** Q2: every recorded causal run of the dataset, by the name the configuration gives it. */
export async function causalExperiment(study: RecordedStudy): Promise<Record<string, CausalExperiment>> {
  const out: Record<string, CausalExperiment> = {};
  for (const [name, stem] of Object.entries(study.config.records.causal)) {
    const published = readCausalArtifact(await readPublished(study.root, `${stem}.json`), stem);
    const values = await readRecordedCausal(study.root, stem, published.top_features);
    out[name] = {
      summary: aggregateAblation(values, {
        nResamples: study.config.causal.n_bootstraps,
        rng: defaultRng(study.config.seed),
      }),
      // The parent's first runs measured the 0/1 error and did not say so.
      metric: published.metric ?? "error (0 or 1)",
      positions: published.positions ?? "boundary",
      topFeatures: published.top_features,
    };
  }
  return out;
}
