/** Where every printed number came from: the paper's index. */
import type { Artifacts } from "./artifacts.ts";
import { type Format, latexValue } from "./latex.ts";

/** One printed value. */
export interface TracedValue {
  /** macro with its backslash, or `table: row / column` */
  readonly name: string;
  readonly file: string;
  readonly key: string;
  readonly value: unknown;
  /** as LaTeX prints it */
  readonly printed: string;
}

/** Prints values of artifacts and remembers each. */
export interface Trace {
  readonly artifacts: Artifacts;
  readonly values: readonly TracedValue[];
  /** Prints one value, or `missing` (default: a dash) where the artifact does not hold it. */
  print(name: string, source: { readonly file: string; readonly key: string }, format: Format): string;
  /** Prints a value computed from an artifact; `key` says how, in words. */
  printComputed(name: string, source: ComputedSource, format: Format): string;
}

/** Where a computed value comes from. */
export interface ComputedSource {
  readonly file: string;
  readonly key: string;
  readonly value: number;
}

const MISSING = "---";

/** Starts an empty trace over artifacts. */
export function openTrace(artifacts: Artifacts): Trace {
  const values: TracedValue[] = [];
  return {
    artifacts,
    values,
    print(name, { file, key }, format) {
      const value = artifacts.value(file, key);
      if (value === undefined || value === null) return MISSING;
      const printed = latexValue(value, format);
      values.push({ name, file, key, value, printed });
      return printed;
    },
    printComputed(name, { file, key, value }, format) {
      const printed = latexValue(value, format);
      values.push({ name, file, key, value, printed });
      return printed;
    },
  };
}

/** The index as Markdown; cells are not padded, since some hold whole sentences. */
export function traceTable(values: readonly TracedValue[]): string {
  const readable = (latex: string) => latex.replaceAll("\\ensuremath{-}", "-").replaceAll("{,}", ",");
  const rows = values.map(({ name, file, key, value, printed }) => [
    `\`${name}\``,
    file,
    `\`${key}\``,
    typeof value === "string" ? value : JSON.stringify(value),
    readable(printed),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [["where", "artifact", "key", "value", "printed"], Array(5).fill("---"), ...rows]
    .map((cells) => line(cells.map((cell) => cell.replaceAll("|", "\\|")))).join("");
}
