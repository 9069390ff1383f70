/**
 * Penalised logistic regression by proximal Newton steps on a working set: each outer iteration minimises the
 * quadratic model of the loss plus the penalty by coordinate descent and conjugate gradients, takes a step along it,
 * and looks at the columns outside the working set only when those inside are optimal. Only margins and gradients of
 * float64 count for an answer, see standing.ts: its accuracy does not depend on the precision it was found with.
 * @see Yuan, Ho & Lin 2012, https://jmlr.org/papers/v13/yuan12a.html (newGLMNET)
 * @see Massias, Gramfort & Salmon 2018, https://proceedings.mlr.press/v80/massias18a.html (working sets)
 */
import type { Design } from "./design.ts";
import { minimizeModel } from "./model.ts";
import type { Model, Steps } from "./model_parts.ts";
import { type LogisticPenalty, type LogisticProblem, NEVER_BELOW } from "./problem.ts";
import { createStanding } from "./standing.ts";
import { forcing, penaltyAt } from "./step.ts";
import { createWorkingSet } from "./working_set.ts";
import { Scalar, type Workspace } from "./workspace.ts";

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
/** The model is minimised to this share of the violation it starts from while the face is being looked for. */
const FORCING = 0.2;
/** Outer iterations that do not halve the violation before float32 is given up. */
const PATIENCE = 6;

/** Makes a solver. */
export function createSolver(design: Design, work: Workspace): LogisticSolver {
  const standing = createStanding(design, work);
  const { bias } = standing;
  const copies = new Uint8Array(design.memory.buffer, design.copiesAt, design.nCols);
  const set = createWorkingSet(work, copies);

  function modelOf({ l1, l2, intercept }: LogisticPenalty): Model {
    const isPenalized = intercept === "penalized";
    return {
      work,
      bias,
      penalty: {
        ...{ l1, l2, hasBias: intercept !== "none" },
        biasL1: isPenalized ? l1 : 0,
        biasL2: isPenalized ? l2 : 0,
      },
      stopAtZero: false,
      // Measured: pooled sparse codes are near copies of each other, for which shorter steps only put it off.
      shortest: design.layout === "sparse" ? 1 : 0.25,
    };
  }

  function* solve(penalty: LogisticPenalty): Steps<SolveReport> {
    const { c, l1, l2, tolerance, relativeTo } = penalty;
    const model = modelOf(penalty);
    work.scalars[Scalar.l1] = l1;
    work.scalars[Scalar.l2] = l2;
    yield* standing.moveTo(c, l2 > 0);
    const scale = l1 > 0 ? l1 : standing.atStart(), bySum = relativeTo === "start";
    const limit = bySum
      ? Math.max(
        tolerance * (set.totalAtStart(c, penalty) + standing.interceptAtStart(model)),
        NEVER_BELOW * scale,
      )
      : tolerance * scale;
    set.begin(penalty);
    let float32 = standing.isSingle, settled = false;
    let nOuter = 0, nPasses = 0, best = Infinity, stalled = 0, lookedAt = Infinity, previous = Infinity;
    for (let refined = false;;) {
      const nWithin = set.listWithin();
      if (!refined) yield* standing.sum(settled ? "gradient" : "columnSums");
      const ofIntercept = standing.ofIntercept(model);
      let { worst, ofZeros, total } = set.violations(penalty);
      worst = Math.max(worst, ofIntercept);
      total += ofIntercept;
      const last = nOuter === MAX_OUTER;
      if (!standing.isExact && worst <= standing.fine()) {
        yield* standing.refine();
        refined = true;
        continue;
      }
      // Looking at every column costs one pass over those outside: at once where that is little next to a step,
      // otherwise each time the working set has become much better than when they were last looked at.
      const cheap = design.nCols - nWithin <= CHEAP_LOOK * nWithin;
      if ((bySum ? total : worst) <= limit || last || cheap || worst <= LOOK_AGAIN * lookedAt) {
        lookedAt = worst;
        if (!standing.isKnown && set.listOutside(penalty) > 0) yield* standing.sum("gradient");
        standing.isKnown = true;
        const outside = set.lookOutside(penalty);
        worst = Math.max(worst, outside.worst);
        ofZeros = Math.max(ofZeros, outside.worst);
        total += outside.total;
        if ((bySum ? total : worst) <= limit || last) {
          if (!standing.isExact) {
            yield* standing.refine();
            refined = true;
            continue;
          }
          const objective = standing.loss + penaltyAt(model, 1);
          yield* standing.settle(refined);
          const residual = worst / scale;
          return { intercept: bias.value, objective, residual, nOuter, nPasses, converged: !last };
        }
        if (set.enter() > 0) yield* standing.sum("columnSums");
      }
      const wasSettled = settled;
      const interceptSettled = bias.value !== 0 || ofIntercept === 0 || model.penalty.biasL1 === 0;
      settled = ofZeros === 0 && interceptSettled && nOuter > 0;
      // Sweeps need this point's curvatures; a settled face makes do with older ones.
      if (!settled && (wasSettled || refined)) {
        set.listWithin();
        yield* standing.sum("columnSums");
      }
      refined = false;
      // Float32 sweeps can stop helping close to the optimum of an ill-conditioned model.
      stalled = worst < 0.5 * best ? 0 : stalled + 1;
      best = Math.min(best, worst);
      if (stalled >= PATIENCE) {
        float32 = false;
        if (!standing.isExact) {
          yield* standing.refine();
          refined = true;
          continue;
        }
      }
      nOuter++;
      const share = settled ? forcing(worst / previous, float32) : FORCING;
      previous = worst;
      const target = Math.max(share * worst, 0.2 * limit * (bySum ? worst / total : 1));
      nPasses += yield* minimizeModel(model, { target, settled, float32 });
      yield* standing.step(model);
    }
  }

  return { work, reset: standing.reset, warmStart: standing.warmStart, solve };
}
