/**
 * Areas under risk against coverage as fd-shifts defines them: points at the thresholds only (one a distinct
 * score), straight lines between. aurc.ts averages over the orders of tied items instead; AUGRC is the same either
 * way, AURC differs by (first risk - last risk) / (2 n) without ties, and by the bend of the curve within ties.
 */
import { rankForKeeping, type RiskCoverageAreas } from "./aurc.ts";
import { type TieGroups, tieGroups } from "./tie_groups.ts";

/**
 * Trapezoid areas over the thresholds; down to coverage 0 the selective risk stays at its last value and the
 * generalized risk falls to 0. The optimum subtracted in the excess is the limit of many items for 0/1 errors of
 * rate r, `r + (1 - r) ln(1 - r)` and `r^2 / 2`, and the sorted errors' own area otherwise.
 * @param scores shape [n]; higher is harder
 * @param errors per-item error, shape [n]
 * @throws {GuardrailError} "empty-split" without items, "non-finite" on a NaN or infinite score or error
 * @throws {RangeError} if the lengths differ
 * @see Traub et al. 2024, arXiv:2407.01032; Jaeger et al. 2023, arXiv:2211.15259
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { thresholdAreas } from "lib/stats/threshold_aurc.ts";
 * assert.equal(thresholdAreas([0.5, 0.5], [0, 1]).aurc, 0.5);
 * ```
 */
export function thresholdAreas(scores: ArrayLike<number>, errors: ArrayLike<number>): RiskCoverageAreas {
  const { aurc, augrc } = areas(rankForKeeping(scores, errors), errors);
  const best = optimum(errors);
  return { aurc, excessAurc: aurc - best.aurc, augrc, excessAugrc: augrc - best.augrc };
}

function areas({ order, ends }: TieGroups, errors: ArrayLike<number>): { aurc: number; augrc: number } {
  const n = errors.length;
  let aurc = 0;
  let augrc = 0;
  let sum = 0;
  let first = 0;
  for (const end of ends) {
    const before = sum;
    for (let k = first; k < end; k++) sum += errors[order[k]!]!;
    const width = (end - first) / n;
    augrc += width * (before + sum) / (2 * n);
    aurc += first === 0 ? width * sum / end : width * (before / first + sum / end) / 2;
    first = end;
  }
  return { aurc, augrc };
}

function optimum(errors: ArrayLike<number>): { aurc: number; augrc: number } {
  const n = errors.length;
  let nWrong = 0;
  for (let i = 0; i < n; i++) {
    if (errors[i] !== 0 && errors[i] !== 1) {
      const places = Float64Array.from({ length: n }, (_, k) => k); // no ties, equal errors included
      return areas(tieGroups(places), Float64Array.from(errors).sort());
    }
    nWrong += errors[i]!;
  }
  const rate = nWrong / n;
  return { aurc: rate === 1 ? 1 : rate + (1 - rate) * Math.log(1 - rate), augrc: rate * rate / 2 };
}
