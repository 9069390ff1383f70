/**
 * The columns that a solver works on: those that are not zero, and those that want to move away from it. Loops over
 * columns are functions of their own, apart from the generators that they serve: small functions compile in little
 * memory and time.
 */
import { listColumns, violationOf } from "./model_parts.ts";
import { Scalar, type Workspace } from "./workspace.ts";

/** Penalty of the columns. */
interface ColumnPenalty {
  readonly l1: number;
  readonly l2: number;
}

/** Violations of the optimality conditions: the largest, the largest of coefficients that are zero, their sum. */
export interface Violations {
  readonly worst: number;
  readonly ofZeros: number;
  readonly total: number;
}

/** A working set, over the gradients and coefficients of a workspace. */
export interface WorkingSet {
  /** Begins with the columns that are not zero or want to move. */
  begin(penalty: ColumnPenalty): void;
  /** Lists the set for the next operation; returns its size. */
  listWithin(): number;
  /** Lists the others that count; returns how many. */
  listOutside(penalty: ColumnPenalty): number;
  /** Violations of the listed columns. */
  violations(penalty: ColumnPenalty): Violations;
  /** Violations of the columns outside; those that want to move are remembered for enter(). */
  lookOutside(penalty: ColumnPenalty): Violations;
  /** Takes those columns in, and lists them; returns how many. */
  enter(): number;
  /** Sum of the violations of all-zero coefficients at `c`. */
  totalAtStart(c: number, penalty: ColumnPenalty): number;
}

/** Makes an empty one. @param copies 1 for columns that equal an earlier one, see copies.ts */
export function createWorkingSet(work: Workspace, copies: Uint8Array): WorkingSet {
  const { coef, gradient, list, scalars } = work;
  const nCols = coef.length;
  const { within, entering, atZero } = work;
  let nEntering = 0;
  const violation = (j: number, { l1, l2 }: ColumnPenalty) =>
    violationOf(coef[j]!, gradient[j]! + l2 * coef[j]!, l1);
  // A ridge shares weight out among copies; without one, the first of them stands for all.
  const standsAlone = (j: number, { l2 }: ColumnPenalty) => l2 > 0 || copies[j] === 0;
  return {
    begin(penalty) {
      for (let j = 0; j < nCols; j++) {
        within[j] = coef[j] !== 0 || standsAlone(j, penalty) && violation(j, penalty) > 0 ? 1 : 0;
      }
    },
    listWithin: () => listColumns(work, (j) => within[j] === 1),
    listOutside: (penalty) => listColumns(work, (j) => within[j] === 0 && standsAlone(j, penalty)),
    violations(penalty) {
      const count = scalars[Scalar.count]!;
      let worst = 0, ofZeros = 0, total = 0;
      for (let at = 0; at < count; at++) {
        const j = list[at]!, own = violation(j, penalty);
        if (coef[j] === 0) ofZeros = Math.max(ofZeros, own);
        worst = Math.max(worst, own);
        total += own;
      }
      return { worst, ofZeros, total };
    },
    lookOutside(penalty) {
      let worst = 0, total = 0;
      nEntering = 0;
      for (let j = 0; j < nCols; j++) {
        if (within[j] === 1 || !standsAlone(j, penalty)) continue;
        const own = violation(j, penalty);
        worst = Math.max(worst, own);
        total += own;
        if (own > 0) entering[nEntering++] = j;
      }
      return { worst, ofZeros: worst, total };
    },
    enter() {
      for (let k = 0; k < nEntering; k++) {
        within[entering[k]!] = 1;
        list[k] = entering[k]!;
      }
      scalars[Scalar.count] = nEntering;
      return nEntering;
    },
    totalAtStart(c, penalty) {
      let total = 0;
      for (let j = 0; j < nCols; j++) {
        if (standsAlone(j, penalty)) total += violationOf(0, c * atZero[j]!, penalty.l1);
      }
      return total;
    },
  };
}
