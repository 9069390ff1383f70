/**
 * The exact law of the number of dominating thresholds when scores are dealt to the items at random, for errors that
 * change by -1, 0 or 1 (0/1 errors of two models): no Monte Carlo error, where shuffledFrontier() has one.
 */

/** How many items the expensive model makes better, makes worse, and leaves alone. */
export interface ErrorChanges {
  readonly nBetter: number;
  readonly nWorse: number;
  readonly nSame: number;
}

/** Beyond so many standard deviations and items the hypergeometric law, near a Poisson law at its ends, is below 1e-12. */
const REACH = 7.5, REACH_ITEMS = 10;

/**
 * P(count = c) over all deals. The items come one by one in the order of their scores; the state is how many of them
 * were better, how many worse, and how many cuts dominated so far.
 * @param changes of the errors, over all items
 * @param cuts number of items escalated at each threshold, in any order; equal cuts count each
 * @param isDominating whether a cut of k items with summed change `sum` counts
 * @returns probabilities, shape [cuts.length + 1]
 * @throws {RangeError} if a cut exceeds the items
 * @see Feller 1968, "An Introduction to Probability Theory", vol. 1, section II.6 (draws without replacement)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dealtCountLaw } from "lib/stats/dealt_count.ts";
 * // One of two items gets better: half of the deals put it first.
 * const law = dealtCountLaw({ nBetter: 1, nWorse: 0, nSame: 1 }, [1], (_, sum) => sum < -0.5);
 * assert.deepEqual([...law], [0.5, 0.5]);
 * ```
 */
export function dealtCountLaw(
  { nBetter, nWorse, nSame }: ErrorChanges,
  cuts: ArrayLike<number>,
  isDominating: (k: number, sum: number) => boolean,
): Float64Array {
  const n = nBetter + nWorse + nSame;
  const cutsAt = new Map<number, number>();
  for (let j = 0; j < cuts.length; j++) {
    const k = cuts[j]!;
    if (!(Number.isInteger(k) && k >= 0 && k <= n)) {
      throw new RangeError(`Cannot count cuts: needs 0 to ${n} items, got ${k}`);
    }
    cutsAt.set(k, (cutsAt.get(k) ?? 0) + 1);
  }
  let now: Slice = { k: 0, better: [0, 0], worse: [0, 0], nCounts: 1, p: Float64Array.of(1) };
  for (let k = 0;; k++) {
    now = tally(now, cutsAt.get(k) ?? 0, isDominating);
    if (k === n) break;
    now = deal(now, { nBetter, nWorse, nSame });
  }
  const law = new Float64Array(cuts.length + 1);
  for (let at = 0; at < now.p.length; at++) law[at % now.nCounts]! += now.p[at]!;
  return law;
}

/** Probabilities after k items, over (better, worse, count) within inclusive ranges; the count runs fastest. */
interface Slice {
  readonly k: number;
  readonly better: readonly [low: number, high: number];
  readonly worse: readonly [low: number, high: number];
  readonly nCounts: number;
  readonly p: Float64Array;
}

/** Adds the cuts that lie at k to the counts of the states that dominate there. */
function tally(slice: Slice, nCuts: number, isDominating: (k: number, sum: number) => boolean): Slice {
  const { k, better, worse, nCounts, p } = slice;
  const dominates: boolean[] = [];
  if (nCuts > 0) {
    for (let b = better[0]; b <= better[1]; b++) {
      for (let w = worse[0]; w <= worse[1]; w++) dominates.push(isDominating(k, w - b));
    }
  }
  if (!dominates.includes(true)) return slice;
  const wider = nCounts + nCuts;
  const next = new Float64Array(dominates.length * wider);
  dominates.forEach((does, state) =>
    next.set(p.subarray(state * nCounts, (state + 1) * nCounts), state * wider + (does ? nCuts : 0))
  );
  return { ...slice, nCounts: wider, p: next };
}

/** Draws the next item: a state comes from the one before it, with one item of a kind less. */
function deal(slice: Slice, { nBetter, nWorse, nSame }: ErrorChanges): Slice {
  const { k, better, worse, nCounts, p } = slice;
  const n = nBetter + nWorse + nSame;
  const nextBetter = rangeAfter(k + 1, nBetter, n), nextWorse = rangeAfter(k + 1, nWorse, n);
  const width = worse[1] - worse[0] + 1, nextWidth = nextWorse[1] - nextWorse[0] + 1;
  const next = new Float64Array((nextBetter[1] - nextBetter[0] + 1) * nextWidth * nCounts);
  const chance = (left: number) => Math.max(0, left) / (n - k);
  const start = (b: number, w: number) => ((b - better[0]) * width + w - worse[0]) * nCounts;
  let to = 0;
  for (let b = nextBetter[0]; b <= nextBetter[1]; b++) {
    const hasFewer = b > better[0] && b - 1 <= better[1], hasSame = b >= better[0] && b <= better[1];
    const ofBetter = hasFewer ? chance(nBetter - b + 1) : 0;
    for (let w = nextWorse[0]; w <= nextWorse[1]; w++, to += nCounts) {
      const isKnown = w >= worse[0] && w <= worse[1];
      // Where a state is out of range its chance is 0, and any other state may stand for it.
      const fromBetter = isKnown && hasFewer ? start(b - 1, w) : 0, byBetter = isKnown ? ofBetter : 0;
      const isFewer = hasSame && w > worse[0] && w - 1 <= worse[1];
      const fromWorse = isFewer ? start(b, w - 1) : 0, byWorse = isFewer ? chance(nWorse - w + 1) : 0;
      const isSame = hasSame && isKnown;
      const fromSame = isSame ? start(b, w) : 0, bySame = isSame ? chance(nSame - (k - b - w)) : 0;
      for (let c = 0; c < nCounts; c++) {
        next[to + c] = byBetter * p[fromBetter + c]! + byWorse * p[fromWorse + c]! +
          bySame * p[fromSame + c]!;
      }
    }
  }
  return { k: k + 1, better: nextBetter, worse: nextWorse, nCounts, p: next };
}

/** Where the number of one kind among the first k of n items lies. */
function rangeAfter(k: number, nKind: number, n: number): readonly [low: number, high: number] {
  const share = nKind / n;
  const reach = REACH * Math.sqrt(k * share * (1 - share) * (n - k) / Math.max(1, n - 1)) +
    REACH_ITEMS;
  return [
    Math.max(0, k - (n - nKind), Math.floor(k * share - reach)),
    Math.min(k, nKind, Math.ceil(k * share + reach)),
  ];
}
