/**
 * Series with planted difficulty: y(t) = level + trend + seasonal pattern + Gaussian process + regime shifts + noise
 * whose spread changes along the way. Every component is planned by a factor that is recorded, and the factors are
 * drawn independently of each other.
 */
import type { RandomStream } from "../../math/random.ts";
import { drawGaussianProcess, type KernelName } from "./gaussian_process.ts";

/** The factors of a series; amplitudes are in one common unit. */
export interface SeriesPlan {
  /** Steps of a season. */
  readonly period: 6 | 8 | 12 | 24;
  /** Standard deviation of the seasonal pattern: 0.5, 1 or 2. */
  readonly seasonality: number;
  /** Rise per 100 steps, signed: magnitude 0, 0.5, 1 or 2. */
  readonly trend: number;
  readonly kernel: KernelName | "none";
  /** Of the Gaussian process, in steps. */
  readonly lengthScale: 4 | 12 | 36;
  /** Standard deviation of the noise in the middle of the series: 0.1, 0.25 or 0.5. */
  readonly noise: number;
  /** The noise's standard deviation at the end of the series over that at its start: 1, 3 or 9. */
  readonly noiseGrowth: number;
  /** Shifts of the level by 2 to 3: 0 to 2. */
  readonly nRegimeChanges: number;
  /**
   * Whether the noise is skewed (a centred exponential). UNTOUCHED: generated and recorded, and looked at by nobody
   * until generators, models and probes are final.
   */
  readonly isNoiseSkewed: boolean;
}

/** A series and what is hidden in it. */
export interface PlannedSeries {
  readonly plan: SeriesPlan;
  readonly values: Float64Array;
  /** Steps at which a new level begins, ascending. */
  readonly changes: readonly number[];
  /** Standard deviation of the noise at every step. */
  readonly noiseScale: Float64Array;
}

export function drawSeriesPlan(rng: RandomStream): SeriesPlan {
  return {
    period: choose(rng, [6, 8, 12, 24]),
    seasonality: choose(rng, [0.5, 1, 2]),
    trend: choose(rng, [-1, 1]) * choose(rng, [0, 0.5, 1, 2]),
    kernel: choose(rng, ["none", "rbf", "matern32", "matern12"]),
    lengthScale: choose(rng, [4, 12, 36]),
    noise: choose(rng, [0.1, 0.25, 0.5]),
    noiseGrowth: choose(rng, [1, 3, 9]),
    nRegimeChanges: choose(rng, [0, 0, 1, 2]),
    isNoiseSkewed: rng.random() < 0.3,
  };
}

/**
 * Draws a series to a plan.
 * @param length steps, 2 to 512
 * @throws {RangeError} if the length is out of range
 */
export function drawSeries(rng: RandomStream, plan: SeriesPlan, length: number): PlannedSeries {
  if (!Number.isSafeInteger(length) || length < 2 || length > 512) {
    throw new RangeError(`Cannot draw a series: needs 2 to 512 steps, got ${length}`);
  }
  const level = 3 * rng.normal();
  const season = seasonalPattern(rng, plan.period);
  const process = plan.kernel === "none" ? undefined : drawGaussianProcess(rng, {
    kernel: plan.kernel,
    lengthScale: plan.lengthScale,
    length,
  });
  const changes = Array.from(rng.choice(length - 1, plan.nRegimeChanges, { replace: false }), (t) => t + 1)
    .sort((a, b) => a - b);
  const shifts = changes.map(() => choose(rng, [-1, 1]) * (2 + rng.random()));
  const logGrowth = Math.log(plan.noiseGrowth);
  const noiseScale = Float64Array.from(
    { length },
    (_, t) => plan.noise * Math.exp(logGrowth * (t / (length - 1) - 0.5)),
  );
  const values = Float64Array.from({ length }, (_, t) => {
    const shifted = shifts.reduce((sum, shift, i) => t >= changes[i]! ? sum + shift : sum, 0);
    const noise = plan.isNoiseSkewed ? centredExponential(rng) : rng.normal();
    return level + plan.trend * t / 100 + plan.seasonality * season[t % plan.period]! + (process?.[t] ?? 0) +
      shifted + noiseScale[t]! * noise;
  });
  return { plan, values, changes, noiseScale };
}

/** Three harmonics of random phase, the higher the weaker; mean 0, standard deviation 1. */
function seasonalPattern(rng: RandomStream, period: number): Float64Array {
  const harmonics = [1, 2, 3].map((order) => ({
    order,
    cosine: rng.normal() / order,
    sine: rng.normal() / order,
  })).filter(({ order }) => 2 * order < period);
  const pattern = Float64Array.from(
    { length: period },
    (_, t) =>
      harmonics.reduce((sum, { order, cosine, sine }) => {
        const angle = 2 * Math.PI * order * t / period;
        return sum + cosine * Math.cos(angle) + sine * Math.sin(angle);
      }, 0),
  );
  const power = pattern.reduce((sum, value) => sum + value * value, 0) / period;
  return pattern.map((value) => value / Math.sqrt(power));
}

/** Mean 0, variance 1, skewness 2. */
function centredExponential(rng: RandomStream): number {
  return -Math.log1p(-rng.random()) - 1;
}

function choose<T extends number | string>(rng: RandomStream, values: readonly T[]): T {
  return values[rng.integers(values.length)]!;
}
