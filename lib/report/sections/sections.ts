/** All questions that a run's artifacts answer, in the order of the paper. */
import { causalSection } from "./causal.ts";
import { cascadeSection } from "./cascade.ts";
import { claimsSection } from "./claims.ts";
import { controlsSection } from "./controls.ts";
import { dealtCountsSection } from "./dealt_counts.ts";
import { pathsSection } from "./paths.ts";
import { predictiveSection } from "./predictive.ts";
import { hasArtifact, type RunFolder } from "./run_folder.ts";
import { saeSection } from "./sae.ts";
import type { Section } from "./section.ts";
import { selectiveSection } from "./selective.ts";

const QUESTIONS: readonly (readonly [string, (run: RunFolder) => Section])[] = [
  ["sae_evaluation", saeSection],
  ["probe_results", predictiveSection],
  ["claims", pathsSection], // runs of the corrected protocol kept their paths
  ["claims", claimsSection],
  ["controls", controlsSection],
  ["causal_ablation_all", causalSection],
  ["selective_prediction", selectiveSection],
  ["cascade_results", cascadeSection],
  ["cascade_baselines", dealtCountsSection],
];

/** Sections of the artifacts that are there; a question without an artifact is left out. */
export function runSections(run: RunFolder): Section[] {
  return QUESTIONS.filter(([artifact]) => hasArtifact(run, artifact)).map(([, section]) => section(run));
}
