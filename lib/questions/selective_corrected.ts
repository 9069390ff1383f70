/**
 * Q3, deployable, corrected: exact areas over all coverages with intervals that carry the ranking (flaw F17), and
 * what abstaining can promise: the coverage at a guaranteed risk, over all items and inside each group.
 */
import { GuardrailError } from "../guardrail.ts";
import type { RandomStream } from "../math/random.ts";
import { mean } from "../math/sum.ts";
import { riskCoverageAreas } from "../stats/aurc.ts";
import { areaDeltaInfluence, areaInfluence } from "../stats/aurc_influence.ts";
import { type AreaBootstrap, bootstrapAreas } from "../stats/bootstrap_aurc.ts";
import { answered, controlRisk, controlRiskByGroup, type RiskControl } from "../stats/conformal_risk.ts";
import { type AreaEstimate, estimateArea, needsDraws } from "../stats/infer_areas.ts";

/** Areas of one score. */
export interface CorrectedSelectiveProbe {
  readonly aurc: AreaEstimate;
  readonly augrc: AreaEstimate;
  readonly excess_aurc: number;
  readonly excess_augrc: number;
  /** (random - augrc) / (random - oracle): 0 is no better than chance, 1 is perfect. */
  readonly share_of_oracle_augrc: number;
  readonly share_of_oracle_aurc: number;
}

/** Corrected selective prediction of several scores over the same items. */
export interface CorrectedSelective {
  readonly n_test: number;
  readonly mean_error: number;
  readonly oracle: { readonly aurc: number; readonly augrc: number };
  /** Exact mean over all orders. */
  readonly random: { readonly aurc: number; readonly augrc: number };
  readonly probes: Readonly<Record<string, CorrectedSelectiveProbe>>;
  /** AUGRC(a) - AUGRC(b), keyed `a-b`; negative where a is better. */
  readonly deltas: Readonly<Record<string, AreaEstimate>>;
}

/** Resamples, their stream, clusters, and the pairs to compare. */
export interface CorrectedSelectiveOptions {
  readonly nResamples: number;
  readonly rng: RandomStream;
  /** Cluster of each item, shape [n]. */
  readonly clusters?: ArrayLike<string | number>;
  readonly deltas?: readonly (readonly [a: string, b: string])[];
}

/**
 * Exact areas with intervals.
 * @param scores difficulty scores by rung, each of shape [n]; higher is harder
 * @param errors per-item error (0 or 1, or a continuous one), shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error,
 * "single-class" if all errors are equal
 * @throws {RangeError} if lengths differ
 * @see areas: riskCoverageAreas(); intervals: estimateArea()
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { correctedSelective } from "lib/questions/selective_corrected.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const scores = { perfect: [1, 2, 3, 4], flat: [0, 0, 0, 0] };
 * const { probes, deltas } = correctedSelective(scores, [0, 0, 1, 1], {
 *   nResamples: 50,
 *   rng: randomStream(1, "q3/bootstrap"),
 *   deltas: [["perfect", "flat"]],
 * });
 * assert.equal(probes.perfect!.share_of_oracle_augrc, 1);
 * assert.equal(deltas["perfect-flat"]!.point, -0.125);
 * ```
 */
export function correctedSelective(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  errors: ArrayLike<number>,
  { nResamples, rng, clusters, deltas = [] }: CorrectedSelectiveOptions,
): CorrectedSelective {
  const n = errors.length;
  const oracle = riskCoverageAreas(errors, errors);
  const random = riskCoverageAreas(new Float64Array(n), errors);
  if (Array.prototype.every.call(errors, (error) => error === errors[0])) {
    throw new GuardrailError(
      "single-class",
      `Cannot compare with random and oracle: needs errors that differ, got ${errors[0]} ${n} times`,
    );
  }
  const bootstrap = needsDraws(clusters)
    ? bootstrapAreas(scores, errors, { nResamples, rng, ...(clusters && { clusters }) })
    : undefined;
  const draws = (rung: string, area: "aurc" | "augrc") => bootstrap?.draws[rung]?.[area] ?? [];
  const probes = Object.entries(scores).map(([rung, values]): [string, CorrectedSelectiveProbe] => {
    const areas = riskCoverageAreas(values, errors);
    const share = (area: "aurc" | "augrc") => (random[area] - areas[area]) / (random[area] - oracle[area]);
    return [rung, {
      aurc: estimateArea(areaInfluence(values, errors, "aurc"), draws(rung, "aurc"), clusters),
      augrc: estimateArea(areaInfluence(values, errors, "augrc"), draws(rung, "augrc"), clusters),
      excess_aurc: areas.excessAurc,
      excess_augrc: areas.excessAugrc,
      share_of_oracle_augrc: share("augrc"),
      share_of_oracle_aurc: share("aurc"),
    }];
  });
  return {
    n_test: n,
    mean_error: mean(errors),
    oracle: { aurc: oracle.aurc, augrc: oracle.augrc },
    random: { aurc: random.aurc, augrc: random.augrc },
    probes: Object.fromEntries(probes),
    deltas: Object.fromEntries(deltas.map(([a, b]) => [
      `${a}-${b}`,
      compare(scores, errors, [a, b], clusters, bootstrap),
    ])),
  };
}

function compare(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  errors: ArrayLike<number>,
  [a, b]: readonly [string, string],
  clusters: ArrayLike<string | number> | undefined,
  bootstrap: AreaBootstrap | undefined,
): AreaEstimate {
  for (const rung of [a, b]) {
    if (!Object.hasOwn(scores, rung)) {
      throw new RangeError(
        `Cannot compare rungs: needs one of ${Object.keys(scores).join(", ")}, got ${rung}`,
      );
    }
  }
  const differences = bootstrap?.draws[a]?.augrc.map((draw, r) => draw - bootstrap.draws[b]!.augrc[r]!) ?? [];
  return estimateArea(areaDeltaInfluence(scores[a]!, scores[b]!, errors, "augrc"), differences, clusters);
}

/** Items with a score, an error, and the group that a guarantee is wanted for. */
export interface ScoredItems {
  readonly scores: ArrayLike<number>;
  /** in [0, maxError] */
  readonly errors: ArrayLike<number>;
  readonly groups?: ArrayLike<string | number>;
}

/** What a threshold promised on calibration items and kept on new ones. */
export interface GuaranteedCoverage {
  readonly alpha: number;
  /** null answers everything, or nothing when `test_coverage` is 0 */
  readonly threshold: number | null;
  readonly n_calibration: number;
  /** Share of the new items answered. */
  readonly test_coverage: number;
  /** Summed error of those by all new items: at most alpha in expectation. */
  readonly test_risk: number;
  /** Their mean error; null where none is answered. Not what is guaranteed: see guaranteeSelectiveRisk(). */
  readonly test_selective_risk: number | null;
}

/** One level, over all items and by group where groups are given. */
export interface GuaranteedCoverages extends GuaranteedCoverage {
  readonly by_group: Readonly<Record<string, GuaranteedCoverage>>;
}

/**
 * The coverage at each risk level, from calibration items to new ones. The two parts must be exchangeable: split
 * them at random by whole clusters, not by time or topic.
 * @param calibration items the probe was not fitted on
 * @param test new items
 * @throws as controlRisk(); {GuardrailError} "empty-split" without test items
 * @see Angelopoulos et al. 2024, arXiv:2208.02814
 */
export function guaranteedCoverage(
  calibration: ScoredItems,
  test: ScoredItems,
  { alphas, maxError = 1 }: { readonly alphas: readonly number[]; readonly maxError?: number },
): GuaranteedCoverages[] {
  if (test.scores.length === 0) {
    throw new GuardrailError("empty-split", "Cannot measure coverage: needs test items, got none");
  }
  return alphas.map((alpha) => {
    const control = controlRisk(calibration.scores, calibration.errors, { alpha, maxError });
    const byGroup = calibration.groups && test.groups
      ? controlRiskByGroup(calibration.scores, calibration.errors, calibration.groups, { alpha, maxError })
      : new Map<string | number, RiskControl>();
    const entries = Array.from(byGroup, ([group, groupControl]) => {
      const rows = Array.from(test.scores, (_, i) => i).filter((i) => test.groups![i] === group);
      return [String(group), applyControl(groupControl, test, rows)] as const;
    });
    const rows = Array.from(test.scores, (_, i) => i);
    return { ...applyControl(control, test, rows), by_group: Object.fromEntries(entries) };
  });
}

function applyControl(control: RiskControl, test: ScoredItems, rows: readonly number[]): GuaranteedCoverage {
  const kept = answered(rows.map((row) => test.scores[row]!), control);
  let nKept = 0;
  let error = 0;
  rows.forEach((row, i) => {
    nKept += kept[i]!;
    error += kept[i]! * test.errors[row]!;
  });
  const share = (sum: number) => rows.length === 0 ? 0 : sum / rows.length;
  return {
    alpha: control.alpha,
    threshold: Number.isFinite(control.threshold) ? control.threshold : null,
    n_calibration: control.nItems,
    test_coverage: share(nKept),
    test_risk: share(error),
    test_selective_risk: nKept === 0 ? null : error / nKept,
  };
}
