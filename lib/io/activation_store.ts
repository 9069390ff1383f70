/**
 * Activations on disk, read a record batch at a time: memory does not grow with the number of items. The folder holds
 * the shards that activation_writer.ts wrote.
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../guardrail.ts";
import {
  type ActivationDtype,
  type ActivationRows,
  corruptShard,
  isShard,
  openShard,
  readBatch,
  type Shard,
} from "./activation_shard.ts";

export type { ActivationDtype, ActivationRows } from "./activation_shard.ts";

/** A record batch of a store. */
export interface StoredBatch {
  readonly shard: number;
  readonly batch: number;
  readonly nRows: number;
}

/** An open store; `close()` it when done. */
export interface ActivationStore {
  readonly d: number;
  readonly dtype: ActivationDtype;
  readonly metadata: Readonly<Record<string, string>>;
  readonly nRows: number;
  /** All batches, in the order written. */
  readonly batches: readonly StoredBatch[];
  /** Reads one batch, as float32. */
  read(batch: StoredBatch): Promise<ActivationRows>;
  close(): Promise<void>;
}

/**
 * Opens a store for reading.
 * @throws {UsageError} if the folder holds no shard
 * @throws {GuardrailError} "corrupt-file" if a shard is not what the writer writes
 */
export async function openActivationStore(folder: string): Promise<ActivationStore> {
  const names = existsSync(folder) ? (await readdir(folder)).filter(isShard).sort() : [];
  if (names.length === 0) {
    throw new UsageError(`Cannot read activations: needs shards in ${folder}, got none`);
  }
  const shards: Shard[] = [];
  const close = async () => {
    for (const { file } of shards) await file.close();
  };
  try {
    for (const name of names) {
      const shard = await openShard(join(folder, name));
      shards.push(shard);
      const { d, dtype, path } = shards[0]!;
      if (shard.d !== d || shard.dtype !== dtype) {
        throw corruptShard(shard.path, `rows of ${d} ${dtype} like ${path}`);
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  const first = shards[0]!;
  const batches = shards.flatMap(({ batchRows }, shard) =>
    batchRows.map((nRows, batch) => ({ shard, batch, nRows }))
  );
  return {
    d: first.d,
    dtype: first.dtype,
    metadata: first.metadata,
    nRows: batches.reduce((sum, { nRows }) => sum + nRows, 0),
    batches,
    read: async ({ shard, batch }) => await readBatch(shards[shard]!, batch),
    close,
  };
}

/**
 * Stores of one kind behind each other, as one.
 * @throws {UsageError} without a store, or if they differ in width, dtype or metadata: they are not one extraction's
 */
export function joinStores(stores: readonly ActivationStore[]): ActivationStore {
  const [first] = stores;
  if (first === undefined) throw new UsageError("Cannot join activation stores: needs one or more, got none");
  const kindOf = ({ d, dtype, metadata }: ActivationStore) => JSON.stringify({ d, dtype, metadata });
  const stranger = stores.find((store) => kindOf(store) !== kindOf(first));
  if (stranger) {
    throw new UsageError(
      `Cannot join activation stores: needs ${kindOf(first)} everywhere, got ${kindOf(stranger)}`,
    );
  }
  if (stores.length === 1) return first;
  const owners: { readonly store: ActivationStore; readonly offset: number }[] = []; // by shard
  const batches = stores.flatMap((store) => {
    const offset = owners.length;
    const nShards = 1 + Math.max(...store.batches.map(({ shard }) => shard));
    for (let shard = 0; shard < nShards; shard++) owners.push({ store, offset });
    return store.batches.map((batch) => ({ ...batch, shard: batch.shard + offset }));
  });
  return {
    ...{ d: first.d, dtype: first.dtype, metadata: first.metadata, batches },
    nRows: stores.reduce((sum, { nRows }) => sum + nRows, 0),
    read: async (batch) => {
      const { store, offset } = owners[batch.shard]!;
      return await store.read({ ...batch, shard: batch.shard - offset });
    },
    close: async () => {
      for (const store of stores) await store.close();
    },
  };
}
