/**
 * A seeded shuffle of an activation store that never holds all of it. Each epoch permutes the store's batches as a
 * whole, reads them window by window, and permutes the rows of each window; a training batch is the next rows. What
 * comes out is a function of (seed, epoch, position) only, so a run resumes anywhere by reading one window.
 */
import type { ActivationStore, StoredBatch } from "../io/activation_store.ts";
import { randomStream } from "../math/random.ts";

/** A place in the shuffled data: rows of the epoch before it. */
export interface ShufflePosition {
  readonly epoch: number;
  readonly row: number;
}

/** Rows in shuffled order. */
export interface ShuffledRows {
  /** Rows of one epoch. */
  readonly nRows: number;
  /**
   * Fills `out` with whole rows from a place on; stops at the end of the epoch.
   * @returns rows written and the place after them
   */
  readInto(
    out: Float32Array,
    from: ShufflePosition,
  ): Promise<{ readonly nRows: number; readonly next: ShufflePosition }>;
}

/**
 * Shuffles a store.
 * @param options `windowRows`: rows mixed at a time, what is held in memory; `seed` names the order
 * @throws {RangeError} if the window is empty
 */
export function shuffleRows(
  store: ActivationStore,
  { seed, windowRows }: { readonly seed: number; readonly windowRows: number },
): ShuffledRows {
  if (!(windowRows >= 1)) {
    throw new RangeError(`Cannot shuffle: needs a window of a row or more, got ${windowRows}`);
  }
  const { d, batches, nRows } = store;
  let plan: EpochPlan | undefined;
  let window: { readonly key: string; readonly values: Float32Array } | undefined;

  async function load(epoch: number, index: number): Promise<Float32Array> {
    const key = `${epoch}/${index}`;
    if (window?.key === key) return window.values;
    window = undefined; // let go of the old one first
    const members = plan!.windows[index]!;
    const n = members.reduce((sum, batch) => sum + batch.nRows, 0);
    const order = randomStream(seed, `sae/shuffle/rows/${key}`).permutation(n);
    const values = new Float32Array(n * d);
    let at = 0;
    for (const batch of members) {
      const rows = await store.read(batch);
      for (let i = 0; i < batch.nRows; i++) {
        values.set(rows.values.subarray(i * d, (i + 1) * d), order[at++]! * d);
      }
    }
    window = { key, values };
    return values;
  }

  return {
    nRows,
    async readInto(out, { epoch, row }) {
      if (plan?.epoch !== epoch) plan = planEpoch(batches, { epoch, seed, windowRows });
      let written = 0;
      let at = row;
      while (written < out.length / d && at < nRows) {
        const index = plan.starts.findLastIndex((start) => start <= at);
        const values = await load(epoch, index);
        const from = at - plan.starts[index]!;
        const n = Math.min(out.length / d - written, values.length / d - from);
        out.set(values.subarray(from * d, (from + n) * d), written * d);
        written += n;
        at += n;
      }
      return { nRows: written, next: at < nRows ? { epoch, row: at } : { epoch: epoch + 1, row: 0 } };
    },
  };
}

interface EpochPlan {
  readonly epoch: number;
  readonly windows: readonly (readonly StoredBatch[])[];
  /** First row of each window. */
  readonly starts: readonly number[];
}

function planEpoch(
  batches: readonly StoredBatch[],
  { epoch, seed, windowRows }: { readonly epoch: number; readonly seed: number; readonly windowRows: number },
): EpochPlan {
  const windows: StoredBatch[][] = [];
  const starts: number[] = [];
  let row = 0;
  let filled = Infinity;
  for (const index of randomStream(seed, `sae/shuffle/batches/${epoch}`).permutation(batches.length)) {
    const batch = batches[index]!;
    if (filled + batch.nRows > windowRows) {
      windows.push([]);
      starts.push(row);
      filled = 0;
    }
    windows.at(-1)!.push(batch);
    filled += batch.nRows;
    row += batch.nRows;
  }
  return { epoch, windows, starts };
}
