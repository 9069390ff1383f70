/**
 * The sensitivity control of the SAE rung: would it show an increment that is there? Activations are sums of planted
 * atoms in superposition; an SAE learns them from many rows without labels; the label of few items of several
 * positions is whether one atom fires at any of them. On pooled activations and codes, as in a study, the nested SAE
 * rung must then beat cheap statistics and raw activations by its interval.
 */
import { openSaeEncoder } from "../../sae/encoder.ts";
import { CORRECTED, type TrainingRules } from "../../sae/rules.ts";
import { type SaeTrainingOptions, trainSae } from "../../sae/train.ts";
import type { PathThreads } from "../../stats/logistic/threads.ts";
import { bestCosines, plantAtoms } from "./planted_atoms.ts";
import { powerAt, type PowerPoint, type SensitivityDesign } from "./power_at.ts";

const NAME = "controls/sensitivity";

/** Power that the control requires at its largest n. */
export const REQUIRED_POWER = 0.8;

/** The design that the study reports. */
export const SENSITIVITY_DESIGN: SensitivityDesign = {
  d_model: 64,
  n_atoms: 128,
  min_active: 4,
  max_active: 8,
  noise: 0.1,
  n_unlabelled: 262_144,
  d_sae: 192,
  k: 6,
  n_positions: 8,
  n_items: [20, 40, 60, 80],
  train_share: 0.5,
  n_draws: 50,
};

/** How to run the control. */
export interface SensitivityOptions extends Pick<SaeTrainingOptions, "engine" | "nThreads"> {
  readonly threads: PathThreads;
  readonly seed: number;
  readonly design?: Partial<SensitivityDesign>;
}

/** The control's record. */
export interface SensitivityControl {
  readonly design: SensitivityDesign;
  readonly seed: number;
  readonly streams: readonly string[];
  readonly test: string;
  readonly sae: {
    readonly fvu: number;
    readonly dead_fraction: number;
    /** Share of planted atoms that an atom of the SAE meets at a cosine of 0.9 or more. */
    readonly recovered_share: number;
    readonly mean_best_cosine: number;
  };
  readonly curve: readonly PowerPoint[];
  readonly required_power: number;
  readonly failures: readonly string[];
  readonly passed: boolean;
}

/** Trains the SAE, then draws items at every n. */
export async function sensitivityControl(
  { engine, nThreads, threads, seed, design: changes }: SensitivityOptions,
): Promise<SensitivityControl> {
  const design = { ...SENSITIVITY_DESIGN, ...changes };
  const planted = plantAtoms(design, { seed, name: NAME });
  const trained = await trainSae(planted.unlabelled(design.n_unlabelled), {
    dSae: design.d_sae,
    rules: trainingRules(design),
    nEpochs: 1,
    seed,
    engine,
    nThreads,
  });
  const cosines = bestCosines(trained.sae, planted.atoms);
  const encoder = await openSaeEncoder(trained.sae, { engine, nThreads });
  const curve: PowerPoint[] = [];
  try {
    for (const nItems of design.n_items) {
      curve.push(await powerAt(nItems, { design, planted, encoder, threads, seed, name: NAME }));
    }
  } finally {
    await encoder.close();
  }
  const last = curve.at(-1)!;
  const failures = last.power.share >= REQUIRED_POWER
    ? []
    : [`power is ${last.power.share} with ${last.n_items} items, needs ${REQUIRED_POWER}`];
  return {
    design,
    seed,
    streams: [
      `${NAME}/atoms`,
      `${NAME}/unlabelled/<batch>`,
      `${NAME}/items/<n>/<draw>/atom|rows|shuffle`,
    ],
    test: "DeLong, 95 %, P6 - B above 0",
    sae: {
      fvu: trained.fvuHistory.at(-1)!,
      dead_fraction: trained.deadFraction,
      recovered_share: cosines.filter((cosine) => cosine >= 0.9).length / cosines.length,
      mean_best_cosine: cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length,
    },
    curve,
    required_power: REQUIRED_POWER,
    failures,
    passed: failures.length === 0,
  };
}

/** The corrected loop with a batch, a rate and an age of death that suit a few hundred latents and steps. */
function trainingRules({ k, d_sae, n_unlabelled }: SensitivityDesign): TrainingRules {
  return {
    ...CORRECTED,
    variant: { kind: "topk", k },
    batchSize: 256,
    learningRate: 3e-3,
    auxK: Math.min(32, d_sae),
    deadAfter: { unit: "tokens", count: Math.ceil(n_unlabelled / 20) },
  };
}
