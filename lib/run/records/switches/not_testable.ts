/** Why the records cannot tell what a switch does, or which part of it they cannot. */
import type { SwitchName } from "../../deviations.ts";

/** Switches that no figure of the records listens to. */
export const NOT_TESTABLE = {
  sae_training: "needs activations: the records hold no vector an autoencoder could be trained or judged on",
  sae_decoder_norm: "needs the autoencoder's weights, which are not recorded",
  fvu_by_class: "needs activations by position",
  nested_increment:
    "needs the features of all blocks: P2 to P5 are recorded scores, without out-of-fold train scores",
  sae_seeds: "needs further autoencoders; one seed is recorded",
  train_only_threshold: "concerns the time-series study, of which no items are recorded",
  fair_crps: "concerns the time-series study, of which no forecast paths are recorded",
  one_implementation: "code versions and dictionary hashes are not recorded",
  scale_free_label: "concerns the time-series study, of which no series are recorded",
} as const satisfies Partial<Record<SwitchName, string>>;

/** Switches that the records test in part. */
export const PARTLY_TESTABLE = {
  grouped_split: "P1 alone is refitted; P2 to P5 have scores of the published test items only",
  length_free_label: "within answer lengths; prompts that were cut would have to be run again",
  testable_positions: "which latents act at all; other positions would have to be patched",
  same_unit_contrast:
    "contrasts and shares of the metric; the loss of mean-ablating the hook is not recorded",
  control_latents: "multiplicity; control latents and directions would have to be patched",
  clean_cheap_block: "P1 alone; an uncertainty rung P0 needs the model's probabilities",
  grouped_folds: "P1 alone; the inner folds of P2 to P5 are not recorded",
} as const satisfies Partial<Record<SwitchName, string>>;
