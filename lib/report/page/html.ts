/** Text and tables as HTML, shared by notebooks and the report page. */

/** A text with HTML's own characters escaped, for content and attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}

/** A table with a caption; columns of numbers are right-aligned. */
export function tableHtml(
  { caption, header, rows }: {
    readonly caption: string;
    readonly header: readonly string[];
    readonly rows: readonly (readonly string[])[];
  },
): string {
  const numeric = header.map((_, j) => rows.length > 0 && rows.every((row) => isNumeric(row[j] ?? "")));
  const cell = (tag: string, text: string, j: number) =>
    `<${tag}${tag === "th" ? ' scope="col"' : ""}${numeric[j] ? ' align="right"' : ' align="left"'}>${
      escapeHtml(text)
    }</${tag.split(" ")[0]}>`;
  const head = header.map((text, j) => cell("th", text, j)).join("");
  const body = rows.map((row) => `<tr>${header.map((_, j) => cell("td", row[j] ?? "", j)).join("")}</tr>`);
  return `<table><caption>${escapeHtml(caption)}</caption>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${
    body.join("\n")
  }\n</tbody></table>`;
}

/** Whether a cell is a number, an interval, a share or a gap. */
export function isNumeric(cell: string): boolean {
  return /^[+\u2212-]?\d|^—?$/.test(cell);
}
