/** The step from one quadratic model to the next: how far to go, and how accurately it is worth being computed. */
import { lossAlong, updateLoss } from "./loss.ts";
import { changeMargins, listColumns, type Model, moveMargins, type Steps } from "./model_parts.ts";
import type { LogisticProblem } from "./problem.ts";
import { Scalar, type Workspace } from "./workspace.ts";

/** Bounds of forcing(), by the precision of the model's arithmetic. */
const LOOSEST = 0.05, TIGHTEST = { float32: 1e-4, float64: 1e-8 };

/**
 * How accurately a step on a settled face is worth computing, from how much the last one gained: ever more as
 * Newton's method gets to converge quadratically.
 * @see Eisenstat & Walker 1996, doi:10.1137/0917003 (choice 2)
 */
export function forcing(gained: number, float32: boolean): number {
  return Math.min(LOOSEST, Math.max(gained * gained, float32 ? TIGHTEST.float32 : TIGHTEST.float64));
}

/** The penalty at start + t (now - start) of coefficients and intercept. */
export function penaltyAt({ work: { coef, start }, bias, penalty }: Model, t: number): number {
  const { l1, l2, biasL1, biasL2 } = penalty;
  let sum = 0;
  for (let j = 0; j < coef.length; j++) {
    if (coef[j] === 0 && start[j] === 0) continue;
    const w = t === 1 ? coef[j]! : start[j]! + t * (coef[j]! - start[j]!);
    sum += l1 * Math.abs(w) + 0.5 * l2 * w * w;
  }
  const b = bias.start + t * (bias.value - bias.start);
  return sum + biasL1 * Math.abs(b) + 0.5 * biasL2 * b * b;
}

/**
 * Backtracks from the full step to the model's minimum until the objective falls enough.
 * @param at.loss the loss where the step starts
 * @param at.float32 margins of float32 arithmetic will do
 * @returns the loss at the new margins
 * @see Tseng & Yun 2009, doi:10.1007/s10107-007-0170-0 (the condition of sufficient decrease)
 */
export function* takeStep(
  model: Model,
  { labels, weights }: LogisticProblem,
  { c, loss, nRows, float32 }: {
    readonly c: number;
    readonly loss: number;
    readonly nRows: number;
    readonly float32: boolean;
  },
): Steps<number> {
  const { work, bias } = model;
  const { coef, start, within, margin, list, scalars } = work;
  const count = listColumns(work, (j) => within[j] === 1 && coef[j] !== start[j]);
  const biasStep = bias.value - bias.start;
  const slope = slopeAlong(work, count, biasStep * scalars[Scalar.slopeSum]!);
  const change = yield* changeMargins(work, float32);
  const shift = scalars[Scalar.result]! + biasStep;
  const penaltyBefore = penaltyAt(model, 0);
  const before = loss + penaltyBefore;
  const expected = slope + penaltyAt(model, 1) - penaltyBefore;
  const margins = margin.subarray(0, nRows), marginsBefore = work.marginBefore.subarray(0, nRows);
  marginsBefore.set(margins);
  moveMargins(margins, change, { shift, t: 1 });
  const full = updateLoss(work, labels, weights, c);
  // Below this the objective's own rounding hides the decrease; the model is then as good as exact.
  if (Math.abs(expected) <= 1e-11 * before) return full;
  if (full + penaltyAt(model, 1) <= before + 1e-4 * expected) return full;
  margins.set(marginsBefore);
  let t = 0.5;
  while (t > 1e-12) {
    const after = lossAlong(work, labels, weights, { c, t, change, shift }) + penaltyAt(model, t);
    if (after <= before + 1e-4 * t * expected) break;
    t /= 2;
  }
  for (let at = 0; at < count; at++) {
    const j = list[at]!;
    coef[j] = start[j]! + t * (coef[j]! - start[j]!);
  }
  bias.value = bias.start + t * biasStep;
  moveMargins(margins, change, { shift, t });
  return updateLoss(work, labels, weights, c);
}

/** The loss's slope along the step of the listed columns. @param ofIntercept the intercept's part */
function slopeAlong({ coef, start, gradient, list }: Workspace, count: number, ofIntercept: number): number {
  let slope = ofIntercept;
  for (let at = 0; at < count; at++) {
    slope += (coef[list[at]!]! - start[list[at]!]!) * gradient[list[at]!]!;
  }
  return slope;
}
