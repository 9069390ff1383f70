/** The simulation study's rows as a Markdown table. */
import type { Row } from "./simulate.ts";

/** Header of the table that formatRow() fills. */
export const TABLE_HEADER = [
  "| figure | world | estimand | method | studies | underpowered | rate | MC error | required | analytic | |",
  "|---|---|---|---|---|---|---|---|---|---|---|",
].join("\n");

/** One row of Markdown; rates in percent. */
export function formatRow(row: Row): string {
  const percent = (x: number, digits = 1) => (100 * x).toFixed(digits);
  const { rate, requirement, analytic } = row;
  const required = requirement === undefined
    ? "none (reference)"
    : `${percent(requirement.low)} to ${percent(requirement.high)}`;
  const cells = [
    row.section,
    row.world,
    row.estimand,
    row.method,
    String(row.nStudies),
    row.underpowered === 0 ? "" : `${percent(row.underpowered)} %`,
    rate === undefined ? "underpowered" : percent(rate.value),
    rate === undefined ? "" : percent(rate.error, 2),
    required,
    analytic === undefined ? "" : percent(analytic),
    row.passes ? "ok" : "FAILS",
  ];
  return `| ${cells.join(" | ")} |`;
}
