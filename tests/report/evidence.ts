/** Evidence as the artifacts hold it, small: what figures and sections are tested on. */
import { matrixFromRows } from "lib/math/matrix.ts";
import { type ClaimEvidence, judgeClaim } from "lib/questions/claims_corrected.ts";
import { confoundReport } from "lib/questions/confounds_corrected.ts";
import { pathOf } from "lib/questions/regularization_paths.ts";
import { effectOverSeeds } from "lib/questions/seeds_corrected.ts";
import { firingHistogram } from "lib/sae/firing_histogram.ts";
import { pickC } from "lib/stats/choose_c.ts";
import { dealtCountLaw } from "lib/stats/dealt_count.ts";
import { type Inference, tInterval } from "lib/stats/interval.ts";

export const heading = "Generated facts, block 11";
export const within = (value: number, standardError: number) =>
  tInterval({ method: "cluster t", value, standardError, df: 40, nUnits: 41 });
const few: Inference = { status: "underpowered", method: "t", value: 0.03, nUnits: 4, reason: "4 clusters" };
export const RUNGS = [
  ...["P0_uncertainty", "P1_cheap", "P2_cheap_raw", "P3_cheap_sae", "P4_raw_only", "P5_sae_only"],
  ...["B_uncertainty_cheap_raw", "P6_nested_sae"],
];
export const INCREMENT = "P6_nested_sae-B_uncertainty_cheap_raw", AGAINST_RAW = "P3_cheap_sae-P2_cheap_raw";

const gate = { name: "SAE gate", reasons: ["dead latents: needs at most 0.1, got 0.94"] };
const claim = (pair: string, statement: string, evidence: Partial<ClaimEvidence>) => ({
  pair,
  ...judgeClaim(statement, {
    ...{ claims: "above zero", requirements: [], inference: within(0.02, 0.005) },
    ...evidence,
  }),
});
export const claims = [
  claim(INCREMENT, "SAE codes add to uncertainty, cheap statistics and raw activations", {
    requirements: [gate],
  }),
  claim(INCREMENT, "SAE codes add less than 0.02 AUROC to them", { inference: few }),
  claim("P2_cheap_raw-P1_cheap", "raw activations add to cheap statistics", {}),
  claim(AGAINST_RAW, "SAE codes do better than raw activations", { inference: within(-0.03, 0.004) }),
];
export const seeds = {
  [AGAINST_RAW]: effectOverSeeds([0.01, -0.004, 0.012, 0.02, 0.001].map((value) => within(value, 0.008))),
  [INCREMENT]: effectOverSeeds([0.001, 0.002].map((value) => within(value, 0.002))),
};
export const report = confoundReport({
  labels: Array.from({ length: 80 }, (_, i) => i % 3 === 0 ? 1 : 0),
  trivial: {
    names: ["answer words", "position"],
    matrix: matrixFromRows(Array.from({ length: 80 }, (_, i) => [(i * 7) % 5 + (i % 3 === 0 ? 2 : 0), i])),
  },
  scores: Object.fromEntries(
    RUNGS.map((
      rung,
      k,
    ) => [rung, Array.from({ length: 80 }, (_, i) => (i * (k + 3)) % 11 + (i % 3 === 0 ? 3 : 0))]),
  ),
});
export const learned = [
  "P1_cheap",
  "P2_cheap_raw",
  "P3_cheap_sae",
  "B_uncertainty_cheap_raw",
  "P6_nested_sae",
];
export const curve = {
  points: [70, 140, 280, 420, 560].map((n_train, k) => ({
    ...{ n_train, n_groups: n_train / 4, n_hard: n_train / 4 },
    refused: k === 0 ? "needs both classes in every fold" : null,
    rungs: Object.fromEntries(
      (k === 0 ? [] : learned).map((rung, r) => [rung, {
        ...{ auroc: 0.6 + 0.03 * k + 0.01 * r, best_c: 0.1 },
        inference: within(0.1 + 0.03 * k + 0.01 * r, 0.02),
      }]),
    ),
    deltas: k === 0 ? {} : { [AGAINST_RAW]: within(0.01 * k, 0.01), [INCREMENT]: within(0.001, 0.004) },
  })),
};
export const grid = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
export const paths = Object.fromEntries(RUNGS.map((rung, r) => {
  const folds = grid.map((_, k) => [0.6 + 0.02 * k - 0.004 * k * k - 0.01 * r, 0.64 + 0.01 * k - 0.01 * r]);
  const counts = grid.map((_, k) => k * k * (r + 1));
  const choice = pickC(grid, folds, counts.map((n) => [n, n]), "first-best");
  return [rung, pathOf({ ...choice, largestResidual: 1e-9 }, counts)];
}));
export const law = [
  ...dealtCountLaw(
    { nBetter: 6, nWorse: 3, nSame: 11 },
    [2, 5, 9, 12, 15],
    (k, s) => s / 20 < -0.15 * k / 20,
  ),
];
export const quality = [0, 1].map((seed) => ({
  seed,
  fvuByClass: { first: 0.3, massive: null, eos: 0, rest: 0.05 * (seed + 1) },
  fvuOfControls: { pca: 0.1, random: 0.5 },
  deadFraction: 0.1 * seed,
  firing: firingHistogram([0, 0.001, 0.002, 0.01, 0.01, 0.2 + 0.3 * seed], 1000),
}));

const factorRung = (auroc: number) => ({ auroc, ci_low: auroc - 0.05, ci_high: Math.min(1, auroc + 0.05) });
const share = (count: number) => ({
  ...{ n: 200, count, share: count / 200 },
  ...{ ci_low: Math.max(0, count / 200 - 0.03), ci_high: count / 200 + 0.04 },
});
export const controls = {
  factors: [
    { factor: "level_positive", role: "planted" as const, raw: factorRung(0.98), cheap: factorRung(0.6) },
    { factor: "recent_change", role: "other" as const, raw: factorRung(0.6), cheap: factorRung(0.72) },
    {
      ...{ factor: "skewed_noise", role: "untouched" as const, cheap: factorRung(0.5) },
      raw: { auroc: 0.5, ci_low: null, ci_high: null },
    },
  ],
  rejected: Object.fromEntries(RUNGS.map((rung, k) => [rung, share(3 * k)])),
  max_rejected_share: 0.08,
};
