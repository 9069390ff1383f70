/**
 * Bands around a risk-coverage curve. Resamples are ranked anew; the published bands take the order of keeping as
 * given (bootstrapCurves() in risk_coverage.ts, flaw F17).
 */
import type { RandomStream } from "../math/random.ts";
import { quantile } from "../math/quantile.ts";
import { rankForKeeping, riskCoverageCurve } from "./aurc.ts";
import { drawUnits } from "./draw_weights.ts";
import { LANES } from "./resampled_auroc.ts";
import type { CurveInterval } from "./risk_coverage.ts";

/** A curve over chosen coverages with its pointwise 95 % limits, each of shape [nCoverages]. */
export interface RiskBand extends CurveInterval {
  readonly value: Float64Array;
}

/** Both risks of one score. */
export interface RiskBands {
  readonly coverages: readonly number[];
  /** mean error of the items kept */
  readonly selectiveRisk: RiskBand;
  /** summed error of the items kept, divided by n: error that reaches the user */
  readonly generalizedRisk: RiskBand;
}

/**
 * Risk at chosen coverages with pointwise percentile limits. Between the coverages k / n that n items allow the
 * kept error is interpolated, as for tied items.
 * @param scores shape [n]; higher is harder
 * @param errors per-item error, shape [n]
 * @param options coverages in (0, 1]; number of resamples, stream, clusters as bootstrapAreas()
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if lengths differ or a coverage lies outside (0, 1]
 * @see Traub et al. 2024, arXiv:2407.01032 (generalized risk)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bootstrapRiskCurve } from "lib/stats/bootstrap_risk_curve.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const options = { coverages: [0.5, 1], nResamples: 50, rng: randomStream(1, "example") };
 * const { generalizedRisk } = bootstrapRiskCurve([1, 2, 3, 4], [0, 1, 0, 1], options);
 * assert.deepEqual([...generalizedRisk.value], [0.25, 0.5]);
 * ```
 */
export function bootstrapRiskCurve(
  scores: ArrayLike<number>,
  errors: ArrayLike<number>,
  { coverages, nResamples, rng, clusters }: {
    readonly coverages: readonly number[];
    readonly nResamples: number;
    readonly rng: RandomStream;
    readonly clusters?: ArrayLike<string | number>;
  },
): RiskBands {
  const outside = coverages.find((coverage) => !(coverage > 0 && coverage <= 1));
  if (outside !== undefined) {
    throw new RangeError(`Cannot keep items: needs a coverage in (0, 1], got ${outside}`);
  }
  const { order, ends } = rankForKeeping(scores, errors);
  const n = errors.length;
  const draw = drawUnits(n, { rng, clusters });
  const generalized = coverages.map(() => new Float64Array(nResamples));
  const weights = new Uint32Array(LANES * n);
  const counts = new Float64Array(ends.length + 1);
  const sums = new Float64Array(ends.length + 1);
  for (let first = 0; first < nResamples; first += LANES) {
    const nLanes = Math.min(LANES, nResamples - first);
    weights.fill(0);
    for (let lane = 0; lane < nLanes; lane++) draw(weights, lane);
    for (let lane = 0; lane < nLanes; lane++) {
      let place = 0;
      for (let g = 0; g < ends.length; g++) {
        let size = 0;
        let added = 0;
        for (; place < ends[g]!; place++) {
          const item = order[place]!;
          size += weights[LANES * item + lane]!;
          added += weights[LANES * item + lane]! * errors[item]!;
        }
        counts[g + 1] = counts[g]! + size;
        sums[g + 1] = sums[g]! + added;
      }
      const total = counts[ends.length]!;
      coverages.forEach((coverage, c) => {
        generalized[c]![first + lane] = keptAt(coverage * total, counts, sums) / total;
      });
    }
  }
  const curve = riskCoverageCurve(scores, errors);
  const counted = Float64Array.from({ length: n + 1 }, (_, k) => k);
  const kept = Float64Array.of(0, ...curve.generalizedRisk.map((risk) => risk * n));
  const value = Float64Array.from(coverages, (coverage) => keptAt(coverage * n, counted, kept) / n);
  const limit = (q: number) => Float64Array.from(generalized, (draws) => quantile(draws, q));
  const generalizedRisk = { value, low: limit(0.025), high: limit(0.975) };
  const divide = (risks: Float64Array) => risks.map((risk, c) => risk / coverages[c]!);
  const selectiveRisk = {
    value: divide(value),
    low: divide(generalizedRisk.low),
    high: divide(generalizedRisk.high),
  };
  return { coverages: [...coverages], selectiveRisk, generalizedRisk };
}

/** Summed error of the first `target` items, linear inside a group of ties. */
function keptAt(target: number, counts: Float64Array, sums: Float64Array): number {
  let low = 0;
  let high = counts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (counts[middle]! < target) low = middle;
    else high = middle;
  }
  const size = counts[high]! - counts[low]!;
  return size === 0 ? sums[high]! : sums[low]! + (sums[high]! - sums[low]!) * (target - counts[low]!) / size;
}
