/** A table with quantities down and the runs of a profile across, from a list of lines. */
import { code, type Format, INTEGER } from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";

/** One quantity of every run. */
export interface RunLine {
  /** LaTeX */
  readonly title: string;
  /** file stem within the run's folder */
  readonly artifact: string;
  readonly key: string;
  readonly format: Format;
  /** keys of the ends of its interval, if it has one */
  readonly ends?: readonly [low: string, high: string];
  /** key of a count that follows in parentheses unless it is 0 */
  readonly count?: string;
  /** a run whose artifact reads so has no cell: its value would mean nothing */
  readonly unless?: { readonly key: string; readonly value: unknown };
}

/** Where the artifact of a run is. */
export interface RunTableOptions {
  readonly profile: string;
  readonly runs: readonly string[];
  readonly name: string;
  readonly caption: string;
  readonly lines: readonly RunLine[];
}

const MISSING = "---";

/** The table; a line that no run has is left out. @returns undefined if nothing is left */
export function runTable(trace: Trace, options: RunTableOptions): LatexTable | undefined {
  const { profile, runs, name, caption } = options;
  const rows = options.lines.map((line) => [
    line.title,
    ...runs.map((run) => {
      const file = `${profile}/${run}/${line.artifact}.json`;
      const print = (part: string, format = line.format) =>
        trace.print(`table ${profile}_${name}: ${part} / ${run}`, { file, key: part }, format);
      if (line.unless !== undefined && trace.artifacts.value(file, line.unless.key) === line.unless.value) {
        return MISSING;
      }
      const value = print(line.key);
      const limits = (line.ends ?? []).map((end) => print(end));
      const counted = line.count !== undefined && Number(trace.artifacts.value(file, line.count) ?? 0) > 0
        ? ` (${print(line.count, INTEGER)})`
        : "";
      return limits.length === 0 || limits.includes(MISSING)
        ? `${value}${counted}`
        : `${value} [${limits.join(", ")}]${counted}`;
    }),
  ]).filter(([, ...cells]) => cells.some((cell) => cell !== MISSING));
  if (rows.length === 0) return undefined;
  return {
    name: `${profile}_${name}`,
    caption,
    columns: `l${"c".repeat(runs.length)}`,
    header: ["", ...runs.map(code)],
    rows,
    size: "footnotesize",
  };
}
