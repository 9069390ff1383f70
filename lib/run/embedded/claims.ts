/** What a study may say: the confound report, the increment over all SAE seeds, and the claims that survive the gate. */
import type { DifficultyLabel } from "../../modality.ts";
import { selectRows } from "../../math/matrix.ts";
import {
  type ClaimEvidence,
  gateRequirement,
  judgeClaim,
  type RungClaim,
} from "../../questions/claims_corrected.ts";
import { confoundReport } from "../../questions/confounds_corrected.ts";
import { effectOverSeeds } from "../../questions/seeds_corrected.ts";
import { equivalenceTest } from "../../stats/equivalence.ts";
import type { Extracted } from "./extract.ts";
import { DELTAS, type Predicted, SEEDED } from "./predict.ts";
import type { JudgedSae } from "./saes.ts";

const INCREMENT = "P6_nested_sae-B_uncertainty_cheap_raw";

/** claims.json. */
export function claimsArtifact(
  { ladders, testLabels, testGroups }: Predicted,
  { label, extracted, saes, smallestEffect }: {
    readonly label: DifficultyLabel;
    readonly extracted: Extracted;
    readonly saes: readonly JudgedSae[];
    readonly smallestEffect: number;
  },
) {
  const { names, matrix } = label.trivial;
  const confounds = confoundReport({
    labels: testLabels,
    trivial: { names, matrix: selectRows(matrix, extracted.split.test) },
    scores: ladders[0]!.fitted.ladder.scores,
    clusters: testGroups,
  });
  // A difference without codes is the same under every seed: its own interval says all.
  const seeded = DELTAS.filter((pair) => pair.some((rung) => SEEDED.includes(rung)));
  const over_seeds = Object.fromEntries(seeded.map(([a, b]) => {
    const pair = `${a}-${b}`;
    return [pair, effectOverSeeds(ladders.map(({ inference }) => inference[pair]!))];
  }));
  const strongest = confounds.predictors.find(({ name }) => name === confounds.strongest)!;
  const requirements = [
    gateRequirement(saes.map(({ assessment }) => assessment.gate)),
    {
      name: "label",
      reasons: confounds.is_confounded
        ? [`${strongest.name} alone (AUROC ${strongest.auroc.toFixed(3)}) predicts it`]
        : [],
    },
  ];
  const isEmpty = ladders.every(({ fitted }) => fitted.rungs["P6_nested_sae"]!.nested!.empty);
  const nested = [...requirements, {
    name: "increment",
    reasons: isEmpty ? ["no latent was kept under any seed, so its interval measures no uncertainty"] : [],
  }];
  const about = (pair: string, statement: string, evidence: Omit<ClaimEvidence, "inference">): RungClaim => ({
    pair,
    ...judgeClaim(statement, { ...evidence, inference: over_seeds[pair]!.inference }),
  });
  const { inference } = over_seeds[INCREMENT]!;
  const equivalence = equivalenceTest(inference, { low: -smallestEffect, high: smallestEffect });
  const claims = [
    about(INCREMENT, "SAE codes add to uncertainty, cheap statistics and raw activations", {
      ...{ claims: "above zero", requirements: nested, equivalence },
    }),
    about(INCREMENT, `SAE codes add less than ${smallestEffect} AUROC to them`, {
      ...{ claims: "no effect", requirements: nested, equivalence },
    }),
    {
      pair: "P2_cheap_raw-P1_cheap", // no SAE in it: one interval serves all seeds
      ...judgeClaim("raw activations add to cheap statistics", {
        claims: "above zero",
        requirements: requirements.slice(1),
        inference: ladders[0]!.inference["P2_cheap_raw-P1_cheap"]!,
      }),
    },
    about("P3_cheap_sae-P2_cheap_raw", "SAE codes do better than raw activations", {
      ...{ claims: "above zero", requirements },
    }),
  ];
  return { confounds, over_seeds, equivalence, claims };
}
