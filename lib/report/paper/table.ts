/** A LaTeX table in booktabs style. */

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
