/** Tables as text: aligned for a terminal and valid as Markdown. */

/**
 * A Markdown table whose columns line up; numbers are right-aligned.
 * @param header column titles
 * @param rows cells as they shall appear; a cell that starts with a digit or a sign is a number
 */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => header.map((_, j) => (row[j] ?? "").replaceAll("|", "\\|")));
  const widths = header.map((title, j) => Math.max(3, title.length, ...cells.map((row) => row[j]!.length)));
  const numeric = header.map((_, j) =>
    cells.length > 0 && cells.every((row) => /^([+-]?\d|—|$)/.test(row[j]!))
  );
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, j) => numeric[j] ? cell.padStart(widths[j]!) : cell.padEnd(widths[j]!)).join(" | ")
    } |`;
  const rule = `|${
    widths.map((width, j) => (numeric[j] ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")
  }|`;
  return [line(header), rule, ...cells.map(line)].join("\n") + "\n";
}

/** A signed number with a fixed count of decimals, minus zero never. */
export function signed(value: number, decimals = 3): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : value > 0 ? `+${text}` : text;
}

/** A difference or tolerance: "0", "3.1e-7" or plain decimals where they are shorter. */
export function small(value: number): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toPrecision(3);
}
