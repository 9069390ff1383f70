/**
 * Step length along a descent direction: a point with enough decrease and a flat enough slope (strong Wolfe),
 * found inside a shrinking bracket by safeguarded cubic and quadratic steps.
 * @see Moré & Thuente 1994, doi:10.1145/192115.192132 (section numbers below are theirs)
 */

/** A function of the step length: its value and slope. */
export interface LinePoint {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

/** Constants of the search; the defaults of L-BFGS-B are in lbfgs.ts. */
export interface LineSearchOptions {
  /** Enough decrease: value <= value(0) + decrease * step * slope(0). */
  readonly decrease: number;
  /** Flat enough: |slope| <= curvature * |slope(0)|. */
  readonly curvature: number;
  /** Relative width at which a bracket is given up. */
  readonly minWidth: number;
  readonly maxStep: number;
  readonly maxEvaluations: number;
}

/** Until it brackets, a search may grow its step by these factors of the last move. */
const MIN_GROWTH = 1.1;
const MAX_GROWTH = 4;
/** A bracket must shrink to this fraction in two steps, or it is halved. */
const SHRINK = 0.66;

/**
 * The first acceptable step, starting at `firstStep`.
 * @param evaluate value and slope at a step
 * @param start the point at step 0; its slope must be negative
 * @returns the accepted point, or undefined if none was found within `maxEvaluations`
 */
export function searchStep(
  evaluate: (step: number) => LinePoint,
  start: LinePoint,
  firstStep: number,
  options: LineSearchOptions,
): LinePoint | undefined {
  const enough = options.decrease * start.slope;
  let best = start;
  let other = start; // the far end, once `bracketed`
  let bracketed = false;
  let firstStage = true; // until a point is found that decreases enough and has slope >= 0
  let width = options.maxStep;
  let widthBefore = 2 * width;
  let low = 0;
  let high = firstStep + MAX_GROWTH * firstStep;
  let step = firstStep;

  for (let evaluation = 0; evaluation < options.maxEvaluations; evaluation++) {
    const point = evaluate(step);
    const threshold = start.value + step * enough;
    if (firstStage && point.value <= threshold && point.slope >= 0) firstStage = false;
    const decreased = point.value <= threshold;
    if (decreased && Math.abs(point.slope) <= -options.curvature * start.slope) return point;
    // No better step can be told apart from this one: it is taken as it is.
    if (bracketed && (step <= low || step >= high)) return point;
    if (bracketed && high - low <= options.minWidth * high) return point;
    if (step === options.maxStep && decreased && point.slope <= enough) return point;

    // Section 3: while far from decreasing enough, search psi(t) = f(t) - f(0) - decrease f'(0) t instead.
    const tilt = firstStage && point.value <= best.value && point.value > threshold ? enough : 0;
    const next = nextStep(tilted(best, tilt), tilted(other, tilt), tilted(point, tilt), bracketed, low, high);
    if (tilted(point, tilt).value > tilted(best, tilt).value) {
      other = point;
    } else {
      if (point.slope - tilt < 0 !== best.slope - tilt < 0) other = best;
      best = point;
    }
    bracketed = next.bracketed;
    step = next.step;
    if (bracketed) {
      const gap = Math.abs(other.step - best.step);
      if (gap >= SHRINK * widthBefore) step = best.step + 0.5 * (other.step - best.step);
      widthBefore = width;
      width = gap;
      low = Math.min(best.step, other.step);
      high = Math.max(best.step, other.step);
    } else {
      low = step + MIN_GROWTH * (step - best.step);
      high = step + MAX_GROWTH * (step - best.step);
    }
    step = Math.min(Math.max(step, 0), options.maxStep);
    const stuck = bracketed && (step <= low || step >= high || high - low <= options.minWidth * high);
    if (stuck) step = best.step;
  }
  return undefined;
}

function tilted(point: LinePoint, tilt: number): LinePoint {
  return { step: point.step, value: point.value - point.step * tilt, slope: point.slope - tilt };
}

/** Section 4: the safeguarded trial step from the best point, the bracket's other end and the newest point. */
function nextStep(
  best: LinePoint,
  other: LinePoint,
  point: LinePoint,
  bracketed: boolean,
  low: number,
  high: number,
): { step: number; bracketed: boolean } {
  const toBest = best.step - point.step;
  const secant = () => point.step + point.slope / (point.slope - best.slope) * toBest;
  const far = () => point.step > best.step ? high : low;

  if (point.value > best.value) { // case 1: higher, the minimum is bracketed
    const cubic = cubicStep(best, point);
    const mean = (best.value - point.value) / (point.step - best.step) + best.slope;
    const quadratic = best.step + best.slope / mean / 2 * (point.step - best.step);
    const nearer = Math.abs(cubic - best.step) < Math.abs(quadratic - best.step);
    return { step: nearer ? cubic : cubic + (quadratic - cubic) / 2, bracketed: true };
  }
  if (point.slope < 0 !== best.slope < 0) { // case 2: lower, slope of the other sign
    const cubic = cubicStep(point, best);
    const farther = Math.abs(cubic - point.step) > Math.abs(secant() - point.step);
    return { step: farther ? cubic : secant(), bracketed: true };
  }
  if (Math.abs(point.slope) < Math.abs(best.slope)) { // case 3: lower, same sign, flatter
    const cubic = cubicStepBeyond(point, best) ?? far();
    const cubicNearer = Math.abs(cubic - point.step) < Math.abs(secant() - point.step);
    if (bracketed) {
      const trial = cubicNearer ? cubic : secant();
      const limit = point.step + SHRINK * (other.step - point.step);
      const step = point.step > best.step ? Math.min(limit, trial) : Math.max(limit, trial);
      return { step, bracketed };
    }
    const cubicFarther = Math.abs(cubic - point.step) > Math.abs(secant() - point.step);
    return { step: Math.max(low, Math.min(high, cubicFarther ? cubic : secant())), bracketed };
  }
  // case 4: lower, same sign, not flatter
  return { step: bracketed ? cubicStep(point, other) : far(), bracketed };
}

/** Minimiser of the cubic through values and slopes of two points, counted from `a`. */
function cubicStep(a: LinePoint, b: LinePoint): number {
  const { theta, gamma } = cubicTerms(a, b);
  const root = b.step < a.step ? -gamma : gamma;
  return a.step + (root - a.slope + theta) / (root - a.slope + root + b.slope) * (b.step - a.step);
}

/** As cubicStep(), for a minimiser beyond `a` seen from `b`; undefined if the cubic falls forever that way. */
function cubicStepBeyond(a: LinePoint, b: LinePoint): number | undefined {
  const { theta, gamma } = cubicTerms(a, b);
  const root = a.step > b.step ? -gamma : gamma;
  const ratio = (root - a.slope + theta) / (root + (b.slope - a.slope) + root);
  return ratio < 0 && root !== 0 ? a.step + ratio * (b.step - a.step) : undefined;
}

function cubicTerms(a: LinePoint, b: LinePoint): { theta: number; gamma: number } {
  const theta = 3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope;
  const scale = Math.max(Math.abs(theta), Math.abs(a.slope), Math.abs(b.slope));
  const ratio = theta / scale;
  const discriminant = ratio * ratio - (a.slope / scale) * (b.slope / scale);
  return { theta, gamma: scale * Math.sqrt(Math.max(0, discriminant)) };
}
