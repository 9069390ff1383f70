/** The embedded synthesis as Markdown: the published rows, then what the corrected protocol answers. */
import type { Inference } from "../stats/interval.ts";
import type { EmbeddedSynthesis } from "../run/embedded/synthesis.ts";
import { synthesisTable } from "./synthesis_table.ts";
import { markdownTable, signed } from "./text_table.ts";

/** Renders the table. */
export function embeddedTable({ rows, contrast }: EmbeddedSynthesis): string {
  const line = (label: string, cell: (row: EmbeddedSynthesis["rows"][number]) => string) => [
    label,
    ...rows.map(cell),
  ];
  const percent = (value: number | undefined) => value === undefined ? "—" : `${(100 * value).toFixed(1)} %`;
  const corrected = markdownTable(["corrected protocol", ...rows.map(({ run }) => run)], [
    line(
      "SAE validity gate",
      ({ corrected: { gate } }) =>
        gate.verdict === "pass" ? "pass" : `REFUSED (${gate.n_refused} of ${gate.n_seeds} seeds)`,
    ),
    line("P0 own uncertainty, AUROC", (row) => row.corrected.P0_uncertainty.toFixed(3)),
    line("P4 raw, AUROC", (row) => row.corrected.P4_raw_only.toFixed(3)),
    ...(rows[0]?.corrected.increment ?? []).map((_, s) =>
      line(`P6 - B, SAE seed ${s + 1} [95 % CI]`, (row) => inferenceCell(row.corrected.increment[s]))
    ),
    line(
      "AUGRC, P0, share of oracle",
      (row) => percent(row.corrected.augrc_share_of_oracle["P0_uncertainty"]),
    ),
    line(
      "AUGRC, P6, share of oracle",
      (row) => percent(row.corrected.augrc_share_of_oracle["P6_nested_sae"]),
    ),
    line(
      "cascade, P0, share of oracle",
      (row) => percent(row.corrected.cascade_share_of_oracle["P0_uncertainty"]),
    ),
    line(
      "cascade, P3, share of oracle",
      (row) => percent(row.corrected.cascade_share_of_oracle["P3_cheap_sae"]),
    ),
  ]);
  const interaction = contrast
    ? `\nP6 - B, ${contrast.between[0]} less ${contrast.between[1]} (first seed): ${
      inferenceCell(contrast.inference)
    }\n`
    : "";
  return `${synthesisTable(rows)}\n${corrected}${interaction}`;
}

function inferenceCell(inference: Inference | undefined): string {
  if (inference === undefined) return "—";
  return inference.status === "underpowered"
    ? `${signed(inference.value)} (underpowered)`
    : `${signed(inference.value)} [${signed(inference.ciLow)}, ${signed(inference.ciHigh)}]`;
}
