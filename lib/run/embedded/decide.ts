/** Stage 5, Q3 and Q4: abstaining, calibration and routing by the ladder's scores on the test items. */
import { UsageError } from "../../guardrail.ts";
import { randomStream } from "../../math/random.ts";
import { cascade } from "../../questions/cascade.ts";
import { correctedCascade } from "../../questions/cascade_corrected.ts";
import { escalationOf } from "../../questions/cascade_models.ts";
import { recalibrateCorrected } from "../../questions/recalibrate_corrected.ts";
import { selectivePrediction } from "../../questions/selective.ts";
import { effectOverSeeds, type SeededEffect } from "../../questions/seeds_corrected.ts";
import { correctedSelective, guaranteedCoverage } from "../../questions/selective_corrected.ts";
import { areaDeltaInfluence } from "../../stats/aurc_influence.ts";
import { clusterT } from "../../stats/cluster_t.ts";
import { joinBlocks, pickRows } from "../../stats/feature_blocks.ts";
import { frontierArea } from "../../stats/frontier_area.ts";
import type { Influence } from "../../stats/influence.ts";
import { decisionFunction, fitLogistic, sigmoid } from "../../stats/l1_logistic.ts";
import { fitStandardScaler } from "../../stats/standard_scaler.ts";
import type { DifficultyLabel, Study } from "../../modality.ts";
import type { Extracted } from "./extract.ts";
import { type Predicted, SEEDED } from "./predict.ts";
import type { StudyConfig } from "./study_config.ts";

/** What the three artifacts are made from. */
export interface DecideInputs {
  readonly study: Study;
  readonly config: StudyConfig;
  readonly extracted: Extracted;
  readonly label: DifficultyLabel;
  readonly predicted: Predicted;
}

/** Differences of AUGRC that hang on an SAE. */
const AREA_DELTAS = [["P3_cheap_sae", "P2_cheap_raw"], ["P6_nested_sae", "B_uncertainty_cheap_raw"]] as const;

/** selective_prediction.json: the published keys, and exact areas with clustered intervals. */
export function selectiveArtifact(inputs: DecideInputs) {
  const { config, predicted } = inputs;
  const { scores } = predicted.ladders[0]!.fitted.ladder;
  const { cheap: errors } = testErrors(inputs);
  const nResamples = config.selective.n_bootstraps;
  const stream = (name: string) => randomStream(config.seed, `q3/${name}`);
  return {
    ...selectivePrediction(scores, errors, {
      nResamples,
      baselineRng: stream("baseline"),
      bootstrapRng: stream("bootstrap"),
    }),
    corrected: correctedSelective(scores, errors, {
      nResamples,
      rng: stream("areas"),
      clusters: predicted.testGroups,
      deltas: AREA_DELTAS,
    }),
    over_seeds: Object.fromEntries(
      AREA_DELTAS.map(([a, b]) => [
        `${a}-${b}`,
        overSeeds(predicted, (scores) => areaDeltaInfluence(scores(a), scores(b), errors, "augrc")),
      ]),
    ),
    guarantees: guarantees(config, errors, scores["P0_uncertainty"]!, predicted.testGroups),
  };
}

/** An effect of the rungs' scores under every SAE seed, and over the seeds. */
function overSeeds(
  { ladders, testGroups }: Predicted,
  effect: (scores: (rung: string) => Float64Array) => Influence,
): SeededEffect {
  return effectOverSeeds(
    ladders.map(({ fitted }) => clusterT(effect((rung) => fitted.rungs[rung]!.scores), testGroups)),
  );
}

/** Coverage at a guaranteed risk: half of the test groups calibrate, the other half is promised to. */
function guarantees(
  config: StudyConfig,
  errors: Float64Array,
  scores: Float64Array,
  groups: readonly (string | number)[],
) {
  const alphas = config.selective.risk_levels;
  if (alphas === undefined) return null; // errors without an upper bound have no such guarantee
  const known = [...new Set(groups)];
  const order = randomStream(config.seed, "q3/guarantee").permutation(known.length);
  const calibrating = new Set(Array.from(order.subarray(0, Math.floor(known.length / 2)), (k) => known[k]!));
  const part = (wanted: boolean) => {
    const rows = groups.flatMap((group, i) => calibrating.has(group) === wanted ? [i] : []);
    return { scores: rows.map((i) => scores[i]!), errors: rows.map((i) => errors[i]!) };
  };
  return { rung: "P0_uncertainty", levels: guaranteedCoverage(part(true), part(false), { alphas }) };
}

/** Rungs whose own scores are recalibrated. */
const CALIBRATED = ["P0_uncertainty", "P1_cheap", "P2_cheap_raw", "P3_cheap_sae"] as const;

/** recalibration_results.json: curves fitted to out-of-fold train scores, folds by group. */
export function calibrationArtifact({ extracted, label, predicted }: DecideInputs) {
  const { blocks, folds, ladders, testLabels } = predicted;
  const { rungs } = ladders[0]!.fitted;
  const { train } = extracted.split;
  const labels = Uint8Array.from(train, (row) => label.labels[row]!);
  const parts = {
    P0_uncertainty: [blocks.uncertainty],
    P1_cheap: [blocks.cheap],
    P2_cheap_raw: [blocks.cheap, blocks.raw],
    P3_cheap_sae: [blocks.cheap, blocks.sae],
  };
  return Object.fromEntries(CALIBRATED.map((rung) => {
    const { bestC, scores } = rungs[rung]!;
    const features = pickRows(joinBlocks(parts[rung]), train);
    const outOfFold = new Float64Array(train.length);
    for (const fold of folds) {
      const own = pickRows(features, fold.train);
      const scaler = fitStandardScaler(own);
      const fit = fitLogistic(own, Uint8Array.from(fold.train, (i) => labels[i]!), { c: bestC!, scaler });
      decisionFunction(pickRows(features, fold.test), fit, { scaler }).forEach((margin, k) =>
        outOfFold[fold.test[k]!] = sigmoid(margin)
      );
    }
    const { probabilities: _, ...result } = recalibrateCorrected(
      { scores: outOfFold, labels },
      { scores, labels: testLabels },
    );
    return [rung, result];
  }));
}

/**
 * cascade_results.json: the published keys with mean costs, and the corrected cascade with each item's own, unless the
 * configuration names what any item costs.
 */
export function cascadeArtifact(inputs: DecideInputs) {
  const { config, extracted, predicted } = inputs;
  const { scores } = predicted.ladders[0]!.fitted.ladder;
  const routed = Object.fromEntries(config.cascade.scores.map((rung) => [rung, scores[rung]!]));
  const { test } = extracted.split;
  const { costs } = config.cascade;
  const cheapCosts = costs
    ? new Float64Array(test.length).fill(costs[0])
    : Float64Array.from(test, (row) => extracted.cheap.costs[row]!);
  const expensiveCosts = costs ? new Float64Array(test.length).fill(costs[1]) : extracted.expensive.costs;
  const { cheap: cheapErrors, expensive: expensiveErrors } = testErrors(inputs);
  const models = { cheapErrors, expensiveErrors };
  const costed = { ...models, cheapCosts, expensiveCosts };
  const stream = (name: string) => randomStream(config.seed, `q4/${name}`);
  return {
    ...cascade(routed, {
      ...models,
      cheapCost: mean(cheapCosts),
      expensiveCost: mean(expensiveCosts),
    }, { nTrials: 500, rng: stream("random") }),
    cost_unit: costs ? `any item ${costs[0]} or ${costs[1]}` : "parameters x tokens",
    corrected: correctedCascade(routed, costed, {
      nResamples: config.cascade.n_bootstraps,
      nPermutations: config.cascade.n_permutations,
      bootstrapRng: stream("bootstrap"),
      shuffleRng: stream("shuffle"),
      clusters: predicted.testGroups,
    }),
    area_over_seeds: Object.fromEntries(
      config.cascade.scores.filter((rung) => SEEDED.includes(rung)).map((rung) => [
        rung,
        overSeeds(predicted, (scores) => frontierArea(scores(rung), escalationOf(costed))),
      ]),
    ),
  };
}

/**
 * What deciding weighs, of both models on the test items: their errors, or the label, the expensive model's by the cheap
 * one's scale.
 * @throws {UsageError} if the label says nothing of another model and the configuration lets it decide
 */
function testErrors({ config, label, extracted: { cheap, expensive, split } }: DecideInputs) {
  if (!config.label?.decides) {
    const own = Float64Array.from(split.test, (row) => cheap.errors[row]!);
    return { cheap: own, expensive: expensive.errors };
  }
  if (label.judge === undefined) {
    throw new UsageError(`Cannot decide by the label: "${label.definition}" says nothing of another model`);
  }
  return {
    cheap: Float64Array.from(split.test, (row) => label.labels[row]!),
    expensive: Float64Array.from(label.judge(expensive)),
  };
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
