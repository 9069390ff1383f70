/**
 * Penalised logistic regression by proximal Newton steps on a working set: each outer iteration minimises the
 * quadratic model of the loss plus the penalty by coordinate descent and conjugate gradients, takes a step along it, and looks at the
 * columns outside the working set only when those inside are optimal. Dense float32 columns are worked on in float32,
 * margins and gradients too, until rounding could matter; then both are computed afresh in float64, and only that
 * counts: an answer's accuracy does not depend on the precision it was found with.
 * @see Yuan, Ho & Lin 2012, https://jmlr.org/papers/v13/yuan12a.html (newGLMNET)
 * @see Massias, Gramfort & Salmon 2018, https://proceedings.mlr.press/v80/massias18a.html (working sets)
 * @see Higham & Mary 2022, doi:10.1017/S0962492922000022 (mixed precision, residuals in the higher one)
 */
import type { Design } from "./design.ts";
import { updateLoss } from "./loss.ts";
import { minimizeModel } from "./model.ts";
import { dot, listColumns as listIn, type Model, type Steps, violationOf } from "./model_parts.ts";
import { createPredictor } from "./predict.ts";
import type { LogisticPenalty, LogisticProblem } from "./problem.ts";
import { forcing, penaltyAt, takeStep } from "./step.ts";
import { longestUnweighted, Scalar, type Workspace } from "./workspace.ts";

/** Where a solver stands; the coefficients and margins themselves are in its workspace. */
export interface SolveReport {
  readonly intercept: number;
  readonly objective: number;
  /** Largest violation of an optimality condition over all columns, relative to the penalty, or to the start without. */
  readonly residual: number;
  readonly nOuter: number;
  /** Passes over the working set, or a part of it. */
  readonly nPasses: number;
  readonly converged: boolean;
}

/**
 * A solver over one design and one workspace; it continues from the coefficients of its last call. Its methods are
 * generators that yield kernel operations: run() and runTogether() of run.ts carry them out.
 */
export interface LogisticSolver {
  readonly work: Workspace;
  /** Back to all-zero coefficients of a new problem. */
  reset(problem: LogisticProblem): Steps<void>;
  /** Starts from given coefficients of the standardised columns. */
  warmStart(problem: LogisticProblem, coef: Float64Array, intercept: number): Steps<void>;
  solve(penalty: LogisticPenalty): Steps<SolveReport>;
}

const MAX_OUTER = 500;
/** Look at all columns before a step if those outside are at most this many times the working set. */
const CHEAP_LOOK = 2;
/** ... or if the violation has fallen to this share since the last look. */
const LOOK_AGAIN = 0.2;
/**
 * Violations smaller than this, relative to slopes and columns, are left to float64: two digits above a float32
 * gradient's rounding. Measured: closer to it, steps stop gaining.
 */
const FINE_BELOW = 256 * 2 ** -24;
/** Columns further from zero than this, in standard deviations, are left to float64. */
const FARTHEST_MEAN = 64;
/** The model is minimised to this share of the violation it starts from while the face is being looked for. */
const FORCING = 0.2;

/** Makes a solver. */
export function createSolver(design: Design, work: Workspace): LogisticSolver {
  const { nRows, nCols } = design;
  const { coef, start, gradient, margin, residual, list, scalars } = work;
  const copies = new Uint8Array(design.memory.buffer, design.copiesAt, nCols);
  const anyCopies = copies.includes(1);
  const marginsBefore = new Float64Array(nRows);
  const working = new Uint8Array(nCols), entering = new Int32Array(nCols);
  const bias = { value: 0, start: 0 };
  const predictor = createPredictor(work, bias, nRows);
  /** Largest mean of a column, in standard deviations: so much of a float32 gradient may cancel. */
  const mean = farthestMean(design);
  let problem: LogisticProblem | undefined;
  /** Margins and gradients of float32 will do at first. */
  const startsCoarse = design.layout === "dense" && design.valueBytes === 4 && mean < FARTHEST_MEAN;
  /** c at which `gradient` of every column is known at the present margins, or 0. */
  let gradientC = 0;
  /** Whether margins and gradients are those of float64. */
  let exact = true;
  /** c that the present coefficients are the solution for, or 0. */
  let solvedC = 0;
  /** Largest |gradient| at all-zero coefficients and c = 1. */
  let zeroGradient = 0;
  const listColumns = (keep: (j: number) => boolean) => listIn(work, keep);

  function* reset(next: LogisticProblem): Steps<void> {
    problem = next;
    predictor.forget();
    bias.value = 0;
    coef.fill(0);
    for (const rows of [margin, work.slope, work.slope32, work.weight, work.weight32]) rows.fill(0); // the padding, too
    if (next.offset !== undefined) margin.set(next.offset);
    const skip = longestUnweighted(next.weights, design.stride);
    scalars[Scalar.skipFrom] = skip.from;
    scalars[Scalar.skipTo] = skip.to;
    updateLoss(work, next.labels, next.weights, 1);
    listColumns(() => true);
    yield startsCoarse ? "gradient32" : "gradient";
    exact = !startsCoarse;
    gradientC = 1;
    solvedC = 0;
    zeroGradient = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  }

  function* warmStart(next: LogisticProblem, from: Float64Array, intercept: number): Steps<void> {
    yield* reset(next);
    coef.set(from);
    bias.value = intercept;
    yield* rebuildMargins();
    gradientC = 0;
  }

  /**
   * Margins from the coefficients alone. Columns that came and went leave rounding behind in the running margins,
   * which would break ties between rows that are alike in every remaining column.
   */
  function* rebuildMargins(): Steps<void> {
    start.fill(0);
    listColumns((j) => coef[j] !== 0);
    yield "change";
    const shift = scalars[Scalar.result]! + bias.value;
    const offset = problem?.offset;
    for (let i = 0; i < nRows; i++) {
      margin[i] = residual[i]! + shift + (offset === undefined ? 0 : offset[i]!);
    }
    start.set(coef);
    bias.start = bias.value;
  }

  function* solve(penalty: LogisticPenalty): Steps<SolveReport> {
    if (problem === undefined) throw new Error("Cannot solve: call reset() with a problem first");
    const { labels, weights } = problem;
    const { c, l1, l2, intercept } = penalty;
    const biasL1 = intercept === "penalized" ? l1 : 0, biasL2 = intercept === "penalized" ? l2 : 0;
    const hasBias = intercept !== "none";
    scalars[Scalar.l1] = l1;
    scalars[Scalar.l2] = l2;
    const model: Model = {
      work,
      working,
      bias,
      penalty: { l1, l2, biasL1, biasL2, hasBias },
      stopAtZero: false,
      // Measured: pooled sparse codes are near copies of each other, for which shorter steps only put it off.
      shortest: design.layout === "sparse" ? 1 : 0.25,
    };
    const columnViolation = (j: number) => violationOf(coef[j]!, gradient[j]! + l2 * coef[j]!, l1);

    let float32 = design.layout === "dense" && design.valueBytes === 4;
    let coarse = startsCoarse;
    if (solvedC > 0 && (yield* predictor.predict(solvedC, c, coarse))) {
      gradientC = 0;
      exact = !coarse;
    }
    let loss = updateLoss(work, labels, weights, c);
    const standsAlone = (j: number) => l2 > 0 || copies[j] === 0; // a ridge shares weight out among copies
    /** Gradients, or all sums, of the listed columns. */
    function* sum(what: "gradient" | "columnSums"): Steps<void> {
      exact &&= !coarse || scalars[Scalar.count] === 0;
      yield coarse ? `${what}32` : what;
    }
    /** Margins and gradients afresh, in float64 from now on. */
    function* refine(): Steps<void> {
      yield* rebuildMargins();
      loss = updateLoss(work, labels, weights, c);
      listColumns(() => true);
      yield "gradient";
      coarse = false;
      exact = known = true;
    }
    // The gradients at the present margins are proportional to c: a neighbouring fit left them behind.
    if (gradientC > 0 && !(l2 > 0 && anyCopies)) {
      const ratio = c / gradientC;
      for (let j = 0; j < nCols; j++) gradient[j]! *= ratio;
    } else {
      listColumns(() => true);
      yield* sum("gradient");
    }
    const atStart = Math.max(c * zeroGradient, Number.MIN_VALUE), scale = l1 > 0 ? l1 : atStart;
    const limit = penalty.tolerance * (penalty.relativeTo === "start" ? Math.max(l1, atStart) : scale);
    for (let j = 0; j < nCols; j++) {
      working[j] = coef[j] !== 0 || standsAlone(j) && columnViolation(j) > 0 ? 1 : 0;
    }

    let nOuter = 0, nPasses = 0, best = Infinity, stalled = 0, nEntering = 0, lookedAt = Infinity;
    let settled = false, previous = Infinity;
    /** Whether the gradients of columns outside the working set are those of the present margins. */
    let known = true;
    for (let refined = false;;) {
      const nWorking = listColumns((j) => working[j] === 1);
      if (!refined) yield* sum(settled ? "gradient" : "columnSums");
      let worst = hasBias
        ? violationOf(bias.value, scalars[Scalar.slopeSum]! + biasL2 * bias.value, biasL1)
        : 0;
      const biasSettled = bias.value !== 0 || worst === 0 || biasL1 === 0;
      let ofZeros = 0;
      for (let at = 0; at < nWorking; at++) {
        const j = list[at]!, violation = columnViolation(j);
        if (coef[j] === 0) ofZeros = Math.max(ofZeros, violation);
        worst = Math.max(worst, violation);
      }
      const last = nOuter === MAX_OUTER;
      const fine = FINE_BELOW * Math.hypot(1, mean) * Math.sqrt(dot(work.slope, work.slope));
      if (!exact && worst <= fine) {
        yield* refine();
        refined = true;
        continue;
      }
      // Looking at every column costs one pass over those outside: at once where that is little next to a step,
      // otherwise each time the working set has become much better than when they were last looked at.
      const cheap = nCols - nWorking <= CHEAP_LOOK * nWorking;
      if (worst <= limit || last || cheap || worst <= LOOK_AGAIN * lookedAt) {
        lookedAt = worst;
        if (!known && listColumns((j) => working[j] === 0 && standsAlone(j)) > 0) yield* sum("gradient");
        known = true;
        let outside = 0;
        for (let j = 0; j < nCols; j++) {
          if (working[j] === 1 || !standsAlone(j)) continue;
          const violation = columnViolation(j);
          outside = Math.max(outside, violation);
          if (violation > 0) entering[nEntering++] = j;
        }
        if (Math.max(worst, outside) <= limit || last) {
          nEntering = 0;
          if (!exact) {
            yield* refine();
            refined = true;
            continue;
          }
          gradientC = solvedC = c;
          const objective = loss + penaltyAt(model, 1);
          if (!refined) yield* rebuildMargins();
          const residual = Math.max(worst, outside) / scale;
          return { intercept: bias.value, objective, residual, nOuter, nPasses, converged: !last };
        }
        ofZeros = Math.max(ofZeros, outside);
        if (nEntering > 0) {
          worst = Math.max(worst, outside);
          for (let k = 0; k < nEntering; k++) {
            working[entering[k]!] = 1;
            list[k] = entering[k]!;
          }
          scalars[Scalar.count] = nEntering;
          nEntering = 0;
          yield* sum("columnSums");
        }
      }
      const wasSettled = settled;
      settled = ofZeros === 0 && biasSettled && nOuter > 0;
      // Sweeps need this point's curvatures; a settled face makes do with older ones.
      if (!settled && (wasSettled || refined)) {
        listColumns((j) => working[j] === 1);
        yield* sum("columnSums");
      }
      refined = false;
      // Float32 sweeps can stop helping close to the optimum of an ill-conditioned model.
      stalled = worst < 0.5 * best ? 0 : stalled + 1;
      best = Math.min(best, worst);
      if (stalled >= 6) {
        float32 = false;
        if (!exact) {
          yield* refine();
          refined = true;
          continue;
        }
      }
      nOuter++;
      const share = settled ? forcing(worst / previous, float32) : FORCING;
      previous = worst;
      nPasses += yield* minimizeModel(model, {
        target: Math.max(share * worst, 0.2 * limit),
        settled,
        float32,
      });
      loss = yield* takeStep(model, problem, { c, loss, marginsBefore, float32: coarse });
      exact &&= !coarse;
      known = false;
    }
  }

  return { work, reset, warmStart, solve };
}

function farthestMean({ memory, nCols, centerAt, inverseScaleAt }: Design): number {
  const center = new Float64Array(memory.buffer, centerAt, nCols);
  const inverseScale = new Float64Array(memory.buffer, inverseScaleAt, nCols);
  return center.reduce((most, mean, j) => Math.max(most, Math.abs(mean * inverseScale[j]!)), 0);
}
