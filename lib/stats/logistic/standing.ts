/**
 * Where a solver stands: the margins at its coefficients, the loss and the gradients there, and how accurately those
 * are known. Dense float32 columns are worked on in float32, margins and gradients too, until rounding could matter;
 * then both are computed afresh in float64.
 * @see Higham & Mary 2022, doi:10.1017/S0962492922000022 (mixed precision, residuals in the higher one)
 */
import type { Design } from "./design.ts";
import { updateLoss } from "./loss.ts";
import {
  dot,
  type Intercept,
  largest,
  listColumns,
  type Model,
  type Steps,
  violationOf,
} from "./model_parts.ts";
import { createPredictor } from "./predict.ts";
import type { LogisticProblem } from "./problem.ts";
import { takeStep } from "./step.ts";
import { longestUnweighted, Scalar, type Workspace } from "./workspace.ts";

/** Margins, loss and gradients of one problem; coefficients and margins themselves are in the workspace. */
export interface Standing {
  readonly bias: Intercept;
  /** Whether the columns are dense float32. */
  readonly isSingle: boolean;
  readonly loss: number;
  /** Whether margins and gradients are those of float64. */
  readonly isExact: boolean;
  /** Whether the gradients of all columns are those of the present margins; set by whoever has asked for the rest. */
  isKnown: boolean;
  /** All-zero coefficients of a new problem. */
  reset(problem: LogisticProblem): Steps<void>;
  /** Given coefficients of a new problem. */
  warmStart(problem: LogisticProblem, coef: Float64Array, intercept: number): Steps<void>;
  /** On to another c: a guess at its solution, and the gradients of all columns there. */
  moveTo(c: number, hasRidge: boolean): Steps<void>;
  /** Largest |gradient| at all-zero coefficients and the present c. */
  atStart(): number;
  /** How far the intercept was from its optimality condition there. */
  interceptAtStart(model: Model): number;
  /** Gradients, or all sums, of the listed columns. */
  sum(what: "gradient" | "columnSums"): Steps<void>;
  /** Margins and gradients of all columns afresh, in float64 from now on. */
  refine(): Steps<void>;
  /** Violations up to this are left to float64. */
  fine(): number;
  /** How far the intercept is from its optimality condition. */
  ofIntercept(model: Model): number;
  /** A step along the model's solution. */
  step(model: Model): Steps<void>;
  /** The present coefficients are the solution. @param isFresh whether the margins are free of rounding left behind */
  settle(isFresh: boolean): Steps<void>;
}

/**
 * Violations smaller than this, relative to slopes and columns, are left to float64: two digits above a float32
 * gradient's rounding. Measured: closer to it, steps stop gaining.
 */
const FINE_BELOW = 256 * 2 ** -24;
/** Columns further from zero than this, in standard deviations, are left to float64. */
const FARTHEST_MEAN = 64;

/** Makes one, without a problem as yet. */
export function createStanding(design: Design, work: Workspace): Standing {
  const { nRows, nCols } = design;
  const { coef, start, gradient, margin, slope, residual, scalars } = work;
  const anyCopies = new Uint8Array(design.memory.buffer, design.copiesAt, nCols).includes(1);
  const bias = { value: 0, start: 0 };
  const predictor = createPredictor(work, bias, nRows);
  const isSingle = design.layout === "dense" && design.valueBytes === 4;
  /** Largest mean of a column, in standard deviations: so much of a float32 gradient may cancel. */
  const mean = farthestMean(design);
  const startsCoarse = isSingle && mean < FARTHEST_MEAN;
  let problem: LogisticProblem | undefined;
  let c = 1, loss = 0, zeroGradient = 0, zeroSlope = 0;
  /** Margins and gradients of float32 will do. */
  let coarse = startsCoarse;
  let isExact = true, isKnown = true;
  /** c at which `gradient` of every column is known at the present margins, or 0. */
  let gradientC = 0;
  /** c that the present coefficients are the solution for, or 0. */
  let solvedC = 0;

  function* reset(next: LogisticProblem): Steps<void> {
    problem = next;
    predictor.forget();
    bias.value = 0;
    coef.fill(0);
    for (const rows of [margin, slope, work.slope32, work.weight, work.weight32]) rows.fill(0); // the padding, too
    if (next.offset !== undefined) margin.set(next.offset);
    const skip = longestUnweighted(next.weights, design.stride);
    scalars[Scalar.skipFrom] = skip.from;
    scalars[Scalar.skipTo] = skip.to;
    updateLoss(work, next.labels, next.weights, 1);
    listColumns(work, () => true);
    yield startsCoarse ? "gradient32" : "gradient";
    isExact = !startsCoarse;
    gradientC = 1;
    solvedC = 0;
    work.atZero.set(gradient);
    zeroGradient = largest(gradient);
    zeroSlope = scalars[Scalar.slopeSum]!;
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
    listColumns(work, (j) => coef[j] !== 0);
    yield "change";
    setMargins(margin.subarray(0, nRows), residual, scalars[Scalar.result]! + bias.value, problem?.offset);
    start.set(coef);
    bias.start = bias.value;
  }

  function* moveTo(next: number, hasRidge: boolean): Steps<void> {
    const { labels, weights } = given();
    coarse = startsCoarse;
    c = next;
    if (solvedC > 0 && (yield* predictor.predict(solvedC, c, coarse))) {
      gradientC = 0;
      isExact = !coarse;
    }
    loss = updateLoss(work, labels, weights, c);
    // The gradients at the present margins are proportional to c: a neighbouring fit left them behind.
    if (gradientC > 0 && !(hasRidge && anyCopies)) multiply(gradient, c / gradientC);
    else {
      listColumns(work, () => true);
      yield* sum("gradient");
    }
    isKnown = true;
  }

  function* sum(what: "gradient" | "columnSums"): Steps<void> {
    isExact &&= !coarse || scalars[Scalar.count] === 0;
    yield coarse ? `${what}32` : what;
  }

  function* refine(): Steps<void> {
    const { labels, weights } = given();
    yield* rebuildMargins();
    loss = updateLoss(work, labels, weights, c);
    listColumns(work, () => true);
    yield "gradient";
    coarse = false;
    isExact = isKnown = true;
  }

  function* step(model: Model): Steps<void> {
    loss = yield* takeStep(model, given(), { c, loss, nRows, float32: coarse });
    isExact &&= !coarse;
    isKnown = false;
  }

  function* settle(isFresh: boolean): Steps<void> {
    gradientC = solvedC = c;
    if (!isFresh) yield* rebuildMargins();
  }

  function given(): LogisticProblem {
    if (problem === undefined) throw new Error("Cannot solve: call reset() with a problem first");
    return problem;
  }

  return {
    ...{ bias, isSingle, reset, warmStart, moveTo, sum, refine, step, settle },
    get loss() {
      return loss;
    },
    get isExact() {
      return isExact;
    },
    get isKnown() {
      return isKnown;
    },
    set isKnown(value) {
      isKnown = value;
    },
    atStart: () => Math.max(c * zeroGradient, Number.MIN_VALUE),
    interceptAtStart: ({ penalty: { biasL1, hasBias } }) =>
      hasBias ? violationOf(0, c * zeroSlope, biasL1) : 0,
    fine: () => FINE_BELOW * Math.hypot(1, mean) * Math.sqrt(dot(slope, slope)),
    ofIntercept: ({ penalty: { biasL1, biasL2, hasBias } }) =>
      hasBias ? violationOf(bias.value, scalars[Scalar.slopeSum]! + biasL2 * bias.value, biasL1) : 0,
  };
}

function setMargins(
  margin: Float64Array,
  change: Float64Array,
  shift: number,
  offset: Float64Array | undefined,
): void {
  for (let i = 0; i < margin.length; i++) {
    margin[i] = change[i]! + shift + (offset === undefined ? 0 : offset[i]!);
  }
}

function multiply(values: Float64Array, ratio: number): void {
  for (let j = 0; j < values.length; j++) values[j]! *= ratio;
}

function farthestMean({ memory, nCols, centerAt, inverseScaleAt }: Design): number {
  const center = new Float64Array(memory.buffer, centerAt, nCols);
  const inverseScale = new Float64Array(memory.buffer, inverseScaleAt, nCols);
  return center.reduce((most, mean, j) => Math.max(most, Math.abs(mean * inverseScale[j]!)), 0);
}
