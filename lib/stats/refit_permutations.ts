/**
 * A permutation test that refits: the training labels are shuffled, the probe is fitted again at the same C, and its
 * AUROC on the untouched test rows joins the null distribution. Hundreds of relabelled problems run side by side
 * over one copy of the matrix, so that a column is fetched once for many of them.
 */
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import type { RandomStream } from "../math/random.ts";
import { auroc, countClasses } from "./auroc.ts";
import { classWeights, type LogisticOptions, penaltyOf, requireLabels } from "./l1_logistic.ts";
import { createDesign } from "./logistic/design.ts";
import type { PathTask } from "./logistic/paths.ts";
import type { PathThreads } from "./logistic/threads.ts";

/** Rows, labels and draws of the test. */
export interface RefitOptions extends Omit<LogisticOptions, "rows" | "offset" | "sampleWeights"> {
  readonly train: ArrayLike<number>;
  readonly test: ArrayLike<number>;
  readonly nPermutations: number;
  readonly rng: RandomStream;
  readonly threads: PathThreads;
}

/** The null distribution and the p-value. */
export interface RefitResult {
  /** AUROC of the probe fitted on the true labels. */
  readonly auroc: number;
  /** AUROC by permutation. */
  readonly nullAurocs: Float64Array;
  /** Share of permutations at least as good, the observed one counted: never 0. */
  readonly pValue: number;
  /** Largest violation of an optimality condition over all fits, relative to the penalty. */
  readonly kktResidual: number;
}

/**
 * Refits under shuffled training labels.
 * @param matrix all rows, shape [n, p]
 * @param labels 0 or 1, shape [n]
 * @param options as fitLogistic(); tolerance is 1e-6 unless told
 * @throws {GuardrailError} single-class if train or test has one class
 * @see Ojala & Garriga 2010, https://jmlr.org/papers/v11/ojala10a.html (test 1)
 * @see Phipson & Smyth 2010, doi:10.2202/1544-6115.1585 (the observed labelling counts as one)
 */
export async function refitPermutations(
  matrix: Matrix | CsrMatrix,
  labels: ArrayLike<number>,
  { train, test, nPermutations, rng, threads, ...options }: RefitOptions,
): Promise<RefitResult> {
  requireLabels(labels, matrix.nRows);
  const testLabels = Uint8Array.from(test, (i) => labels[i]!);
  countClasses(testLabels);
  const nTrain = train.length, nRows = nTrain + test.length;
  const design = createDesign(matrix, {
    rows: Uint32Array.from({ length: nRows }, (_, i) => i < nTrain ? train[i]! : test[i - nTrain]!),
    ...(options.scaler && { scaler: options.scaler }),
  });
  const trainLabels = Uint8Array.from(train, (i) => labels[i]!);
  const { c, ...penalty } = penaltyOf({ tolerance: 1e-6, ...options });
  const scoredRows = Uint32Array.from({ length: test.length }, (_, i) => nTrain + i);
  const task = (shuffled: Uint8Array): PathTask => {
    const padded = new Uint8Array(nRows), weights = new Float64Array(nRows);
    padded.set(shuffled);
    weights.set(classWeights(shuffled, options.classWeight ?? "balanced", "the training rows"));
    return { labels: padded, weights, grid: [c], penalty, scoredRows };
  };
  const tasks = [task(trainLabels)];
  for (let k = 0; k < nPermutations; k++) {
    const shuffled = trainLabels.slice();
    rng.shuffleInPlace(shuffled);
    tasks.push(task(shuffled));
  }
  const fits = (await threads.follow(design, tasks)).map(([fit]) => fit!);
  const aurocs = Float64Array.from(fits, (fit) => auroc(fit.margins, testLabels));
  const observed = aurocs[0]!, nullAurocs = aurocs.subarray(1);
  const nExtreme = nullAurocs.reduce((count, value) => count + (value >= observed ? 1 : 0), 0);
  return {
    auroc: observed,
    nullAurocs,
    pValue: (1 + nExtreme) / (1 + nPermutations),
    kktResidual: Math.max(...fits.map((fit) => fit.kktResidual)),
  };
}
