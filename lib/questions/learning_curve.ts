/**
 * Learning curves: the ladder refitted on growing parts of the training split, always scored on the same test items.
 * Codes are functions of the raw activations, so a rung that lags may only need more rows; the curve shows it.
 */
import type { RandomStream } from "../math/random.ts";
import type { Fold } from "../stats/choose_c.ts";
import type { LadderOptions } from "./predictive.ts";
import { type FittedLadder, type ProbeRung, runLadder } from "./predictive_rungs.ts";
import type { PathThreads } from "../stats/logistic/threads.ts";

/** The ladder at one size of the training split. */
export interface LearningCurvePoint {
  readonly nTrain: number;
  readonly fitted: FittedLadder;
}

/** How to grow the training split. */
export interface LearningCurveOptions extends Omit<LadderOptions, "folds" | "rng"> {
  /** Ascending numbers of training rows; the smaller parts are contained in the larger. */
  readonly sizes: readonly number[];
  /** Folds of a part, from its labels. */
  readonly foldsOf: (labels: Uint8Array) => readonly Fold[];
  /** Draws the order in which training rows are added. */
  readonly orderRng: RandomStream;
  /** The bootstrap's stream at a size. */
  readonly rngOf: (nTrain: number) => RandomStream;
  readonly threads: PathThreads;
  readonly tolerance?: number;
}

/**
 * Runs the ladder at every size.
 * @throws {RangeError} if a size exceeds the training split or the sizes do not ascend
 * @throws {GuardrailError} as runProbeLadder(), e.g. single-class for a part too small
 */
export async function learningCurve(
  rungs: readonly ProbeRung[],
  { sizes, foldsOf, orderRng, rngOf, ...options }: LearningCurveOptions,
): Promise<LearningCurvePoint[]> {
  const { train, test } = options.split;
  sizes.forEach((size, k) => {
    if (!(Number.isInteger(size) && size > (sizes[k - 1] ?? 0) && size <= train.length)) {
      throw new RangeError(
        `Cannot draw a learning curve: needs ascending sizes up to ${train.length}, got ${sizes.join(", ")}`,
      );
    }
  });
  const order = orderRng.permutation(train.length);
  const points: LearningCurvePoint[] = [];
  for (const nTrain of sizes) {
    // In the split's own order, so that folds which look at time or groups still can.
    const part = Uint32Array.from(order.slice(0, nTrain).sort((a, b) => a - b), (k) => train[k]!);
    const labels = Uint8Array.from(part, (i) => options.labels[i]!);
    const fitted = await runLadder(rungs, {
      ...options,
      split: { train: part, test },
      folds: foldsOf(labels),
      rng: rngOf(nTrain),
    });
    points.push({ nTrain, fitted });
  }
  return points;
}
