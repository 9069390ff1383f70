/** How an SAE is trained: every choice in one record, and the two protocols' defaults. */

/** What kind of SAE. */
export type SaeVariant =
  /** The k largest pre-activations of each row. arXiv:2406.04093 */
  | { readonly kind: "topk"; readonly k: number }
  /** The k * nRows largest of each batch; one learnt threshold afterwards. arXiv:2412.06410 */
  | { readonly kind: "batchtopk"; readonly k: number }
  /**
   * Top-k whose first latents must do alone as well: the loss is the mean over the nested dictionaries' own.
   * `groupSizes` are the dictionaries' increments, summing to dSae. arXiv:2503.17547
   */
  | { readonly kind: "matryoshka"; readonly k: number; readonly groupSizes: readonly number[] }
  /**
   * Every latent has a threshold of its own; loss = MSE + l0Coefficient * L0. Thresholds learn from entries within
   * `bandwidth` / 2 of them (straight-through estimator, rectangle kernel). arXiv:2407.14435
   */
  | {
    readonly kind: "jumprelu";
    readonly l0Coefficient: number;
    readonly bandwidth: number;
    readonly initialThreshold: number;
  };

/** All choices of a training run. */
export interface TrainingRules {
  readonly variant: SaeVariant;
  readonly batchSize: number;
  /** Adam's peak learning rate. */
  readonly learningRate: number;
  /** The rate rises linearly from 0 over these steps (step s runs at min(1, s / warmupSteps)). */
  readonly warmupSteps: number;
  /** The rate falls linearly to 0 over this last part of the run; 0: it stays. */
  readonly decayFraction: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /**
   * What is given norm 1 after each step. `atoms`: the decoder's rows, and the gradient's component along an atom is
   * removed before Adam sees it. `coordinates`: its columns, which is the published study's mistake (F2).
   */
  readonly unitNorm: "atoms" | "coordinates";
  /**
   * `kaiming`: both matrices uniform, W_enc's bound from the wrong fan (dSae), as published.
   * `transpose`: random unit atoms and the encoder equal to them.
   */
  readonly initialization: "kaiming" | "transpose";
  /** Where b_dec starts. */
  readonly initialBias: "mean" | "geometric-median";
  /** Dead latents of each row that reconstruct what the others left; 0: none. */
  readonly auxK: number;
  /** Weight of their squared error in the loss. */
  readonly auxCoefficient: number;
  /** A latent is dead once it has not fired for MORE than this. */
  readonly deadAfter: { readonly unit: "steps" | "tokens"; readonly count: number };
  /** Every so many steps dead latents are set to residuals of badly reconstructed rows; 0: never. */
  readonly resampleEverySteps: number;
  /** Leaves the decoder as it was initialized: the control that tells what a random dictionary achieves. */
  readonly freezesDecoder: boolean;
}

/** The published study's loop (study, section 4). */
export const PUBLISHED: TrainingRules = {
  variant: { kind: "topk", k: 32 },
  batchSize: 2048,
  learningRate: 5e-4,
  warmupSteps: 100,
  decayFraction: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  unitNorm: "coordinates",
  initialization: "kaiming",
  initialBias: "mean",
  auxK: 512,
  auxCoefficient: 1,
  deadAfter: { unit: "steps", count: 50 },
  resampleEverySteps: 0,
  freezesDecoder: false,
};

/** The corrected loop; auxiliary weight and epsilon as in arXiv:2406.04093. */
export const CORRECTED: TrainingRules = {
  ...PUBLISHED,
  decayFraction: 0.2,
  epsilon: 6.25e-10,
  unitNorm: "atoms",
  initialization: "transpose",
  initialBias: "geometric-median",
  auxCoefficient: 1 / 32,
  deadAfter: { unit: "tokens", count: 250_000 },
};

/**
 * Checks rules against an SAE's size.
 * @throws {RangeError} naming the rule
 */
export function checkRules(rules: TrainingRules, { dModel, dSae }: SaeSize): void {
  const { variant } = rules;
  const need = (holds: boolean, what: string, got: unknown) => {
    if (!holds) throw new RangeError(`Cannot train an SAE: needs ${what}, got ${got}`);
  };
  need(isCount(dModel) && isCount(dSae), "positive whole dModel and dSae", `${dModel} and ${dSae}`);
  need(isCount(rules.batchSize), "a batch of a row or more", rules.batchSize);
  need(rules.learningRate > 0 && rules.epsilon > 0, "positive learningRate and epsilon", rules.learningRate);
  need(rules.auxK >= 0 && rules.auxK <= dSae, `auxK between 0 and dSae = ${dSae}`, rules.auxK);
  if ("k" in variant) need(isCount(variant.k) && variant.k <= dSae, `k between 1 and ${dSae}`, variant.k);
  if (variant.kind === "matryoshka") {
    const sum = variant.groupSizes.reduce((total, size) => total + size, 0);
    need(variant.groupSizes.every(isCount) && sum === dSae, `groups summing to ${dSae}`, variant.groupSizes);
  }
  if (variant.kind === "jumprelu") {
    need(variant.bandwidth > 0 && variant.initialThreshold > 0, "positive bandwidth and threshold", "less");
  }
}

export interface SaeSize {
  readonly dModel: number;
  readonly dSae: number;
}

/**
 * The learning rate of a step.
 * @param step from 0
 * @param totalSteps where the decay ends
 */
export function rateAt(rules: TrainingRules, step: number, totalSteps: number): number {
  const { learningRate, warmupSteps, decayFraction } = rules;
  const rise = Math.min(1, step / Math.max(1, warmupSteps));
  const decaySteps = decayFraction * totalSteps;
  const fall = decaySteps > 0 ? Math.min(1, (totalSteps - step) / decaySteps) : 1;
  return learningRate * rise * Math.max(0, fall);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
