/** The cross-modal table of a profile: the questions side by side. */
import { isRecord } from "../artifacts.ts";
import { code, fixed, type Format, INTEGER, percent, signed, TEXT } from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";

type Print = (key: string, format: Format) => string;

/** @returns undefined if the profile has no synthesis */
export function profileSynthesis(trace: Trace, profile: string): LatexTable | undefined {
  const file = `${profile}/cross_modal_synthesis.json`;
  const whole = trace.artifacts.whole(file);
  const [rows, prefix] = isRecord(whole) ? [whole["rows"], "rows."] : [whole, ""];
  if (!Array.isArray(rows)) return undefined;
  const runs = rows.filter(isRecord).map(({ run }) => String(run));
  const name = `${profile}_synthesis`;
  const line = (title: string, cell: (print: Print) => string) => [
    title,
    ...runs.map((run) =>
      cell((key, format) =>
        trace.print(
          `table ${name}: ${title} / ${run}`,
          { file, key: `${prefix}[run=${run}].${key}` },
          format,
        )
      )
    ),
  ];
  const interval = (key: string) => (print: Print) => {
    const [point, low, high] = [0, 1, 2].map((end) => print(`${key}.${end}`, signed(3)));
    return low === "---" ? `${point}` : `${point} [${low}, ${high}]`;
  };
  const counted = (key: string) => (print: Print) => {
    const [significant, tested] = [print(`${key}.0`, INTEGER), print(`${key}.1`, INTEGER)];
    return tested === "---" ? "---" : `${significant} of ${tested}`;
  };
  const lines = [
    line("test items", (print) => print("n_test", INTEGER)),
    line("hard (\\%)", (print) => print("hard_frac", percent(1))),
    line("SAE gate", (print) => print("corrected.gate.verdict", TEXT)),
    line("P0 own uncertainty", (print) => print("corrected.P0_uncertainty", fixed(3))),
    line("P1 cheap", (print) => print("P1", fixed(3))),
    line("P2 cheap + raw", (print) => print("P2_raw", fixed(3))),
    line("P3 cheap + SAE", (print) => print("P3_sae", fixed(3))),
    line("P3\\,\\ensuremath{-}\\,P2", interval("delta_sae_over_raw")),
    line("P3\\,\\ensuremath{-}\\,P1", interval("delta_sae_over_cheap")),
    line("ablation, all positions", counted("causal_all")),
    line("ablation, one position", counted("causal_last")),
    line("best abstention", (print) => code(print("selective_best.0", TEXT).replaceAll("\\_", "_"))),
    line("\\quad \\% of oracle's AURC gain", (print) => print("selective_best.1", fixed(1))),
  ];
  return {
    name,
    caption:
      "The questions side by side in every run: AUROC of rungs, differences with 95\\,\\% intervals, " +
      "latents whose ablation changes the metric, the best rung for abstention.",
    columns: `l${"c".repeat(runs.length)}`,
    header: ["", ...runs.map(code)],
    rows: lines.filter(([, ...cells]) => cells.some((cell) => cell !== "---" && cell !== code("---"))),
    size: "footnotesize",
  };
}
