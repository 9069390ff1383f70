/** Reads values out of committed JSON artifacts by file and key, so that whatever a paper prints can be traced. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A value a key can lead to and a text can print. */
export type Leaf = number | string | boolean | null;

/** The artifacts under one directory, read when first asked for. */
export interface Artifacts {
  /** Whether the file exists. */
  has(file: string): boolean;
  /** The whole artifact, or the list of those that a name with a star stands for; undefined if there is none. */
  whole(file: string): unknown;
  /** Whatever the key leads to; undefined if file or key is missing. */
  value(file: string, key: string): unknown;
  /** Names of the entries of a folder, sorted; none if there is no such folder. */
  list(folder: string): string[];
}

/**
 * Opens a directory of artifacts.
 *
 * A key is a path of names, `probes.P1_cheap.auroc`; a name with dots stands in single quotes. `[run=llm_squad]` picks the first record of a list whose field
 * reads so; `count(passed=true)` ends a path with the number of such records (of a list or of an object's values; the
 * field may be a path itself),
 * `count()` with the number of all, `sum(nNumbers)` with the sum of a field over them,
 * `max()` with the largest of a list or object of numbers.
 *
 * A folder written as an asterisk stands for every folder that holds the file; the artifact is then the list of them.
 *
 * @param root directory that file names are relative to
 * @throws {SyntaxError} when a file is asked for that is not JSON, or for a key that does not parse
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { follow } from "lib/report/paper/artifacts.ts";
 * const rows = [{ run: "a", passed: true, n: 2 }, { run: "b", passed: false, n: 3 }];
 * assert.equal(follow(rows, "[run=b].n"), 3);
 * assert.equal(follow(rows, "count(passed=true)"), 1);
 * assert.equal(follow(rows, "sum(n)"), 5);
 * ```
 */
export function openArtifacts(root: string): Artifacts {
  const read = new Map<string, unknown>();
  const whole = (file: string): unknown => {
    if (!read.has(file)) {
      read.set(file, file.includes("/*/") ? everyFolder(file) : readJson(join(root, file)));
    }
    return read.get(file);
  };
  const everyFolder = (file: string): unknown => {
    const [before = "", after = ""] = file.split("/*/");
    const found = list(before).map((folder) => whole(`${before}/${folder}/${after}`));
    const artifacts = found.filter((artifact) => artifact !== undefined);
    return artifacts.length === 0 ? undefined : artifacts;
  };
  const list = (folder: string): string[] => {
    try {
      return readdirSync(join(root, folder)).sort();
    } catch {
      return [];
    }
  };
  return {
    whole,
    has: (file) => whole(file) !== undefined,
    value: (file, key) => follow(whole(file), key),
    list,
  };
}

/** What a key leads to within a value; undefined if it leads nowhere. See openArtifacts(). */
export function follow(value: unknown, key: string): unknown {
  let at = value;
  for (const step of steps(key)) {
    if (at === undefined || at === null) return undefined;
    at = step(at);
  }
  return at;
}

/** Narrows to a record. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Step = (value: unknown) => unknown;

function steps(key: string): Step[] {
  const pattern =
    /\[([^\]=]+)=([^\]]*)\]|count\(([^)=]*)(?:=([^)]*))?\)|sum\(([^)]+)\)|(max)\(\)|'([^']+)'|([^.[\]()']+)/gy;
  const found: Step[] = [];
  let end = 0;
  while (end < key.length) {
    pattern.lastIndex = end;
    const match = pattern.exec(key);
    if (match === null) {
      throw new SyntaxError(`Cannot read key "${key}": needs a path, got "${key.slice(end)}"`);
    }
    const [whole, field, wanted, counted, countedValue, summed, max, quoted, plain] = match;
    const name = quoted ?? plain;
    if (field !== undefined) found.push((value) => members(value).find((row) => reads(row, field, wanted)));
    else if (summed !== undefined) found.push((value) => sum(members(value), summed));
    else if (max !== undefined) found.push((value) => Math.max(...members(value).map(Number)));
    else if (name !== undefined) found.push((value) => own(value, name));
    else {
      found.push((value) =>
        members(value).filter((row) => !counted || String(follow(row, counted)) === countedValue).length
      );
    }
    end += whole.length;
    if (key[end] === ".") end++;
  }
  return found;
}

function own(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function members(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [];
}

function reads(row: unknown, field: string, wanted: string | undefined): boolean {
  return isRecord(row) && String(row[field]) === wanted;
}

function sum(rows: readonly unknown[], field: string): number {
  return rows.reduce((total: number, row) => total + Number(isRecord(row) ? row[field] : NaN), 0);
}

function readJson(path: string): unknown {
  let contents: string;
  try {
    contents = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR"].includes(String(error.code))) {
      return undefined;
    }
    throw error;
  }
  try {
    return JSON.parse(contents);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: needs JSON`, { cause });
  }
}
