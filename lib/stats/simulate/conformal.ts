/**
 * Worlds in which the guarantees of abstention and of prediction intervals can be held against the truth: after each
 * calibration sample the risk or coverage of what was learned is known exactly, so the only noise is that of the
 * calibration samples themselves.
 */
import { normalCdf } from "../../math/distributions.ts";
import type { RandomStream } from "../../math/random.ts";
import { conformalizePoints, conformalizeQuantiles } from "../conformal_interval.ts";
import { controlRisk, controlRiskByGroup } from "../conformal_risk.ts";
import { guaranteeSelectiveRisk } from "../selective_guarantee.ts";

/** What a guarantee is worth over many calibration samples. */
export interface GuaranteeCheck {
  readonly method: string;
  /** alpha: the risk to hold, or 1 - coverage */
  readonly level: number;
  /** What theory bounds: mean true risk or mean true miscoverage, or the share of samples that break the level. */
  readonly mean: number;
  /** Monte Carlo standard error of the mean. */
  readonly monteCarloError: number;
  /** The mean is promised to be at most this, and (where theory says so) at least that. */
  readonly atMost: number;
  readonly atLeast?: number;
}

/** Number of simulated calibration samples, items in each, the level, and the stream. */
export interface GuaranteeOptions {
  readonly nSimulations: number;
  readonly nItems: number;
  readonly alpha: number;
  readonly rng: RandomStream;
}

/** Three groups of which the last is hardest: an item of score s in [0, 1] fails with probability c s. */
const SLOPES = [0.5, 0.8, 1];
/** E[error x answered] of group g when scores below t are answered: the integral of c s from 0 to t. */
const groupRisk = (group: number, threshold: number) => {
  const t = Math.min(Math.max(threshold, 0), 1);
  return SLOPES[group]! * t * t / 2;
};

/**
 * Conformal risk control: the mean true risk of all items, of each group under its own threshold, and, for contrast,
 * of the hardest group under the common threshold (`atMost` is Infinity: nothing is promised there).
 */
export function checkRiskControl({ nSimulations, nItems, alpha, rng }: GuaranteeOptions): GuaranteeCheck[] {
  const overall = new Float64Array(nSimulations);
  const hardest = new Float64Array(nSimulations);
  const byGroup = SLOPES.map(() => new Float64Array(nSimulations));
  for (let r = 0; r < nSimulations; r++) {
    // Every group has its share exactly, so that the per-group guarantee is checked at a known size.
    const groups = Array.from({ length: nItems }, (_, i) => i % SLOPES.length);
    const scores = groups.map(() => rng.random());
    const errors = groups.map((group, i) => rng.random() < SLOPES[group]! * scores[i]! ? 1 : 0);
    const mixed = groups.map(() => rng.integers(SLOPES.length)); // exchangeable with a new item of a random group
    const mixedErrors = mixed.map((group, i) => rng.random() < SLOPES[group]! * scores[i]! ? 1 : 0);
    const { threshold } = controlRisk(scores, mixedErrors, { alpha });
    overall[r] = SLOPES.reduce((sum, _, group) => sum + groupRisk(group, threshold) / SLOPES.length, 0);
    hardest[r] = groupRisk(SLOPES.length - 1, threshold);
    const controls = controlRiskByGroup(scores, errors, groups, { alpha });
    byGroup.forEach((risks, group) => risks[r] = groupRisk(group, controls.get(group)!.threshold));
  }
  const tight = (n: number) => ({ atMost: alpha, atLeast: alpha - 2 / (n + 1) });
  return [
    summarise("risk control, all items", alpha, overall, tight(nItems)),
    ...byGroup.map((risks, group) =>
      summarise(`risk control by group, group ${group + 1}`, alpha, risks, tight(nItems / SLOPES.length))
    ),
    summarise("hardest group under the common threshold", alpha, hardest, { atMost: Infinity }),
  ];
}

/**
 * Learn then test at its least favourable: one candidate, whose true selective risk is alpha and a hair. The share of
 * calibration samples in which it passes may be delta at most (and is a little less, as counts are discrete).
 */
export function checkSelectiveGuarantee(
  { nSimulations, nItems, alpha, rng }: GuaranteeOptions,
  delta = 0.1,
): GuaranteeCheck {
  const candidates = [2 * alpha + 1e-9]; // the mean error of scores below t is t / 2
  const broken = new Float64Array(nSimulations);
  for (let r = 0; r < nSimulations; r++) {
    const scores = Array.from({ length: nItems }, () => rng.random());
    const errors = scores.map((score) => rng.random() < score ? 1 : 0);
    const { threshold } = guaranteeSelectiveRisk(scores, errors, { alpha, delta, candidates });
    broken[r] = threshold === null ? 0 : 1;
  }
  return summarise("selective risk above the level", alpha, broken, { atMost: delta });
}

/**
 * Interval coverage where noise grows with x: split-conformal around the true mean, and conformalised quantiles of a
 * forecaster whose band is far too narrow and of one whose band is too wide.
 */
export function checkIntervals({ nSimulations, nItems, alpha, rng }: GuaranteeOptions): GuaranteeCheck[] {
  const spread = (x: number) => 0.2 + x;
  const forecasters = { "too narrow": 0.5, "too wide": 3 };
  const misses: Record<string, Float64Array> = { "split conformal": new Float64Array(nSimulations) };
  for (const name of Object.keys(forecasters)) misses[`CQR, band ${name}`] = new Float64Array(nSimulations);
  for (let r = 0; r < nSimulations; r++) {
    const x = Float64Array.from({ length: nItems }, () => rng.random());
    const y = x.map((value) => spread(value) * rng.normal());
    const zeros = new Float64Array(nItems);
    const { amount } = conformalizePoints(y, zeros, { alpha });
    misses["split conformal"]![r] = missRate(spread, () => amount);
    for (const [name, factor] of Object.entries(forecasters)) {
      const upper = x.map((value) => factor * spread(value));
      const correction = conformalizeQuantiles(y, { lower: upper.map((limit) => -limit), upper }, { alpha });
      misses[`CQR, band ${name}`]![r] = missRate(
        spread,
        (value) => Math.max(0, factor * spread(value) + correction.amount),
      );
    }
  }
  const promised = { atMost: alpha, atLeast: alpha - 1 / (nItems + 1) };
  return Object.entries(misses).map(([method, rates]) => summarise(method, alpha, rates, promised));
}

/** P(|y| > half width) over x uniform on [0, 1], by the midpoint rule. */
function missRate(spread: (x: number) => number, halfWidth: (x: number) => number): number {
  const nPoints = 200;
  let sum = 0;
  for (let i = 0; i < nPoints; i++) {
    const x = (i + 0.5) / nPoints;
    sum += 2 * normalCdf(-halfWidth(x) / spread(x)) / nPoints;
  }
  return sum;
}

function summarise(
  method: string,
  level: number,
  values: Float64Array,
  promise: { readonly atMost: number; readonly atLeast?: number },
): GuaranteeCheck {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) /
    (values.length - 1);
  return { method, level, mean, monteCarloError: Math.sqrt(variance / values.length), ...promise };
}
