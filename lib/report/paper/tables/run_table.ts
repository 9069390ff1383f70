/** A table with quantities down and the runs of a profile across, from a list of lines. */
import { code, type Format } from "../latex.ts";
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
  const rows = options.lines.map(({ title, artifact, key, format, ends }) => [
    title,
    ...runs.map((run) => {
      const print = (part: string) =>
        trace.print(`table ${profile}_${name}: ${part} / ${run}`, {
          file: `${profile}/${run}/${artifact}.json`,
          key: part,
        }, format);
      const value = print(key);
      const limits = (ends ?? []).map(print);
      return limits.length === 0 || limits.includes(MISSING) ? value : `${value} [${limits.join(", ")}]`;
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
