/**
 * Writing activations: shards in one folder, each whole or not at all, so that an extraction that was killed goes on
 * after its last whole shard. Memory: one shard.
 */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { GuardrailError, UsageError } from "../guardrail.ts";
import {
  type ActivationRows,
  encodeShard,
  isShard,
  openShard,
  readBatch,
  shardName,
  type ShardOptions,
} from "./activation_shard.ts";
import { writeFileAtomic } from "./atomic.ts";

/** How items are written; a resumed writer must bring the same. */
export interface ActivationWriterOptions extends ShardOptions {
  /** A shard is closed after the item that brings it to this many rows. */
  readonly rowsPerShard: number;
}

/** Writes items in order; `close()` writes the last, smaller shard. */
export interface ActivationWriter {
  /** Items already in whole shards when the writer was opened: go on with this one. */
  readonly nItemsDone: number;
  /** Adds all rows of the next item, values [positions, d]. */
  append(item: number, positions: ArrayLike<number>, values: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a folder for writing, after its last whole shard if it has some.
 * @throws {UsageError} if what is there was written with other options
 */
export async function openActivationWriter(
  folder: string,
  options: ActivationWriterOptions,
): Promise<ActivationWriter> {
  const { d, rowsPerShard } = options;
  await mkdir(folder, { recursive: true });
  let { nItems: nextItem, nShards } = await itemsDone(folder, options);
  const nItemsDone = nextItem;
  let pending: ActivationRows[] = [];
  let nPending = 0;

  async function flush(): Promise<void> {
    if (nPending === 0) return;
    await writeFileAtomic(join(folder, shardName(nShards)), encodeShard(joinRows(pending, d), options));
    [pending, nPending, nShards] = [[], 0, nShards + 1];
  }
  return {
    nItemsDone,
    async append(item, positions, values) {
      const n = positions.length;
      if (values.length !== n * d || item < nextItem) {
        throw new RangeError(
          `Cannot store item ${item}: needs an id from ${nextItem} and ${n} x ${d} values, got ${values.length}`,
        );
      }
      if (!values.every(Number.isFinite)) {
        throw new GuardrailError("non-finite", `Cannot store item ${item}: an activation is not finite`);
      }
      const items = new Uint32Array(n).fill(item);
      pending.push({ items, positions: Uint32Array.from(positions), values: values.slice() });
      nPending += n;
      nextItem = item + 1;
      if (nPending >= rowsPerShard) await flush();
    },
    close: flush,
  };
}

/** What whole shards of an earlier writer hold. */
async function itemsDone(folder: string, options: ActivationWriterOptions) {
  const names = (await readdir(folder)).filter(isShard).sort();
  if (names.length === 0) return { nItems: 0, nShards: 0 };
  const shard = await openShard(join(folder, names.at(-1)!));
  try {
    const same = shard.d === options.d && shard.dtype === options.dtype &&
      JSON.stringify(sorted(shard.metadata)) === JSON.stringify(sorted(options.metadata));
    if (!same) {
      throw new UsageError(
        `Cannot go on in ${folder}: it was written with other options; use another folder or remove it`,
      );
    }
    const last = await readBatch(shard, shard.batchRows.length - 1);
    return { nItems: last.items.at(-1)! + 1, nShards: names.length };
  } finally {
    await shard.file.close();
  }
}

function joinRows(parts: readonly ActivationRows[], d: number): ActivationRows {
  const n = parts.reduce((sum, { items }) => sum + items.length, 0);
  const rows = {
    items: new Uint32Array(n),
    positions: new Uint32Array(n),
    values: new Float32Array(n * d),
  };
  let at = 0;
  for (const part of parts) {
    rows.items.set(part.items, at);
    rows.positions.set(part.positions, at);
    rows.values.set(part.values, at * d);
    at += part.items.length;
  }
  return rows;
}

const sorted = (record: Readonly<Record<string, string>>) => Object.entries(record).sort();
