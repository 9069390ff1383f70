/** Stage 6: the controls beside the real label, and the factor that nobody looked at, analysed once. */
import type { Study } from "../../modality.ts";
import { chosenPenalties, negativeControl } from "../../questions/controls/negative.ts";
import { positiveControl } from "../../questions/controls/positive.ts";
import { clusterT } from "../../stats/cluster_t.ts";
import { hardMinusEasyInfluence } from "../../stats/influence.ts";
import type { PathThreads } from "../../stats/logistic/threads.ts";
import type { Extracted } from "./extract.ts";
import type { Predicted } from "./predict.ts";
import type { StudyConfig } from "./study_config.ts";

interface ControlInputs {
  readonly study: Study;
  readonly config: StudyConfig;
  readonly extracted: Extracted;
  readonly predicted: Predicted;
  readonly threads: PathThreads;
}

/** controls.json: a planted factor that must be found, and coins in which nothing may be. */
export async function controlsArtifact({ study, config, extracted, predicted, threads }: ControlInputs) {
  const { split } = extracted;
  const { folds, blocks, ladders } = predicted;
  const { seed, controls, probe: { n_bootstraps: nResamples, c_grid: grid } } = config;
  return {
    positive: await positiveControl({ cheap: blocks.cheap, raw: blocks.raw, factors: study.factors }, {
      ...{ split, folds, groups: study.groups, threads, nResamples, seed, grid },
      factor: controls.positive_factor,
    }),
    negative: await negativeControl(blocks, {
      ...{ split, folds, groups: study.groups, threads, seed },
      chosen: chosenPenalties(ladders[0]!.fitted.rungs),
      nRelabelings: controls.n_relabelings,
    }),
  };
}

/** untouched.json: does the untouched factor make items harder, and is it in the activations? Whatever it shows. */
export async function untouchedArtifact(
  { study, config, extracted, predicted, threads }: ControlInputs,
) {
  const { split, cheap } = extracted;
  const [factor] = study.untouched.names;
  if (factor === undefined) return null;
  const has = Uint8Array.from(split.test, (row) => study.untouched.matrix.data[row]!);
  const errors = Float64Array.from(split.test, (row) => cheap.errors[row]!);
  const decoded = await positiveControl(
    { cheap: predicted.blocks.cheap, raw: predicted.blocks.raw, factors: study.untouched },
    {
      ...{ split, folds: predicted.folds, groups: study.groups, threads, factor, seed: config.seed },
      nResamples: config.probe.n_bootstraps,
      grid: config.probe.c_grid,
    },
  );
  const meanOf = (wanted: number) => {
    const own = errors.filter((_, i) => has[i] === wanted);
    return own.reduce((sum, error) => sum + error, 0) / own.length;
  };
  return {
    factor,
    n_test: has.length,
    n_with: has.reduce((sum, x) => sum + x, 0),
    mean_error_with: meanOf(1),
    mean_error_without: meanOf(0),
    difference: clusterT(hardMinusEasyInfluence(errors, has), predicted.testGroups),
    decoding: { raw: decoded.raw, cheap: decoded.cheap },
  };
}
