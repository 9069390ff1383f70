/** Cross-validation folds with scikit-learn's exact indices, and how many of them the study uses. */
import { GuardrailError } from "../guardrail.ts";
import { type LegacyStream, randomState } from "../math/mt19937.ts";

/** One split: row indices, each list ascending. */
export interface Fold {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/**
 * Shuffled folds that keep each class's share: `StratifiedKFold(nSplits, shuffle=True, random_state=seed)`.
 * @param labels class of each row, shape [n]; any values that `===` tells apart
 * @throws {RangeError} if nSplits is not an integer >= 2, or every class has fewer members than folds
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.StratifiedKFold.html
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { stratifiedKFold } from "lib/stats/folds.ts";
 * const folds = stratifiedKFold([0, 0, 1, 1], { nSplits: 2, seed: 42 });
 * assert.deepEqual(folds.map((fold) => [...fold.test]), [[1, 2], [0, 3]]);
 * ```
 */
export function stratifiedKFold(
  labels: ArrayLike<number | string>,
  { nSplits, seed }: { readonly nSplits: number; readonly seed: number },
): Fold[] {
  requireSplits(nSplits, "make stratified folds");
  const { codes, counts } = encodeByAppearance(labels);
  const largest = Math.max(0, ...counts);
  if (nSplits > largest) {
    throw new RangeError(
      `Cannot make stratified folds: needs a class of at least ${nSplits} rows, the largest has ${largest}`,
    );
  }
  const allocation = allocateClasses(counts, nSplits);
  const stream = randomState(seed);
  const foldsOfClass = counts.map((_, code) => shuffledFolds(allocation, code, stream));
  const taken = new Uint32Array(counts.length);
  const foldOfRow = Uint32Array.from(codes, (code) => foldsOfClass[code]![taken[code]!++]!);
  return foldsFromAssignment(foldOfRow, nSplits);
}

/**
 * Shuffled folds of equal size, one row more in the first n mod nSplits:
 * `KFold(nSplits, shuffle=True, random_state=seed)`.
 * @param n number of rows
 * @throws {RangeError} if nSplits is not an integer in [2, n]
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.KFold.html
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { kFold } from "lib/stats/folds.ts";
 * assert.deepEqual(kFold(5, { nSplits: 2, seed: 42 }).map((fold) => fold.test.length), [3, 2]);
 * ```
 */
export function kFold(
  n: number,
  { nSplits, seed }: { readonly nSplits: number; readonly seed: number },
): Fold[] {
  requireSplits(nSplits, "make folds");
  if (nSplits > n) throw new RangeError(`Cannot make folds: needs at least ${nSplits} rows, got ${n}`);
  const order = randomState(seed).permutation(n);
  const foldOfRow = new Uint32Array(n);
  let next = 0;
  for (let fold = 0; fold < nSplits; fold++) {
    const size = Math.floor(n / nSplits) + (fold < n % nSplits ? 1 : 0);
    for (const end = next + size; next < end; next++) foldOfRow[order[next]!] = fold;
  }
  return foldsFromAssignment(foldOfRow, nSplits);
}

/**
 * Folds that test on each of the last nSplits stretches of time and train on what comes before:
 * `TimeSeriesSplit(nSplits, gap=gap)`.
 * @param n number of rows, in order of time
 * @param options.gap rows left out between train and test, so that windows that overlap do not leak (default 0)
 * @throws {RangeError} if nSplits is not an integer >= 2, or the first fold would train on nothing
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.TimeSeriesSplit.html
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { timeSeriesSplit } from "lib/stats/folds.ts";
 * const folds = timeSeriesSplit(6, { nSplits: 2 });
 * assert.deepEqual(folds.map(({ train, test }) => [train.length, ...test]), [[2, 2, 3], [4, 4, 5]]);
 * ```
 */
export function timeSeriesSplit(
  n: number,
  { nSplits, gap = 0 }: { readonly nSplits: number; readonly gap?: number },
): Fold[] {
  requireSplits(nSplits, "split in time");
  if (!Number.isInteger(gap) || gap < 0) {
    throw new RangeError(`Cannot split in time: needs a gap of 0 or more rows, got ${gap}`);
  }
  const size = Math.floor(n / (nSplits + 1));
  const firstTest = n - nSplits * size;
  if (size < 1 || firstTest - gap <= 0) {
    throw new RangeError(`Cannot split in time: ${nSplits} folds with gap ${gap} need more rows than ${n}`);
  }
  return Array.from({ length: nSplits }, (_, fold) => {
    const start = firstTest + fold * size;
    return { train: range(0, start - gap), test: range(start, start + size) };
  });
}

/**
 * How many inner folds the study uses: at most 5, fewer than the smaller class has members, each of at least
 * `itemsPerFold` rows, but never under 2.
 * @param labels 0 or 1, shape [n]
 * @param itemsPerFold rows a fold must have at least
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { countFolds } from "lib/stats/folds.ts";
 * assert.equal(countFolds([0, 0, 0, 1, 1, 1, 1, 0, 1, 0], 3), 3);
 * ```
 */
export function countFolds(labels: ArrayLike<number>, itemsPerFold: number): number {
  const n = labels.length;
  let nPositive = 0;
  for (let i = 0; i < n; i++) if (labels[i] === 1) nPositive++;
  // A class that never occurs counts as empty only when it is class 0: numpy.bincount stops at the largest label.
  const smaller = nPositive === 0 ? n : Math.min(nPositive, n - nPositive);
  return Math.max(2, Math.min(5, smaller - 1, Math.floor(n / itemsPerFold)));
}

/**
 * Refuses folds in which a model cannot be fitted or scored because one class is missing.
 * @param labels 0 or 1, shape [n]; folds index into it
 * @throws {GuardrailError} single-class, naming the fold and which side of it
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { refuseSingleClassFolds, timeSeriesSplit } from "lib/stats/folds.ts";
 * const folds = timeSeriesSplit(6, { nSplits: 2 });
 * assert.throws(() => refuseSingleClassFolds([0, 0, 0, 1, 0, 1], folds), /fold 1 of 2/);
 * ```
 */
export function refuseSingleClassFolds(labels: ArrayLike<number>, folds: readonly Fold[]): void {
  folds.forEach((fold, i) => {
    for (const side of ["train", "test"] as const) {
      const rows = fold[side];
      const nPositive = rows.reduce((sum, row) => sum + (labels[row] === 1 ? 1 : 0), 0);
      if (nPositive > 0 && nPositive < rows.length) continue;
      throw new GuardrailError(
        "single-class",
        `Cannot cross-validate: fold ${i + 1} of ${folds.length} needs both classes in its ${side} rows, ` +
          `got ${nPositive} of ${rows.length} positive`,
      );
    }
  });
}

function requireSplits(nSplits: number, what: string): void {
  if (!Number.isInteger(nSplits) || nSplits < 2) {
    throw new RangeError(`Cannot ${what}: needs at least 2 splits, got ${nSplits}`);
  }
}

/** Classes numbered in order of first appearance, and how many rows each has. */
function encodeByAppearance(labels: ArrayLike<number | string>) {
  const codeOf = new Map<number | string, number>();
  const codes = new Uint32Array(labels.length);
  const counts: number[] = [];
  for (let i = 0; i < labels.length; i++) {
    let code = codeOf.get(labels[i]!);
    if (code === undefined) {
      code = codeOf.size;
      codeOf.set(labels[i]!, code);
      counts.push(0);
    }
    codes[i] = code;
    counts[code]!++;
  }
  return { codes, counts };
}

/** Rows of each class per fold, [fold][class]: the labels in class order, dealt out one by one. */
function allocateClasses(counts: readonly number[], nSplits: number): number[][] {
  const allocation = Array.from({ length: nSplits }, () => counts.map(() => 0));
  let dealt = 0;
  counts.forEach((count, code) => {
    for (let i = 0; i < count; i++) allocation[dealt++ % nSplits]![code]!++;
  });
  return allocation;
}

function shuffledFolds(allocation: readonly number[][], code: number, stream: LegacyStream): Uint32Array {
  const folds = Uint32Array.from(allocation.flatMap((row, fold) => new Array<number>(row[code]!).fill(fold)));
  stream.shuffleInPlace(folds);
  return folds;
}

function foldsFromAssignment(foldOfRow: Uint32Array, nSplits: number): Fold[] {
  const rows = range(0, foldOfRow.length);
  return Array.from({ length: nSplits }, (_, fold) => ({
    train: rows.filter((row) => foldOfRow[row] !== fold),
    test: rows.filter((row) => foldOfRow[row] === fold),
  }));
}

function range(start: number, end: number): Uint32Array {
  return Uint32Array.from({ length: end - start }, (_, i) => start + i);
}
