/** Settings of the causal question that its verdict should not depend on: each differs from a base in one thing. */
import type { StudyConfig } from "./study_config.ts";

/** Who ranks the latents: the study's own rule, or the probe of SAE codes alone, as published. */
export const RANKINGS = ["study", "P5_sae_only"] as const;
export type Ranking = typeof RANKINGS[number];

/** One way to ask. */
export interface CausalSetting {
  readonly name: string;
  /** The setting that this one is held against; itself for the first. */
  readonly base: string;
  readonly ranking: Ranking;
  readonly nItems: number;
  readonly nLatents: number;
  readonly hardQuantile: number;
  /** As many easy items as hard ones, alike in the trivial columns. */
  readonly isMatched: boolean;
  /** Of the sampled CRPS; null where the study does not forecast. */
  readonly nPaths: number | null;
  readonly sharesUniforms: boolean;
}

/** What is varied. */
export interface SweepPlan {
  readonly nItems: number;
  /** Paths behind a CRPS, the first the base's. */
  readonly nPaths: readonly number[];
  readonly nLatents: readonly number[];
  readonly hardQuantiles: readonly number[];
}

/** Lists the settings: a base for each ranking, and every change of one thing from it, paths by random numbers. */
export function listSettings(config: StudyConfig, plan: SweepPlan): CausalSetting[] {
  const samples = config.forecast !== undefined;
  const first: Omit<CausalSetting, "name" | "base" | "ranking"> = {
    nItems: plan.nItems,
    nLatents: config.causal.n_latents,
    hardQuantile: config.label?.hard_quantile ?? 0.75,
    isMatched: false,
    nPaths: samples ? plan.nPaths[0]! : null,
    sharesUniforms: true,
  };
  const paths = samples
    ? plan.nPaths.flatMap((nPaths, i) => [
      ...(i === 0 ? [] : [{ name: `${nPaths} paths`, nPaths }]),
      { name: `${nPaths} paths, own random numbers`, nPaths, sharesUniforms: false },
    ])
    : [];
  const changes: (Partial<CausalSetting> & { readonly name: string })[] = [
    ...paths,
    { name: "matched samples", isMatched: true },
    { name: "half of the items", nItems: Math.ceil(plan.nItems / 2) },
    ...plan.nLatents.map((nLatents) => ({ name: `latents up to ${nLatents}`, nLatents })),
    ...plan.hardQuantiles.map((hardQuantile) => ({
      name: `hard from quantile ${hardQuantile}`,
      hardQuantile,
    })),
  ];
  return RANKINGS.flatMap((ranking) => {
    const prefix = ranking === "study" ? "" : `${ranking}: `;
    const base = `${prefix}base`;
    return [
      { ...first, ranking, name: base, base: "base" },
      ...changes.map((change) => ({ ...first, ...change, ranking, name: prefix + change.name, base })),
    ];
  });
}
