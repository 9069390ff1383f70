/**
 * Activations on disk: Arrow IPC files ("shards") in one folder, each row an item id, a position and a vector of d
 * floats, in record batches that are read one at a time. A shard appears whole or not at all, so an extraction that
 * was killed goes on after its last whole shard. Memory: one shard when writing, one batch when reading.
 */
import { mkdir, open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  AsyncRecordBatchFileReader,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  Schema,
  Struct,
  Uint32,
} from "apache-arrow";
import { GuardrailError, UsageError } from "../guardrail.ts";
import { writeFileAtomic } from "./atomic.ts";

/** How vectors are stored; float16 halves the size and rounds to 11 bits. */
export type ActivationDtype = "float16" | "float32";

/** Rows of a store. */
export interface ActivationRows {
  /** Item of each row, shape [n]. */
  readonly items: Uint32Array;
  /** Position of each row in its item, shape [n]. */
  readonly positions: Uint32Array;
  /** Shape [n, d]. */
  readonly values: Float32Array;
}

export interface ActivationStoreOptions {
  /** Width of a vector. */
  readonly d: number;
  readonly dtype: ActivationDtype;
  /** A shard is closed after the item that brings it to this many rows. */
  readonly rowsPerShard: number;
  /** Rows of a record batch: what a reader holds. */
  readonly rowsPerBatch: number;
  /** Written into every shard, e.g. model and hook; a resumed writer must bring the same. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Writes items in order; `close()` writes the last, smaller shard. */
export interface ActivationWriter {
  /** Items already in whole shards when the writer was opened: go on with this one. */
  readonly nItemsDone: number;
  /** Adds all rows of the next item, values [positions, d]. */
  append(item: number, positions: ArrayLike<number>, values: Float32Array): Promise<void>;
  close(): Promise<void>;
}

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
 * Opens a folder for writing, after its last whole shard if it has some.
 * @throws {UsageError} if what is there was written with other options
 */
export async function openActivationWriter(
  folder: string,
  options: ActivationStoreOptions,
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
  const shards = await Promise.all(names.map((name) => openShard(join(folder, name))));
  const [first] = shards as [Shard, ...Shard[]];
  for (const shard of shards) {
    if (shard.d !== first.d || shard.dtype !== first.dtype) {
      throw corrupt(shard.path, `rows of ${first.d} ${first.dtype} like ${first.path}`);
    }
  }
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
    close: async () => {
      for (const { file } of shards) await file.close();
    },
  };
}

interface Shard {
  readonly path: string;
  readonly file: FileHandle;
  readonly reader: AsyncRecordBatchFileReader;
  readonly d: number;
  readonly dtype: ActivationDtype;
  readonly metadata: Readonly<Record<string, string>>;
  readonly batchRows: readonly number[];
}

const ROWS_KEY = "batch_rows";
const DTYPE_KEY = "dtype";

async function openShard(path: string): Promise<Shard> {
  const file = await open(path, "r");
  try {
    const opened = await (await RecordBatchReader.from(file)).open();
    if (!(opened instanceof AsyncRecordBatchFileReader)) throw corrupt(path, "an Arrow file");
    const { schema } = opened;
    const type = schema.fields[2]?.type;
    const { [ROWS_KEY]: rows, [DTYPE_KEY]: dtype, ...metadata } = Object.fromEntries(schema.metadata);
    if (
      !(type instanceof FixedSizeList) || (dtype !== "float16" && dtype !== "float32") || rows === undefined
    ) {
      throw corrupt(path, "columns item, position and a fixed-size list of floats");
    }
    const batchRows: unknown = JSON.parse(rows);
    if (!Array.isArray(batchRows) || batchRows.length !== opened.numRecordBatches) {
      throw corrupt(path, `the row counts of ${opened.numRecordBatches} batches`);
    }
    return { path, file, reader: opened, d: type.listSize, dtype, metadata, batchRows };
  } catch (error) {
    await file.close();
    if (error instanceof GuardrailError) throw error;
    throw new GuardrailError("corrupt-file", `Cannot read ${path}: needs an Arrow file, got ${error}`);
  }
}

async function readBatch(
  { reader, path, d, dtype, batchRows }: Shard,
  index: number,
): Promise<ActivationRows> {
  const batch = await reader.readRecordBatch(index);
  const [items, positions, vectors] = batch?.data.children ?? [];
  const values: unknown = vectors?.children[0]?.values;
  const isStored = dtype === "float16" ? values instanceof Uint16Array : values instanceof Float32Array;
  if (batch?.numRows !== batchRows[index] || !isStored) throw corrupt(path, `batch ${index} as written`);
  const n = batch!.numRows;
  const stored = values as Uint16Array | Float32Array;
  if (stored.length < n * d) throw corrupt(path, `${n} x ${d} values in batch ${index}`);
  return {
    items: Uint32Array.from((items!.values as Uint32Array).subarray(0, n)),
    positions: Uint32Array.from((positions!.values as Uint32Array).subarray(0, n)),
    values: stored instanceof Uint16Array
      ? Float32Array.from(new Float16Array(stored.slice(0, n * d).buffer))
      : stored.slice(0, n * d),
  };
}

function encodeShard(rows: ActivationRows, options: ActivationStoreOptions): Uint8Array {
  const { d, dtype, rowsPerBatch, metadata } = options;
  const n = rows.items.length;
  const float = dtype === "float16" ? new Float16() : new Float32();
  const list = new FixedSizeList(d, new Field("value", float, false));
  const fields = [
    new Field("item", new Uint32(), false),
    new Field("position", new Uint32(), false),
    new Field("activation", list, false),
  ];
  const batchRows = Array.from(
    { length: Math.ceil(n / rowsPerBatch) },
    (_, i) => Math.min(rowsPerBatch, n - i * rowsPerBatch),
  );
  const extra = { [DTYPE_KEY]: dtype, [ROWS_KEY]: JSON.stringify(batchRows) };
  const schema = new Schema(fields, new Map(Object.entries({ ...metadata, ...extra })));
  const batches = batchRows.map((length, i) => {
    const from = i * rowsPerBatch;
    const slice = rows.values.subarray(from * d, (from + length) * d);
    const data = dtype === "float16" ? new Uint16Array(new Float16Array(slice).buffer) : slice;
    const child = makeData({ type: float, length: length * d, nullCount: 0, data });
    const column = (values: Uint32Array) =>
      makeData({ type: new Uint32(), length, nullCount: 0, data: values.slice(from, from + length) });
    const children = [
      column(rows.items),
      column(rows.positions),
      makeData({ type: list, length, nullCount: 0, child }),
    ];
    return new RecordBatch(
      schema,
      makeData({ type: new Struct(fields), length, nullCount: 0, children }),
    );
  });
  const writer = new RecordBatchFileWriter();
  for (const batch of batches) writer.write(batch);
  return writer.finish().toUint8Array(true);
}

/** What whole shards of an earlier writer hold. */
async function itemsDone(folder: string, options: ActivationStoreOptions) {
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

const isShard = (name: string) => /^shard-\d{5}\.arrow$/.test(name);
const shardName = (index: number) => `shard-${String(index).padStart(5, "0")}.arrow`;
const sorted = (record: Readonly<Record<string, string>>) => Object.entries(record).sort();

function corrupt(path: string, requirement: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot read ${path}: needs ${requirement}`);
}
