/**
 * The cross-modal table: one row a run, the four questions side by side. Keys are those of the published
 * `cross_modal_synthesis.json`; numbers keep all their digits, rounding is the table's business.
 */

/** A point with its 95 % interval: [point, low, high]. */
export type PointInterval = readonly [number, number, number];

/** Causal summary: [latents whose interval excludes 0, latents tested, effect of reconstruction alone]. */
export type CausalCount = readonly [number, number, number];

/** One run in the table; a question that was not asked of it is null. */
export interface SynthesisRow {
  readonly run: string;
  readonly n_test: number;
  readonly hard_frac: number;
  readonly P1: number;
  readonly P2_raw: number;
  readonly P3_sae: number;
  readonly delta_sae_over_raw: PointInterval | null;
  readonly delta_sae_over_cheap: PointInterval | null;
  /** [rung, percent of the oracle's AURC gain] */
  readonly selective_best: readonly [string, number] | null;
  readonly cascade_dom_pts: Readonly<Record<string, number>> | null;
  readonly causal_all: CausalCount | null;
  readonly causal_last: CausalCount | null;
  readonly perm_p: PermutationSummary | null;
}

/** The label permutation of P3 against P2. */
export interface PermutationSummary {
  readonly observed_delta: number;
  readonly p_one_sided: number;
  readonly p_two_sided: number;
  readonly n_perm: number;
}

interface IntervalRecord {
  readonly point: number;
  readonly ci_low: number;
  readonly ci_high: number;
}

/** The artifacts of one run, as far as the table reads them. */
export interface RunArtifacts {
  readonly probe: {
    readonly n_test: number;
    readonly hard_fraction: number;
    readonly probes: Readonly<Record<string, { readonly auroc: number }>>;
    readonly deltas: Readonly<Record<string, IntervalRecord | null>>;
  };
  /** Differences over all SAE seeds by pair; where they are given, the row takes them and not one seed's. */
  readonly overSeeds?: Readonly<Record<string, PointInterval | null>>;
  readonly permutation?: PermutationSummary;
  readonly selective?: {
    readonly probes: Readonly<Record<string, { readonly fraction_of_oracle_aurc: number }>>;
  };
  readonly cascade?: { readonly probes: Readonly<Record<string, { readonly n_dominating_points: number }>> };
  readonly causalAll?: CausalArtifact;
  readonly causalLast?: CausalArtifact;
}

interface CausalArtifact {
  readonly delta_sae_recon: { readonly point: number };
  readonly per_feature_ablation_delta: Readonly<Record<string, { readonly significant: boolean }>>;
}

/** The table's row of a run. */
export function synthesisRow(run: string, artifacts: RunArtifacts): SynthesisRow {
  const { probe, permutation, selective, cascade, overSeeds } = artifacts;
  const rung = (name: string) => probe.probes[name]?.auroc ?? NaN;
  const delta = (pair: string) => overSeeds ? overSeeds[pair] ?? null : interval(probe.deltas[pair]);
  return {
    run,
    n_test: probe.n_test,
    hard_frac: probe.hard_fraction,
    P1: rung("P1_cheap"),
    P2_raw: rung("P2_cheap_raw"),
    P3_sae: rung("P3_cheap_sae"),
    delta_sae_over_raw: delta("P3_cheap_sae-P2_cheap_raw"),
    delta_sae_over_cheap: delta("P3_cheap_sae-P1_cheap"),
    selective_best: selective ? bestSelective(selective.probes) : null,
    cascade_dom_pts: cascade
      ? Object.fromEntries(Object.entries(cascade.probes).map(([name, p]) => [name, p.n_dominating_points]))
      : null,
    causal_all: artifacts.causalAll ? causalCount(artifacts.causalAll) : null,
    causal_last: artifacts.causalLast ? causalCount(artifacts.causalLast) : null,
    perm_p: permutation
      ? {
        observed_delta: permutation.observed_delta,
        p_one_sided: permutation.p_one_sided,
        p_two_sided: permutation.p_two_sided,
        n_perm: permutation.n_perm,
      }
      : null,
  };
}

function interval(delta: IntervalRecord | null | undefined): PointInterval | null {
  return delta ? [delta.point, delta.ci_low, delta.ci_high] : null;
}

function bestSelective(
  probes: Readonly<Record<string, { readonly fraction_of_oracle_aurc: number }>>,
): readonly [string, number] | null {
  let best: readonly [string, number] | null = null;
  for (const [name, { fraction_of_oracle_aurc }] of Object.entries(probes)) {
    const percent = 100 * fraction_of_oracle_aurc;
    if (best === null || percent > best[1]) best = [name, percent];
  }
  return best;
}

function causalCount(artifact: CausalArtifact): CausalCount {
  const effects = Object.values(artifact.per_feature_ablation_delta);
  return [
    effects.filter(({ significant }) => significant).length,
    effects.length,
    artifact.delta_sae_recon.point,
  ];
}
