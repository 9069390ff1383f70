/** A LaTeX table in booktabs style, and the generic one over any artifact. */
import { type Artifacts, isRecord } from "./artifacts.ts";
import { code, NUMBER } from "./latex.ts";
import type { Trace } from "./trace.ts";

/** One float with a tabular in it. */
export interface LatexTable {
  /** file stem under generated/, and label `tab:NAME` */
  readonly name: string;
  /** LaTeX */
  readonly caption: string;
  /** column specification of tabular */
  readonly columns: string;
  /** LaTeX cells */
  readonly header: readonly string[];
  /** LaTeX cells; an empty row is a rule */
  readonly rows: readonly (readonly string[])[];
  /** size of the text, small unless told */
  readonly size?: "small" | "footnotesize" | "scriptsize";
  /** may break across pages */
  readonly long?: boolean;
}

/** The table as LaTeX source: a float, or a longtable that may break across pages. */
export function latexTable(table: LatexTable): string {
  const { name, caption, columns, header, rows, size = "small", long = false } = table;
  const line = (cells: readonly string[]) => cells.length === 0 ? "\\midrule" : `${cells.join(" & ")} \\\\`;
  const title = `\\caption{${caption}}\\label{tab:${name}}`;
  const head = ["\\toprule", line(header), "\\midrule"];
  const body = [...rows.map(line), "\\bottomrule"];
  const lines = long
    ? [
      `{\\${size}`,
      `\\begin{longtable}{${columns}}`,
      `${title} \\\\`,
      ...head,
      "\\endfirsthead",
      ...head,
      "\\endhead",
      ...body,
      "\\end{longtable}}",
    ]
    : [
      "\\begin{table}[tbp]",
      "\\centering",
      title,
      `\\${size}`,
      `\\begin{tabular}{${columns}}`,
      ...head,
      ...body,
      "\\end{tabular}",
      "\\end{table}",
    ];
  return lines.join("\n") + "\n";
}

/** A column of the generic table: one artifact. */
export interface LeafColumn {
  readonly title: string;
  readonly file: string;
}

const MAX_ROWS = 36;

/**
 * Every number of some artifacts of one shape: keys down, artifacts across. Lists are left out, since they are curves.
 * @returns undefined if no file exists
 */
export function leafTable(
  trace: Trace,
  table: { readonly name: string; readonly caption: string; readonly columns: readonly LeafColumn[] },
): LatexTable | undefined {
  const columns = table.columns.filter(({ file }) => trace.artifacts.has(file));
  if (columns.length === 0) return undefined;
  const keys = [...new Set(columns.flatMap(({ file }) => numericKeys(trace.artifacts, file)))];
  const shown = keys.slice(0, MAX_ROWS);
  const left = keys.length - shown.length;
  const caption = left > 0
    ? `${table.caption} The artifacts hold ${left} further numbers, not shown.`
    : table.caption;
  return {
    name: table.name,
    caption,
    columns: `l${"r".repeat(columns.length)}`,
    header: ["quantity", ...columns.map(({ title }) => code(title))],
    rows: shown.map((key) => [
      code(key.replaceAll("'", "")),
      ...columns.map(({ title, file }) =>
        trace.print(`table ${table.name}: ${key} / ${title}`, { file, key }, NUMBER)
      ),
    ]),
    size: "footnotesize",
  };
}

function numericKeys(artifacts: Artifacts, file: string): string[] {
  const keys: string[] = [];
  const visit = (value: unknown, path: string) => {
    if (typeof value === "number") keys.push(path);
    if (!isRecord(value)) return;
    for (const [name, member] of Object.entries(value)) {
      const part = /^[^.[\]()']+$/.test(name) ? name : `'${name}'`;
      visit(member, path === "" ? part : `${path}.${part}`);
    }
  };
  visit(artifacts.whole(file), "");
  return keys;
}
