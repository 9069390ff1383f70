/** Parquet tables as plain columns: read with the columns a caller needs, joined by id, written atomically. */
import { readFile } from "node:fs/promises";
import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { GuardrailError } from "../guardrail.ts";
import { writeFileAtomic } from "./atomic.ts";

/** A table: equally long columns by name. */
export interface Table {
  readonly nRows: number;
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
}

/**
 * Reads some columns of a Parquet file; 64-bit integers arrive as numbers.
 * @param path the file
 * @param columns names that must be present
 * @param optional names read where present
 * @throws {GuardrailError} "corrupt-file" if it cannot be parsed, "missing-column" if a name is absent
 */
export async function readTable(
  path: string,
  columns: readonly string[],
  optional: readonly string[] = [],
): Promise<Table> {
  const file = toArrayBuffer(await readFile(path));
  let rows: Record<string, unknown>[];
  let wanted: string[];
  try {
    const metadata = await parquetMetadataAsync(file);
    const present = new Set(metadata.schema.slice(1).map((element) => element.name));
    const missing = columns.filter((name) => !present.has(name));
    if (missing.length > 0) {
      throw new GuardrailError(
        "missing-column",
        `Cannot read ${path}: needs column ${missing.join(", ")}, found ${[...present].join(", ")}`,
      );
    }
    wanted = [...columns, ...optional.filter((name) => present.has(name))];
    rows = await parquetReadObjects({ file, metadata, columns: wanted, compressors });
    if (rows.length !== Number(metadata.num_rows)) {
      throw new RangeError(`${rows.length} rows instead of the declared ${metadata.num_rows}`);
    }
  } catch (error) {
    if (error instanceof GuardrailError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new GuardrailError("corrupt-file", `Cannot read ${path}: not a whole Parquet file (${reason})`, {
      cause: error,
    });
  }
  const entries = wanted.map((name) => [name, rows.map((row) => plain(row[name]))] as const);
  return { nRows: rows.length, columns: Object.fromEntries(entries) };
}

/** A column of finite numbers. Refuses anything else, naming the table, column and row. */
export function numberColumn(table: Table, name: string, where = "table"): Float64Array {
  const column = requireColumn(table, name, where);
  return Float64Array.from(column, (value, row) => {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new GuardrailError(
        "non-finite",
        `Cannot use ${where}: needs finite numbers in ${name}, got ${String(value)} in row ${row}`,
      );
    }
    return value;
  });
}

/** A column of strings. */
export function textColumn(table: Table, name: string, where = "table"): string[] {
  return requireColumn(table, name, where).map((value, row) => {
    if (typeof value !== "string") {
      throw new TypeError(`Cannot use ${where}: needs text in ${name}, got ${typeof value} in row ${row}`);
    }
    return value;
  });
}

/**
 * Rows of `right` in the order of `left`'s ids: tables are joined by id, never by position.
 * @returns for each left id, the row of that id on the right
 * @throws {GuardrailError} "misaligned-rows" if an id is missing or appears twice
 */
export function alignById(left: ArrayLike<number>, right: ArrayLike<number>, what: string): Uint32Array {
  const rowOf = new Map<number, number>();
  for (let row = 0; row < right.length; row++) {
    if (rowOf.has(right[row]!)) {
      throw new GuardrailError("misaligned-rows", `Cannot join ${what}: id ${right[row]} appears twice`);
    }
    rowOf.set(right[row]!, row);
  }
  const seen = new Set<number>();
  return Uint32Array.from(left, (id) => {
    const row = rowOf.get(id);
    if (row === undefined || seen.has(id)) {
      const problem = row === undefined ? "has no row on the right" : "appears twice on the left";
      throw new GuardrailError("misaligned-rows", `Cannot join ${what}: id ${id} ${problem}`);
    }
    seen.add(id);
    return row;
  });
}

/** Rows of a table picked by index, in that order. */
export function takeRows(table: Table, rows: ArrayLike<number>): Table {
  const take = (column: readonly unknown[]) => Array.from(rows, (row) => column[row]);
  return {
    nRows: rows.length,
    columns: Object.fromEntries(Object.entries(table.columns).map(([name, column]) => [name, take(column)])),
  };
}

/** Writes row objects of one shape as Parquet; the column types follow the first row's values. */
export async function writeTable(
  path: string,
  rows: readonly Readonly<Record<string, number | string | boolean | null>>[],
): Promise<void> {
  const names = Object.keys(rows[0] ?? {});
  const columnData: ColumnSource[] = names.map((name) => {
    const data = rows.map((row) => row[name] ?? null);
    return { name, data, type: columnType(data), nullable: true };
  });
  await writeFileAtomic(path, new Uint8Array(parquetWriteBuffer({ columnData })));
}

function columnType(values: readonly unknown[]): "STRING" | "BOOLEAN" | "DOUBLE" {
  const kinds = new Set(values.filter((value) => value !== null).map((value) => typeof value));
  if (kinds.size > 1) throw new TypeError(`Cannot write a column of mixed types: ${[...kinds].join(", ")}`);
  return kinds.has("string") ? "STRING" : kinds.has("boolean") ? "BOOLEAN" : "DOUBLE";
}

function requireColumn(table: Table, name: string, where: string): readonly unknown[] {
  const column = table.columns[name];
  if (column === undefined) {
    throw new GuardrailError("missing-column", `Cannot use ${where}: needs column ${name}`);
  }
  return column;
}

function plain(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}
