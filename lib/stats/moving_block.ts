/**
 * Moving-block bootstrap: time-ordered rows are drawn in runs of consecutive windows, so that a resample keeps
 * their overlap. Its percentile interval is too narrow at any length a study of this kind reaches, so the draws
 * serve as a standard error, with the t quantile and bias correction of batch means.
 */
import { normalQuantile } from "../math/distributions.ts";
import { quantileSorted } from "../math/quantile.ts";
import type { RandomStream } from "../math/random.ts";
import { countClasses } from "./auroc.ts";
import { type AurocBootstrap, aurocBootstrap } from "./bootstrap_auroc.ts";
import { type MeanBootstrap, pairedDifferences } from "./bootstrap_mean.ts";
import { percentileEstimate } from "./estimate.ts";
import { type Inference, tInterval } from "./interval.ts";
import { LANES } from "./resampled_auroc.ts";
import { MIN_TIME_BLOCKS, planBatches, type SeriesSpan, seriesSpans } from "./time_blocks.ts";

/** How blocks are drawn. */
export interface MovingBlockOptions {
  readonly nResamples: number;
  readonly rng: RandomStream;
  /** Windows in a block, at least the overlap: ceil((context + horizon) / stride). */
  readonly blockLength: number;
  /** Series of each row when several are pooled; blocks do not cross from one into the next. */
  readonly series?: ArrayLike<string | number>;
}

/**
 * Paired moving-block bootstrap of AUROCs: blocks are drawn until a resample has n rows, the last one cut short.
 * @param scores rung name to difficulty scores, each of shape [n], in time order
 * @param labels 0 or 1, shape [n]
 * @throws {GuardrailError} "single-class" or "non-finite" as auroc()
 * @throws {RangeError} if lengths differ, a series is split, or no series is as long as a block
 * @see Kuensch 1989, doi:10.1214/aos/1176347265
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { movingBlockAuroc } from "lib/stats/moving_block.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const options = { nResamples: 50, rng: randomStream(1, "example"), blockLength: 2 };
 * const result = movingBlockAuroc({ a: [1, 2, 3, 4, 5, 6] }, [0, 1, 0, 1, 0, 1], options);
 * assert.equal(result.estimates["a"]!.value, 6 / 9);
 * ```
 */
export function movingBlockAuroc(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  labels: ArrayLike<number>,
  options: MovingBlockOptions,
): AurocBootstrap {
  countClasses(labels);
  const drawRows = blockDrawer(labels.length, options);
  return aurocBootstrap(scores, labels, {
    nResamples: options.nResamples,
    drawWeights: (weights, lane) => {
      const rows = drawRows();
      for (let k = 0; k < rows.length; k++) weights[LANES * rows[k]! + lane]!++;
    },
  });
}

/**
 * Moving-block bootstrap of mean(a - b).
 * @param a per-item metric under one condition, shape [n], in time order
 * @param b the same items' metric under the other, shape [n]
 * @throws {GuardrailError} "empty-split" or "non-finite" as bootstrapMeanDelta()
 * @throws {RangeError} if lengths differ, a series is split, or no series is as long as a block
 */
export function movingBlockMeanDelta(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: MovingBlockOptions,
): MeanBootstrap {
  const differences = pairedDifferences(a, b);
  const drawRows = blockDrawer(differences.length, options);
  const draws = Float64Array.from({ length: options.nResamples }, () => {
    const rows = drawRows();
    let sum = 0;
    for (let k = 0; k < rows.length; k++) sum += differences[rows[k]!]!;
    return sum / rows.length;
  });
  const value = differences.reduce((sum, x) => sum + x, 0) / differences.length;
  return { estimate: percentileEstimate(value, draws), draws };
}

/**
 * Degrees of freedom per whole block less one: blocks that start at every row waste less than disjoint batches, by
 * half in a long series; simulation puts the gain between the two at the sizes met here.
 * @see Meketon & Schmeiser 1984, overlapping batch means, Proceedings of the Winter Simulation Conference
 */
const OVERLAP_GAIN = 1.1;

/**
 * t interval from the spread of moving-block draws, with a tenth more degrees of freedom than batch means has.
 * @param value the estimate on the full sample
 * @param draws its bootstrap draws, made with block length planBatches(rows, overlap).batchLength
 * @param options rows (a number, or the series of each row) and overlap as for planBatches()
 * @returns an interval, or "underpowered" below ten stretches of the overlap
 * @throws {RangeError} with fewer than two draws
 */
export function movingBlockInterval(
  value: number,
  draws: Float64Array,
  { rows, overlap, alpha = 0.05 }: {
    readonly rows: number | ArrayLike<string | number>;
    readonly overlap: number;
    readonly alpha?: number;
  },
): Inference {
  if (draws.length < 2) {
    throw new RangeError(`Cannot make an interval: needs two draws, got ${draws.length}`);
  }
  const method = "moving blocks";
  const { nBlocks, batchLength, varianceFactor } = planBatches(rows, overlap);
  const nRows = typeof rows === "number" ? rows : rows.length;
  const nUnits = Math.floor(nRows / batchLength);
  if (nBlocks < MIN_TIME_BLOCKS || nUnits < 2) {
    const reason = `needs ${MIN_TIME_BLOCKS} blocks of ${overlap} windows, got ${nBlocks}`;
    return { status: "underpowered", method, value, nUnits, reason };
  }
  // The spread of the central nine tenths: draws with hardly a hard window give an AUROC heavy tails.
  const sorted = draws.slice().sort();
  const spread = (quantileSorted(sorted, 0.95) - quantileSorted(sorted, 0.05)) / (2 * normalQuantile(0.95));
  const standardError = spread * Math.sqrt(varianceFactor * nUnits / (nUnits - 1));
  return tInterval({ method, value, standardError, df: OVERLAP_GAIN * (nUnits - 1), nUnits, alpha });
}

/** Draws the rows of one resample after another into the same array. */
function blockDrawer(n: number, { rng, blockLength, series }: MovingBlockOptions): () => Uint32Array {
  if (!Number.isInteger(blockLength) || blockLength < 1) {
    throw new RangeError(`Cannot draw blocks: needs a whole block length >= 1, got ${blockLength}`);
  }
  if (series !== undefined && series.length !== n) {
    throw new RangeError(`Cannot draw blocks: needs ${n} series labels, got ${series.length}`);
  }
  const starts = blockStarts(seriesSpans(series ?? n), blockLength);
  if (starts.length === 0) {
    throw new RangeError(`Cannot draw blocks: needs a series of ${blockLength} rows, found none`);
  }
  const rows = new Uint32Array(n);
  return () => {
    for (let filled = 0; filled < n;) {
      const start = starts[rng.integers(starts.length)]!;
      for (let k = 0; k < blockLength && filled < n; k++) rows[filled++] = start + k;
    }
    return rows;
  };
}

function blockStarts(spans: readonly SeriesSpan[], blockLength: number): number[] {
  return spans.flatMap(({ start, end }) =>
    Array.from({ length: Math.max(0, end - start - blockLength + 1) }, (_, k) => start + k)
  );
}
