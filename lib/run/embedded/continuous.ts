/** Stage 4, continued: the rungs on difficulty as a number. */
import type { DifficultyLabel } from "../../modality.ts";
import { continuousTarget } from "../../questions/continuous_target.ts";
import type { Extracted } from "./extract.ts";
import type { Predicted } from "./predict.ts";

/** Decades; the standardised columns of a thousand items have squared norms of a thousand. */
const ALPHAS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];

/** Differences with and without codes, as the ladder has them; the last one adds codes to everything else. */
const DELTAS = [
  ["P2_cheap_raw", "P1_cheap"],
  ["P3_cheap_sae", "P1_cheap"],
  ["P3_cheap_sae", "P2_cheap_raw"],
  ["B_with_sae", "B_uncertainty_cheap_raw"],
] as const;

/** continuous_target.json: codes are the first seed's. */
export function continuousArtifact(
  { extracted: { split }, label, predicted: { blocks, folds, testGroups } }: {
    readonly extracted: Pick<Extracted, "split">;
    readonly label: DifficultyLabel;
    readonly predicted: Pick<Predicted, "blocks" | "folds" | "testGroups">;
  },
) {
  const { uncertainty, cheap, raw, sae } = blocks;
  return {
    label: label.definition,
    target: "the quantity that the label cuts",
    ...continuousTarget({
      P0_uncertainty: [uncertainty],
      P1_cheap: [cheap],
      P2_cheap_raw: [cheap, raw],
      P3_cheap_sae: [cheap, sae],
      P4_raw_only: [raw],
      P5_sae_only: [sae],
      B_uncertainty_cheap_raw: [uncertainty, cheap, raw],
      B_with_sae: [uncertainty, cheap, raw, sae],
    }, { targets: label.difficulty, split, folds, testGroups, alphas: ALPHAS, deltas: DELTAS }),
  };
}
