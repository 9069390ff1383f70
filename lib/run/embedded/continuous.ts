/** continuous_target.json: the published rungs and their uncertainty on the difficulty itself. */
import type { DifficultyLabel } from "../../modality.ts";
import { type ContinuousTarget, continuousTarget } from "../../questions/continuous_target.ts";
import { publishedRungs } from "../../questions/predictive.ts";
import type { Extracted } from "./extract.ts";
import type { Predicted } from "./predict.ts";

const DELTAS = [
  ["P2_cheap_raw", "P1_cheap"],
  ["P3_cheap_sae", "P1_cheap"],
  ["P3_cheap_sae", "P2_cheap_raw"],
] as const;

/** The codes are those of the first SAE seed. */
export function continuousArtifact(
  { folds, blocks, testGroups }: Predicted,
  { extracted, label }: { readonly extracted: Extracted; readonly label: DifficultyLabel },
): ContinuousTarget {
  const rungs = publishedRungs(blocks).map(({ name, blocks: own }) => [name, own] as const);
  return continuousTarget(
    Object.fromEntries([["P0_uncertainty", [blocks.uncertainty]], ...rungs]),
    { difficulty: label.difficulty, split: extracted.split, folds, groups: testGroups, deltas: DELTAS },
  );
}
