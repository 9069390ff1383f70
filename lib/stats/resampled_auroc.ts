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
  const orders = columns.map((scores) => pairOrder(scores, labels));
  const start = Math.ceil(kernel.dataStart() / 16) * 16;
  const weightsAt = start + 64;
  const ordersAt = weightsAt + 4 * LANES * n;
  reserve(memory, ordersAt + 4 * n * orders.length);

  const weights = new Uint32Array(memory.buffer, weightsAt, LANES * n);
  const doubledWins = new BigUint64Array(memory.buffer, start, LANES);
  const totals = new Uint32Array(memory.buffer, start + 32, 2 * LANES);
  orders.forEach(({ order }, column) =>
    new Uint32Array(memory.buffer, ordersAt + 4 * n * column, n).set(order)
  );

  const draws = columns.map(() => new Float64Array(nResamples));
  let nKept = 0;
  for (let first = 0; first < nResamples; first += LANES) {
    const nLanes = Math.min(LANES, nResamples - first);
    weights.fill(0);
    for (let lane = 0; lane < nLanes; lane++) drawWeights(weights, lane);
    let nUsable = 0;
    orders.forEach(({ hasTies }, column) => {
      const pass = hasTies ? kernel.tiedPairs : kernel.distinctPairs;
      pass(ordersAt + 4 * n * column, n, weightsAt, start);
      nUsable = 0;
      for (let lane = 0; lane < nLanes; lane++) {
        const nPairs = totals[lane]! * totals[LANES + lane]!;
        if (nPairs > 0) draws[column]![nKept + nUsable++] = Number(doubledWins[lane]!) / (2 * nPairs);
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

/** Items in ascending score order as the kernel reads them, and whether a hard and an easy item share a score. */
function pairOrder(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): { readonly order: Uint32Array; readonly hasTies: boolean } {
  checkScores(scores, labels.length);
  const n = labels.length;
  const sorted = Float64Array.from(scores).sort();
  const order = new Uint32Array(n);
  const taken = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const place = lowerBound(sorted, scores[i]!);
    order[place + taken[place]!++] = 16 * i + labels[i]!;
  }
  let hasTies = false;
  for (let place = 0; place < n; place++) {
    const endsRun = place === n - 1 || sorted[place + 1]! > sorted[place]!;
    if (endsRun) order[place]! |= 2;
    else if ((order[place]! & 1) !== (order[place + 1]! & 1)) hasTies = true;
  }
  return { order, hasTies };
}
