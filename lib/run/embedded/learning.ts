/** Stage 4, continued: would the rungs have come out otherwise with more items? */
import type { DifficultyLabel, Study } from "../../modality.ts";
import { randomStream } from "../../math/random.ts";
import { growingCurve, type LearningCurve } from "../../questions/learning_curve_corrected.ts";
import { correctedRungs } from "../../questions/predictive_rungs.ts";
import type { PathThreads } from "../../stats/logistic/threads.ts";
import type { Extracted } from "./extract.ts";
import { DELTAS, type Predicted } from "./predict.ts";
import type { StudyConfig } from "./study_config.ts";

/** The rungs that claims compare. */
const RUNGS = ["P1_cheap", "P2_cheap_raw", "P3_cheap_sae", "B_uncertainty_cheap_raw", "P6_nested_sae"];
/** Of the training groups; the whole split is the ladder itself. */
const SHARES = [0.125, 0.25, 0.5, 0.75];
/** Moves no AUROC by more than 0.001 against the ladder's own 1e-8, at a fifth of its time. */
const TOLERANCE = 1e-6;

/** learning_curve.json: the first seed's codes, whose SAE saw the activations of all training items, at every size. */
export async function learningArtifact(
  { study, config, extracted, label, predicted, threads }: {
    readonly study: Study;
    readonly config: StudyConfig;
    readonly extracted: Extracted;
    readonly label: DifficultyLabel;
    readonly predicted: Predicted;
    readonly threads: PathThreads;
  },
): Promise<LearningCurve> {
  return await growingCurve(correctedRungs(predicted.blocks).filter(({ name }) => RUNGS.includes(name)), {
    labels: label.labels,
    split: extracted.split,
    groups: study.groups,
    shares: SHARES,
    nSplits: config.probe.n_folds,
    purge: study.purge,
    grid: config.probe.c_grid,
    orderRng: randomStream(config.seed, "q1/learning"),
    whole: predicted.ladders[0]!.fitted.rungs,
    deltas: DELTAS,
    tolerance: TOLERANCE,
    threads,
  });
}
