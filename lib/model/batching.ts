/**
 * Batches of sequences of different lengths. Where padding is allowed it goes to the right and is masked: sums run from
 * left to right, so zeros at their end leave an item the bits it has alone (left padding would not). That holds on
 * native; in WebAssembly sums are grouped otherwise, and the portable engine never pads.
 */
import type { Float32Tensor, Tensor } from "./engine.ts";

/** A sequence in a batch: `length` new positions after `past` known ones. */
export interface RowLength {
  readonly length: number;
  readonly past: number;
  /** 1 for a new position that others may attend to, 0 for one that nobody may (a missing value); all by default. */
  readonly mask?: ArrayLike<number> | undefined;
}

/** Rows side by side; a shorter row occupies the first slots of each part. */
export interface BatchShape {
  readonly rows: readonly RowLength[];
  /** Slots for new positions: the longest row's. */
  readonly length: number;
  /** Slots for past positions: the longest row's. */
  readonly past: number;
}

export interface BatchPolicy {
  /** Whether rows of different lengths may share a batch. */
  readonly pad: boolean;
  /** Most slots in a batch, a past position counting an eighth of a new one; a batch has at least one row. */
  readonly maxSlots: number;
}

/**
 * Splits rows into batches, longest first, so that the largest buffers are made first and padding stays small.
 * @returns indices of rows, every row once
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { planBatches } from "lib/model/batching.ts";
 * const rows = [3, 5, 3].map((length) => ({ length, past: 0 }));
 * assert.deepEqual(planBatches(rows, { pad: false, maxSlots: 100 }), [[1], [0, 2]]);
 * assert.deepEqual(planBatches(rows, { pad: true, maxSlots: 100 }), [[1, 0, 2]]);
 * ```
 */
export function planBatches(rows: readonly RowLength[], { pad, maxSlots }: BatchPolicy): number[][] {
  const order = rows.map((_, i) => i).toSorted((a, b) =>
    rows[b]!.length - rows[a]!.length || rows[b]!.past - rows[a]!.past || a - b
  );
  const batches: number[][] = [];
  for (const index of order) {
    const batch = batches.at(-1);
    const first = batch && rows[batch[0]!]!;
    const row = rows[index]!;
    const fits = batch && first && (batch.length + 1) * (first.length + first.past / 8) <= maxSlots &&
      (pad || (first.length === row.length && first.past === row.past));
    if (fits) batch.push(index);
    else batches.push([index]);
  }
  return batches;
}

/** The common shape of some rows. */
export function batchShape(rows: readonly RowLength[]): BatchShape {
  const most = (pick: (row: RowLength) => number) => rows.reduce((max, row) => Math.max(max, pick(row)), 0);
  return { rows, length: most((row) => row.length), past: most((row) => row.past) };
}

/** Whether nothing is padded or masked. */
export function isUniform({ rows, length, past }: BatchShape): boolean {
  return rows.every((row) => row.length === length && row.past === past && !hasHidden(row));
}

/** Whether one bias serves all rows: causal rows do not look at the padding behind them. */
function sharesBias(shape: BatchShape, causal: boolean): boolean {
  return isUniform(shape) ||
    (causal && shape.rows.every((row) => row.past === shape.past && !hasHidden(row)));
}

function hasHidden({ mask, length }: RowLength): boolean {
  for (let i = 0; mask !== undefined && i < length; i++) if (mask[i] === 0) return true;
  return false;
}

/** Position of every new slot in its own sequence, int64 [batch, length]; 0 in padding. */
export function positionIds({ rows, length }: BatchShape): Tensor {
  const data = new BigInt64Array(rows.length * length);
  rows.forEach((row, r) => {
    for (let i = 0; i < row.length; i++) data[r * length + i] = BigInt(row.past + i);
  });
  return { type: "int64", data, dims: [rows.length, length] };
}

/** Added to a score that must not count; finite, so that a row of padding gives no NaN. */
export const MASKED = -1e30;

export interface BiasOptions {
  readonly causal: boolean;
  /** Bias of a head by relative position (key minus query), for models that have one. */
  readonly relative?: { readonly nHeads: number; readonly at: (head: number, distance: number) => number };
}

/**
 * What is added to attention scores [rows or 1, heads or 1, length, past + length]: masks and relative positions.
 */
export function attentionBias(shape: BatchShape, { causal, relative }: BiasOptions): Float32Tensor {
  const { length, past } = shape;
  const rows = sharesBias(shape, causal) ? [{ length, past }] : shape.rows;
  const nHeads = relative?.nHeads ?? 1;
  const total = past + length;
  const data = new Float32Array(rows.length * nHeads * length * total);
  rows.forEach((row: RowLength, r) => {
    for (let head = 0; head < nHeads; head++) {
      for (let i = 0; i < length; i++) {
        const out = ((r * nHeads + head) * length + i) * total;
        const query = row.past + i;
        for (let j = 0; j < total; j++) {
          const isHidden = j < past ? j >= row.past : j - past >= row.length || row.mask?.[j - past] === 0;
          const key = j < past ? j : row.past + j - past;
          if (isHidden || (causal && key > query)) data[out + j] = MASKED;
          else if (relative !== undefined) data[out + j] = relative.at(head, key - query);
        }
      }
    }
  });
  return { type: "float32", data, dims: [rows.length, nHeads, length, total] };
}
