/**
 * The format of one file of activations ("shard"): Arrow IPC, each row an item id, a position and a vector of d floats,
 * in record batches that are read one at a time. What activation_writer.ts writes and activation_store.ts reads.
 * @see https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
 */
import { type FileHandle, open } from "node:fs/promises";
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
import { GuardrailError } from "../guardrail.ts";

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

/** How rows become a shard. */
export interface ShardOptions {
  /** Width of a vector. */
  readonly d: number;
  readonly dtype: ActivationDtype;
  /** Rows of a record batch: what a reader holds. */
  readonly rowsPerBatch: number;
  /** Written into every shard, e.g. model and hook. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An open shard. */
export interface Shard {
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

/** Opens a shard. @throws {GuardrailError} "corrupt-file" if it is not what encodeShard() writes */
export async function openShard(path: string): Promise<Shard> {
  const file = await open(path, "r");
  try {
    const opened = await (await RecordBatchReader.from(file)).open();
    if (!(opened instanceof AsyncRecordBatchFileReader)) throw corruptShard(path, "an Arrow file");
    const { schema } = opened;
    const type = schema.fields[2]?.type;
    const { [ROWS_KEY]: rows, [DTYPE_KEY]: dtype, ...metadata } = Object.fromEntries(schema.metadata);
    if (
      !(type instanceof FixedSizeList) || (dtype !== "float16" && dtype !== "float32") || rows === undefined
    ) {
      throw corruptShard(path, "columns item, position and a fixed-size list of floats");
    }
    const batchRows: unknown = JSON.parse(rows);
    if (!Array.isArray(batchRows) || batchRows.length !== opened.numRecordBatches) {
      throw corruptShard(path, `the row counts of ${opened.numRecordBatches} batches`);
    }
    return { path, file, reader: opened, d: type.listSize, dtype, metadata, batchRows };
  } catch (error) {
    await file.close();
    if (error instanceof GuardrailError) throw error;
    throw new GuardrailError("corrupt-file", `Cannot read ${path}: needs an Arrow file, got ${error}`);
  }
}

/** Reads one record batch as float32. @throws {GuardrailError} "corrupt-file" */
export async function readBatch(
  { reader, path, d, dtype, batchRows }: Shard,
  index: number,
): Promise<ActivationRows> {
  const batch = await reader.readRecordBatch(index);
  const [items, positions, vectors] = batch?.data.children ?? [];
  const values: unknown = vectors?.children[0]?.values;
  const isStored = dtype === "float16" ? values instanceof Uint16Array : values instanceof Float32Array;
  if (batch?.numRows !== batchRows[index] || !isStored) throw corruptShard(path, `batch ${index} as written`);
  const n = batch!.numRows;
  const stored = values as Uint16Array | Float32Array;
  if (stored.length < n * d) throw corruptShard(path, `${n} x ${d} values in batch ${index}`);
  return {
    items: Uint32Array.from((items!.values as Uint32Array).subarray(0, n)),
    positions: Uint32Array.from((positions!.values as Uint32Array).subarray(0, n)),
    values: stored instanceof Uint16Array
      ? Float32Array.from(new Float16Array(stored.slice(0, n * d).buffer))
      : stored.slice(0, n * d),
  };
}

/** The bytes of a shard. */
export function encodeShard(rows: ActivationRows, options: ShardOptions): Uint8Array {
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

/** Whether a file name is a shard's. */
export const isShard = (name: string): boolean => /^shard-\d{5}\.arrow$/.test(name);

/** The name of the shard with a number. */
export const shardName = (index: number): string => `shard-${String(index).padStart(5, "0")}.arrow`;

/** A shard that is not what it should be. */
export function corruptShard(path: string, requirement: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot read ${path}: needs ${requirement}`);
}
