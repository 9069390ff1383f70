/** sae_evaluation.json: what the autoencoders are worth, and whether a claim may rest on them. */
import type { FiringHistogram } from "../../sae/firing_histogram.ts";
import { saeQualityFigure } from "../figures/sae_quality.ts";
import { formatNumber } from "../figures/theme.ts";
import { figureName } from "./predictive.ts";
import { readArtifact, type RunFolder } from "./run_folder.ts";
import { percent, type Section } from "./section.ts";

interface SaeArtifact {
  readonly verdict: string;
  readonly n_refused: number;
  readonly n_seeds: number;
  readonly by_seed: readonly {
    readonly seed: number;
    readonly sae: { readonly dSae: number; readonly k?: number; readonly hook: string };
    readonly evaluation: {
      readonly fvu: number;
      readonly l0: number;
      readonly deadFraction: number;
      readonly byClass: Readonly<Record<string, { readonly fvu: number | null }>>;
      readonly firingHistogram: FiringHistogram;
    };
    readonly figures: { readonly controlFvu: { readonly pca: number; readonly random: number } };
    readonly gate: {
      readonly verdict: string;
      readonly checks: readonly {
        readonly name: string;
        readonly value: number | null;
        readonly threshold: number;
        readonly needs: string;
        readonly passed: boolean;
      }[];
    };
  }[];
}

/** Shows the validity gate of a run. @throws as readArtifact() */
export function saeSection(run: RunFolder): Section {
  const { verdict, n_refused, n_seeds, by_seed } = readArtifact<SaeArtifact>(run, "sae_evaluation", [
    "verdict",
    "by_seed",
  ]);
  const values = by_seed.map(({ evaluation }) => evaluation.fvu);
  const first = by_seed[0];
  return {
    id: "sae",
    title: `Autoencoders: ${run.name}`,
    question: "Are the SAEs good enough that a claim may rest on their features?",
    verdict: verdict === "pass" ? `all ${n_seeds} pass the gate` : `${n_refused} of ${n_seeds} refused`,
    answer: [
      `Over ${n_seeds} seeds the fraction of variance unexplained is ${
        formatNumber(Math.min(...values), 4)
      } to ${formatNumber(Math.max(...values), 4)}; the validity gate refuses ${n_refused} of them.`,
    ],
    tables: [
      {
        caption:
          "Each seed beside controls of the same size: PCA and a random decoder (FVU, lower is better)",
        header: ["seed", "latents", "L0", "FVU", "FVU, PCA", "FVU, random decoder", "dead", "gate"],
        rows: by_seed.map(({ seed, sae, evaluation, figures, gate }) => [
          String(seed),
          String(sae.dSae),
          formatNumber(evaluation.l0, 1),
          formatNumber(evaluation.fvu, 4),
          formatNumber(figures.controlFvu.pca, 4),
          formatNumber(figures.controlFvu.random, 4),
          percent(evaluation.deadFraction),
          gate.verdict,
        ]),
      },
      ...(first
        ? [{
          caption: `Checks of the gate, seed ${first.seed}`,
          header: ["check", "value", "needs", "passed"],
          rows: first.gate.checks.map(({ name, value, threshold, needs, passed }) => [
            name,
            value === null ? "—" : String(Number(value.toPrecision(4))),
            `${needs} ${threshold}`,
            passed ? "yes" : "no",
          ]),
        }]
        : []),
    ],
    figures: [
      saeQualityFigure(
        by_seed.map(({ seed, evaluation: { byClass, deadFraction, firingHistogram }, figures }) => ({
          seed,
          fvuByClass: Object.fromEntries(Object.entries(byClass).map(([name, { fvu }]) => [name, fvu])),
          fvuOfControls: figures.controlFvu,
          deadFraction,
          firing: firingHistogram,
        })),
        { heading: run.name, name: figureName(run, "sae_quality") },
      ),
    ],
  };
}
