/** A sweep's table in the terminal: a line a run, what SAE codes add, and whether the SAE passed its gate. */
import { markdownTable } from "../../report/text_table.ts";
import type { SweepRow } from "./measure.ts";

const AUROCS = ["P1_cheap", "P2_cheap_raw", "P3_cheap_sae", "P5_sae_only"] as const;
const DELTAS = ["P3_cheap_sae-P2_cheap_raw", "P6_nested_sae-B_uncertainty_cheap_raw"] as const;

/** Markdown. */
export function sweepText(rows: readonly SweepRow[]): string {
  const headings = ["run", ...AUROCS, ...DELTAS, "latents kept", "SAE"];
  return markdownTable(
    headings,
    rows.map((row) => {
      if (typeof row["refused"] === "string") {
        return [
          String(row["run"]),
          String(row["refused"]),
          ...headings.slice(2).map(() => ""),
        ];
      }
      return [
        String(row["run"]),
        ...AUROCS.map((rung) => Number(row[`auroc_${rung}`]).toFixed(3)),
        ...DELTAS.map((pair) => withInterval(row, pair)),
        String(row["n_latents_kept"]),
        String(row["sae_verdict"]),
      ];
    }),
  );
}

function withInterval(row: SweepRow, pair: string): string {
  const signed = (value: unknown) => `${Number(value) < 0 ? "-" : "+"}${Math.abs(Number(value)).toFixed(3)}`;
  const low = row[`${pair}_low`], high = row[`${pair}_high`];
  const interval = typeof low === "number" && typeof high === "number"
    ? `[${signed(low)}, ${signed(high)}]`
    : "underpowered";
  return `${signed(row[pair])} ${interval}`;
}
