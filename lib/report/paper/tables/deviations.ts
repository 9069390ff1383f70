/** Every deviation of the corrected protocol from the published one, for the appendix. */
import { DEVIATIONS } from "../../../run/deviations.ts";
import { escapeLatex } from "../latex.ts";
import type { LatexTable } from "../table.ts";

/** What was done, what is done instead, why. Sources and measured effects are in paper/deviations.md. */
export function deviationsTable(): LatexTable {
  return {
    name: "deviations",
    caption: "Every deviation of the corrected protocol from the published one. Each is one switch; " +
      "sources and measured effects stand in \\texttt{paper/deviations.md}.",
    columns: "@{}lP{0.30\\linewidth}P{0.34\\linewidth}P{0.26\\linewidth}@{}",
    header: ["", "published", "corrected", "reason"],
    rows: DEVIATIONS.map(({ id, published, corrected, reason }) => [
      id,
      ...[published, corrected, reason].map(escapeLatex),
    ]),
    size: "scriptsize",
    long: true,
  };
}
