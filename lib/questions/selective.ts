/**
 * Q3, deployable: if the model may decline the items that look hardest, how much error does it save? Each score
 * is placed between keeping items at random and keeping them in the order of their true error.
 */
import { GuardrailError } from "../guardrail.ts";
import { argsortIntrosort } from "../math/argsort.ts";
import type { RandomStream } from "../math/random.ts";
import { mean } from "../math/sum.ts";
import {
  bootstrapCurves,
  oracleCurve,
  PUBLISHED_COVERAGES,
  randomCurve,
  requireErrors,
  riskCurve,
  trapezoidArea,
} from "../stats/risk_coverage.ts";

/** Risk and coverage of one score; keys as in the published `selective_prediction.json`. */
export interface SelectiveProbe {
  readonly curve: readonly number[];
  readonly ci95_lower: readonly number[];
  readonly ci95_upper: readonly number[];
  readonly aurc: number;
  /** (random - aurc) / (random - oracle): 0 is no better than chance, 1 is perfect. */
  readonly fraction_of_oracle_aurc: number;
}

/** The artifact `selective_prediction.json`. */
export interface SelectivePrediction {
  readonly n_test: number;
  readonly mean_error_no_abstention: number;
  readonly coverages: readonly number[];
  readonly oracle_curve: readonly number[];
  readonly oracle_aurc: number;
  readonly random_curve: readonly number[];
  readonly random_aurc: number;
  readonly probes: Readonly<Record<string, SelectiveProbe>>;
}

/** Resamples and the two streams they come from. */
export interface SelectiveOptions {
  readonly nResamples: number;
  /** Permutations of the random baseline; the published run draws them from default_rng(seed). */
  readonly baselineRng: RandomStream;
  /** Resamples of the kept items, shared by all scores; the published run restarts default_rng(seed) here. */
  readonly bootstrapRng: RandomStream;
  readonly coverages?: readonly number[];
}

/**
 * The published risk-coverage analysis of several scores over the same items. Items with tied scores are kept in
 * the order NumPy's sort leaves them in, which the published figures depend on.
 * @param scores difficulty scores by rung, each of shape [n]; higher is harder
 * @param errors per-item error (0 or 1, or a continuous one), shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error,
 * "single-class" if all errors are equal (then there is no gap between random and oracle to take a share of)
 * @throws {RangeError} if the lengths differ
 * @see El-Yaniv & Wiener 2010, JMLR 11:1605-1641 (risk-coverage); Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { selectivePrediction } from "lib/questions/selective.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const { probes } = selectivePrediction({ perfect: [0.1, 0.2, 0.9] }, [0, 0, 1], {
 *   nResamples: 100,
 *   baselineRng: randomStream(1, "q3/random"),
 *   bootstrapRng: randomStream(1, "q3/bootstrap"),
 * });
 * assert.equal(probes.perfect!.fraction_of_oracle_aurc, 1);
 * ```
 */
export function selectivePrediction(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  errors: ArrayLike<number>,
  options: SelectiveOptions,
): SelectivePrediction {
  requireErrors(errors);
  requireDistinct(errors);
  const { nResamples } = options;
  const coverages = options.coverages ?? PUBLISHED_COVERAGES;
  const names = Object.keys(scores);
  const ordered = names.map((name) => {
    requireScores(name, scores[name]!, errors.length);
    return Float64Array.from(argsortIntrosort(scores[name]!), (item) => errors[item]!);
  });
  const oracle = oracleCurve(errors, coverages);
  const random = randomCurve(errors, coverages, { nResamples, rng: options.baselineRng });
  const intervals = bootstrapCurves(ordered, coverages, { nResamples, rng: options.bootstrapRng });
  const oracleAurc = trapezoidArea(oracle, coverages);
  const randomAurc = trapezoidArea(random, coverages);
  const probes = names.map((name, i): [string, SelectiveProbe] => {
    const curve = riskCurve(ordered[i]!, coverages);
    const aurc = trapezoidArea(curve, coverages);
    return [name, {
      curve: [...curve],
      ci95_lower: [...intervals[i]!.low],
      ci95_upper: [...intervals[i]!.high],
      aurc,
      fraction_of_oracle_aurc: (randomAurc - aurc) / (randomAurc - oracleAurc),
    }];
  });
  return {
    n_test: errors.length,
    mean_error_no_abstention: mean(errors),
    coverages: [...coverages],
    oracle_curve: [...oracle],
    oracle_aurc: oracleAurc,
    random_curve: [...random],
    random_aurc: randomAurc,
    probes: Object.fromEntries(probes),
  };
}

function requireDistinct(errors: ArrayLike<number>): void {
  for (let i = 1; i < errors.length; i++) if (errors[i] !== errors[0]) return;
  throw new GuardrailError(
    "single-class",
    `Cannot compare with random and oracle: needs errors that differ, got ${
      errors[0]
    } ${errors.length} times`,
  );
}

function requireScores(name: string, scores: ArrayLike<number>, n: number): void {
  if (scores.length !== n) {
    throw new RangeError(`Cannot keep items by ${name}: needs ${n} scores, got ${scores.length}`);
  }
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(scores[i]!)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot keep items by ${name}: needs finite scores, got ${scores[i]} in row ${i}`,
      );
    }
  }
}
