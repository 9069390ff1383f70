/** The cross-modal table as Markdown: metrics down, runs across. */
import type { CausalCount, PermutationSummary, PointInterval, SynthesisRow } from "../synthesis.ts";
import { markdownTable, signed } from "./text_table.ts";

/**
 * Renders synthesis rows; a question that was not asked of a run shows as a dash.
 * @param seeds what the differences are taken over, after their names; nothing for one SAE
 */
export function synthesisTable(rows: readonly SynthesisRow[], seeds: "" | " over seeds" = ""): string {
  const line = (label: string, cell: (row: SynthesisRow) => string) => [label, ...rows.map(cell)];
  return markdownTable(["metric", ...rows.map((row) => row.run)], [
    line("n test", (row) => String(row.n_test)),
    line("hard fraction", (row) => row.hard_frac.toFixed(3)),
    line("P1 cheap, AUROC", (row) => row.P1.toFixed(3)),
    line("P2 cheap + raw, AUROC", (row) => row.P2_raw.toFixed(3)),
    line("P3 cheap + SAE, AUROC", (row) => row.P3_sae.toFixed(3)),
    line(`P3 - P2${seeds} [95 % CI]`, (row) => intervalCell(row.delta_sae_over_raw)),
    line(`P3 - P1${seeds} [95 % CI]`, (row) => intervalCell(row.delta_sae_over_cheap)),
    line("label permutation p, one-sided", (row) => row.perm_p ? pCell(row.perm_p) : "—"),
    line("causal, all positions", (row) => causalCell(row.causal_all)),
    line("causal, single position", (row) => causalCell(row.causal_last)),
    line("selective, best rung", (row) => selectiveCell(row.selective_best)),
    line("cascade, dominating points", (row) => cascadeCell(row.cascade_dom_pts)),
  ]);
}

function intervalCell(delta: PointInterval | null): string {
  return delta ? `${signed(delta[0])} [${signed(delta[1])}, ${signed(delta[2])}]` : "—";
}

/** The published test counts b of B permutations, so its p can be 0: then it is below 1/B. */
function pCell({ p_one_sided: p, n_perm }: PermutationSummary): string {
  return p === 0 ? `< ${1 / n_perm}` : String(Number(p.toPrecision(3)));
}

function causalCell(count: CausalCount | null): string {
  return count ? `${count[0]} of ${count[1]}` : "—";
}

function selectiveCell(best: readonly [string, number] | null): string {
  return best ? `${best[0]}, ${best[1].toFixed(1)} % of oracle` : "—";
}

function cascadeCell(points: Readonly<Record<string, number>> | null): string {
  return points ? Object.entries(points).map(([rung, n]) => `${n} (${rung})`).join(", ") : "—";
}
