/**
 * AUROCs of several score columns under many reweightings of the same items: the engine of the bootstraps
 * (items, clusters, blocks) and of the score-swap test. Each column is sorted once; a resample is then one
 * linear pass over multiplicities in that order.
 */
import * as kernel from "./weighted_pairs.wasm";
import { checkScores } from "./auroc.ts";
import { lowerBound } from "./ranks.ts";

/** Resamples evaluated together; `weights` holds LANES multiplicities per item, side by side. */
export const LANES = 4;

/** Adds the multiplicities of one resample: item i counts `weights[LANES * i + lane]` times. Cleared before. */
export type DrawWeights = (weights: Uint32Array, lane: number) => void;

/**
 * AUROC of every column in every resample.
 * @param columns score columns, each of shape [n]
 * @param labels 0 or 1, shape [n]; n below 2^28
 * @param options number of resamples and how to draw one; draws happen in order of resamples
 * @returns one array a column; resamples in which a class has no weight are left out of all of them
 * @throws {GuardrailError} "non-finite" if a score is NaN or infinite
 */
export function resampledAurocs(
  columns: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  { nResamples, drawWeights }: { readonly nResamples: number; readonly drawWeights: DrawWeights },
): Float64Array[] {
  const n = labels.length;
  const memory = kernel.memory as WebAssembly.Memory;
  const orders = columns.map((scores) => pairOrders(scores, labels));
  const start = Math.ceil(kernel.dataStart() / 16) * 16;
  const weightsAt = start + 64;
  const ordersAt = weightsAt + 4 * LANES * n;
  reserve(memory, ordersAt + 4 * n * orders.reduce((sum, { passes }) => sum + passes.length, 0));

  const weights = new Uint32Array(memory.buffer, weightsAt, LANES * n);
  const sums = new BigUint64Array(memory.buffer, start, LANES);
  const totals = new Uint32Array(memory.buffer, start + 32, 2 * LANES);
  let at = ordersAt;
  const passesAt = orders.map(({ passes }) =>
    passes.map((order) => {
      new Uint32Array(memory.buffer, at, n).set(order);
      at += 4 * n;
      return at - 4 * n;
    })
  );

  const draws = columns.map(() => new Float64Array(nResamples));
  let nKept = 0;
  for (let first = 0; first < nResamples; first += LANES) {
    const nLanes = Math.min(LANES, nResamples - first);
    weights.fill(0);
    for (let lane = 0; lane < nLanes; lane++) drawWeights(weights, lane);
    let nUsable = 0;
    passesAt.forEach((passes, column) => {
      const wins = new Float64Array(LANES); // twice the weighted count of ordered pairs, ties once
      for (const order of passes) {
        kernel.weightedPairs(order, n, weightsAt, start);
        for (let lane = 0; lane < nLanes; lane++) wins[lane]! += Number(sums[lane]!) * (2 / passes.length);
      }
      nUsable = 0;
      for (let lane = 0; lane < nLanes; lane++) {
        const pairs = totals[lane]! * totals[LANES + lane]!;
        if (pairs > 0) draws[column]![nKept + nUsable++] = wins[lane]! / (2 * pairs);
      }
    });
    nKept += nUsable;
  }
  return nKept === nResamples ? draws : draws.map((column) => column.slice(0, nKept));
}

function reserve(memory: WebAssembly.Memory, nBytes: number): void {
  const missing = nBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
}

/**
 * Items in ascending score order. With positives first among equals a pass counts strict wins, with negatives
 * first wins and ties: half their sum counts ties one half. One pass suffices when no tie joins the classes.
 */
function pairOrders(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): { readonly passes: readonly Uint32Array[] } {
  checkScores(scores, labels.length);
  const sorted = Float64Array.from(scores).sort();
  const strict = ordered(scores, labels, sorted, 1);
  const weak = ordered(scores, labels, sorted, 0);
  const same = strict.every((entry, i) => entry === weak[i]);
  return { passes: same ? [strict] : [strict, weak] };
}

function ordered(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  sorted: Float64Array,
  firstClass: number,
): Uint32Array {
  const n = labels.length;
  const order = new Uint32Array(n);
  const taken = new Uint32Array(n);
  for (const label of [firstClass, 1 - firstClass]) {
    for (let i = 0; i < n; i++) {
      if (labels[i] !== label) continue;
      const place = lowerBound(sorted, scores[i]!);
      order[place + taken[place]!++] = 16 * i + label;
    }
  }
  return order;
}
