/** Activations held in memory behind the interface of a store on disk: for studies small enough to need no files. */
import type { ActivationStore } from "./activation_store.ts";

/** One item's rows. */
export interface ItemActivations {
  readonly item: number;
  /** Position of each row in its item, shape [n]. */
  readonly positions: ArrayLike<number>;
  /** Shape [n, d]. */
  readonly values: Float32Array;
}

/**
 * A store of these items; `close()` does nothing.
 * @param options `metadata`: name `hook` and `model`, by which an SAE made for other activations is recognised
 * @throws {RangeError} if an item's values are not one row of d a position, or there is no row
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { activationsInMemory } from "lib/io/activation_memory.ts";
 * const items = [{ item: 7, positions: [0, 1], values: Float32Array.of(1, 2, 3, 4) }];
 * const store = activationsInMemory(items, { d: 2, metadata: { hook: "blocks.0.hook_resid_post" } });
 * const { items: ids, values } = await store.read(store.batches[0]!);
 * assert.deepEqual([store.nRows, [...ids], [...values]], [2, [7, 7], [1, 2, 3, 4]]);
 * ```
 */
export function activationsInMemory(
  items: readonly ItemActivations[],
  { d, metadata = {}, rowsPerBatch = 1024 }: {
    readonly d: number;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly rowsPerBatch?: number;
  },
): ActivationStore {
  const nRows = items.reduce((sum, { positions }) => sum + positions.length, 0);
  if (nRows === 0) throw new RangeError("Cannot store activations: needs a row or more, got none");
  const rows = {
    items: new Uint32Array(nRows),
    positions: new Uint32Array(nRows),
    values: new Float32Array(nRows * d),
  };
  let at = 0;
  for (const { item, positions, values } of items) {
    if (values.length !== positions.length * d) {
      throw new RangeError(
        `Cannot store item ${item}: needs ${positions.length} x ${d} values, got ${values.length}`,
      );
    }
    rows.items.fill(item, at, at + positions.length);
    rows.positions.set(positions, at);
    rows.values.set(values, at * d);
    at += positions.length;
  }
  const batches = Array.from({ length: Math.ceil(nRows / rowsPerBatch) }, (_, batch) => ({
    shard: 0,
    batch,
    nRows: Math.min(rowsPerBatch, nRows - batch * rowsPerBatch),
  }));
  return {
    d,
    dtype: "float32",
    metadata,
    nRows,
    batches,
    read({ batch, nRows: n }) {
      const from = batch * rowsPerBatch;
      return Promise.resolve({
        items: rows.items.subarray(from, from + n),
        positions: rows.positions.subarray(from, from + n),
        values: rows.values.subarray(from * d, (from + n) * d),
      });
    },
    close: () => Promise.resolve(),
  };
}
