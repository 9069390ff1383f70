/**
 * HellaSwag in the hub's order: the JSON lines of its GitHub home or the hub's Parquet. Contexts come from ActivityNet
 * captions and WikiHow articles; which, is the first part of `source_id`. Reads only (MIT, not part of this project).
 */
import { readFile } from "node:fs/promises";
import { GuardrailError, UsageError } from "../guardrail.ts";
import { readTable } from "../io/tables.ts";

/** One context with its four endings. */
export interface HellaswagItem {
  /** Position in the split, from 0. */
  readonly row: number;
  readonly activity: string;
  /** `activitynet` or `wikihow`. */
  readonly domain: string;
  /** The video or article: items of one are no independent items. */
  readonly sourceId: string;
  readonly contextA: string;
  /** Start of the sentence that the endings finish; empty for WikiHow. */
  readonly contextB: string;
  readonly endings: readonly string[];
  /** Index of the true ending. */
  readonly label: number;
}

/**
 * Reads a split.
 * @param path a `.jsonl` file as HellaSwag publishes it, or a `.parquet` file as the hub does
 * @throws {UsageError} if the file cannot be read or has another ending
 * @throws {GuardrailError} "corrupt-file" naming the first row that is not whole; "missing-column"
 * @see https://rowanzellers.com/hellaswag/
 */
export async function readHellaswag(path: string): Promise<HellaswagItem[]> {
  if (path.endsWith(".parquet")) {
    const { nRows, columns } = await readTable(path, COLUMNS);
    return Array.from(
      { length: nRows },
      (_, row) => itemOf((key) => columns[key]?.[row], row, path),
    );
  }
  if (!path.endsWith(".jsonl")) {
    throw new UsageError(`Cannot read HellaSwag from ${path}: needs a .jsonl or .parquet file`);
  }
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read HellaSwag: ${error instanceof Error ? error.message : error}`);
  }
  return parseHellaswag(text, path);
}

/** Items of JSON lines; blank lines are skipped. @throws {GuardrailError} as readHellaswag() */
export function parseHellaswag(text: string, source: string): HellaswagItem[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, row) => {
    let entry: unknown;
    try {
      entry = JSON.parse(line);
    } catch (error) {
      throw corrupt(source, row, `needs JSON (${error instanceof Error ? error.message : error})`);
    }
    if (typeof entry !== "object" || entry === null) throw corrupt(source, row, "needs an object");
    return itemOf((key) => (entry as Readonly<Record<string, unknown>>)[key], row, source);
  });
}

const COLUMNS = ["activity_label", "ctx_a", "ctx_b", "endings", "source_id", "label"];

function itemOf(get: (key: string) => unknown, row: number, source: string): HellaswagItem {
  const text = (key: string): string => {
    const value = get(key);
    if (typeof value === "string") return value;
    throw corrupt(source, row, `needs text under "${key}", got ${typeof value}`);
  };
  const endings = get("endings");
  if (!Array.isArray(endings) || endings.length !== 4 || !endings.every((own) => typeof own === "string")) {
    throw corrupt(source, row, "needs four endings");
  }
  const label = Number(get("label")); // a number on GitHub, text on the hub; the test split has none
  if (!Number.isInteger(label) || label < 0 || label > 3 || get("label") === "") {
    throw corrupt(source, row, `needs a label from 0 to 3, got ${JSON.stringify(get("label"))}`);
  }
  const sourceId = text("source_id");
  return {
    row,
    activity: text("activity_label"),
    domain: sourceId.split("~")[0]!,
    sourceId,
    contextA: text("ctx_a"),
    contextB: text("ctx_b"),
    endings,
    label,
  };
}

function corrupt(source: string, row: number, problem: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot read HellaSwag: ${source} row ${row} ${problem}`);
}
