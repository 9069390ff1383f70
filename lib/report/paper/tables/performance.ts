/** Measured times beside those of the program that each part replaces. */
import { isRecord } from "../artifacts.ts";
import { escapeLatex, fixed, type Format, significant, TEXT } from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";

const FILE = "performance/performance.json";

/** @returns undefined if nothing was measured */
export function performanceTable(trace: Trace): LatexTable | undefined {
  const rows = trace.artifacts.value(FILE, "rows");
  if (!Array.isArray(rows) || rows.length === 0) return undefined;
  const cell = (index: number, field: string, format: Format) =>
    trace.print(
      `table performance: row ${index + 1} / ${field}`,
      { file: FILE, key: `rows.${index}.${field}` },
      format,
    );
  const loads = rows.filter(isRecord).map(({ load }) => Number(load));
  const load = trace.printComputed(
    "table performance: largest load",
    { file: FILE, key: "largest of rows.*.load", value: Math.max(...loads) },
    fixed(1),
  );
  const cpu = escapeLatex(String(trace.artifacts.value(FILE, "machine.cpu")));
  return {
    name: "performance",
    caption:
      `Wall time in seconds beside the program that the part replaces, on the same input and machine ` +
      `(${cpu}, ${trace.artifacts.value(FILE, "machine.n_cpus")} cores; largest load average before a ` +
      `measurement ${load}). A ratio above 1 is faster here, below 1 slower.`,
    columns: "llrrr",
    header: ["", "beside", "here", "peer", "ratio"],
    rows: rows.map((_, index) => [
      cell(index, "what", TEXT),
      cell(index, "peer", TEXT),
      cell(index, "ours_seconds", significant(3)),
      cell(index, "peer_seconds", significant(3)),
      cell(index, "ratio", significant(3)),
    ]),
    size: "footnotesize",
  };
}
