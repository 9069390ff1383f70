/** Time series from a CSV file with a header: one column by its name, missing values as NaN. */
import { readFileSync } from "node:fs";
import { GuardrailError, UsageError } from "../guardrail.ts";

/** What to read. */
export interface SeriesColumn {
  /** The column's name, as the header spells it. */
  readonly column: string;
  /** The file's name, for messages. */
  readonly source: string;
}

/**
 * Reads one numeric column of a CSV file, e.g. `OT` of ETTh1.csv.
 * @returns one value per row, shape [nRows]
 * @throws {UsageError} if the file cannot be read
 * @throws {GuardrailError} as parseSeriesColumn()
 */
export function readSeriesColumn(path: string, column: string): Float64Array {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof TypeError) {
      throw new GuardrailError("corrupt-file", `Cannot read a series: ${path} needs to be UTF-8 text`);
    }
    throw new UsageError(`Cannot read a series: ${error instanceof Error ? error.message : error}`);
  }
  return parseSeriesColumn(text, { column, source: path });
}

/**
 * One numeric column of CSV text (RFC 4180: quoted fields, doubled quotes, CRLF or LF, an optional byte-order mark).
 * An empty field, NA, N/A, NaN and null, in any case, are missing values.
 * @throws {GuardrailError} missing-column, listing the columns there are; corrupt-file, naming the line of a row
 *   with too few or too many fields, an unclosed quote or a value that is not a number; empty-split if there is no row
 * @see https://www.rfc-editor.org/rfc/rfc4180
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseSeriesColumn } from "lib/data/series_csv.ts";
 * const text = 'date,"load, kW"\n2016-07-01,30.5\n2016-07-02,\n';
 * assert.deepEqual([...parseSeriesColumn(text, { column: "load, kW", source: "x.csv" })], [30.5, NaN]);
 * ```
 */
export function parseSeriesColumn(text: string, { column, source }: SeriesColumn): Float64Array {
  const rows = csvRows(text, source);
  const header = rows.next().value;
  if (header === undefined) throw corrupt(source, 1, "a header", "an empty file");
  const at = header.fields.indexOf(column);
  if (at < 0) {
    throw new GuardrailError(
      "missing-column",
      `Cannot read a series: ${source} needs a column ${JSON.stringify(column)}, got ${
        header.fields.join(", ")
      }`,
    );
  }
  if (header.fields.indexOf(column, at + 1) >= 0) {
    throw corrupt(source, header.line, `one column ${JSON.stringify(column)}`, "several");
  }
  const values: number[] = [];
  for (const { fields, line } of rows) {
    if (fields.length !== header.fields.length) {
      throw corrupt(source, line, `${header.fields.length} fields`, `${fields.length}`);
    }
    values.push(parseValue(fields[at]!.trim(), source, line));
  }
  if (values.length === 0) {
    throw new GuardrailError("empty-split", `Cannot read a series: ${source} needs rows, got none`);
  }
  return Float64Array.from(values);
}

interface CsvRow {
  readonly fields: readonly string[];
  /** 1-based line of the row's first character. */
  readonly line: number;
}

/** The rows of a CSV text; blank lines are skipped. */
function* csvRows(text: string, source: string): Generator<CsvRow, undefined> {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const firstLine = line;
    const fields: string[] = [];
    for (;;) {
      const field = text[at] === '"' ? quotedField(text, at) : bareField(text, at);
      if (field === undefined) throw corrupt(source, firstLine, "a closing quote", "the end of the file");
      fields.push(field.value);
      line += countNewlines(field.value);
      at = field.end;
      if (text[at] !== ",") break;
      at++;
    }
    if (text.startsWith("\r\n", at)) at += 2;
    else if (text[at] === "\n") at++;
    else if (at < text.length) {
      throw corrupt(source, firstLine, "a comma or line end after a quoted field", text[at]!);
    }
    line++;
    if (fields.length > 1 || fields[0] !== "") yield { fields, line: firstLine };
  }
  return undefined;
}

interface CsvField {
  readonly value: string;
  /** Index after the field. */
  readonly end: number;
}

function bareField(text: string, start: number): CsvField {
  let end = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 44 /* comma */ || code === 10 /* LF */) break;
    if (code === 13 /* CR */ && text.charCodeAt(end + 1) === 10) break;
  }
  return { value: text.slice(start, end), end };
}

function quotedField(text: string, start: number): CsvField | undefined {
  let value = "";
  let at = start + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close < 0) return undefined;
    value += text.slice(at, close);
    if (text[close + 1] !== '"') return { value, end: close + 1 };
    value += '"';
    at = close + 2;
  }
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

const MISSING = /^(|na|n\/a|nan|null)$/i;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function parseValue(text: string, source: string, line: number): number {
  if (MISSING.test(text)) return NaN;
  const value = DECIMAL.test(text) ? Number(text) : Infinity;
  if (!Number.isFinite(value)) {
    throw corrupt(source, line, "a finite number or a missing value", JSON.stringify(text.slice(0, 40)));
  }
  return value;
}

function corrupt(source: string, line: number, requirement: string, found: string): GuardrailError {
  return new GuardrailError(
    "corrupt-file",
    `Cannot read a series: ${source} line ${line} needs ${requirement}, got ${found}`,
  );
}
