/** Tables of a profile that runs models (embedded, full): whatever its runs have written, and nothing else. */
import { isRecord } from "../artifacts.ts";
import { code, fixed, type Format, INTEGER, percent, signed } from "../latex.ts";
import { type LatexTable, leafTable } from "../table.ts";
import type { Trace } from "../trace.ts";

/** Runs of a profile: folders that hold a probe ladder. */
export function runsOf(trace: Trace, profile: string): string[] {
  return trace.artifacts.list(profile).filter((run) =>
    trace.artifacts.has(`${profile}/${run}/probe_results.json`)
  );
}

/** The synthesis table: the same rows as the records' one, as far as each run has them. */
export function profileSynthesis(trace: Trace, profile: string): LatexTable | undefined {
  const file = `${profile}/cross_modal_synthesis.json`;
  const rows = trace.artifacts.whole(file);
  if (!Array.isArray(rows)) return undefined;
  const runs = rows.filter(isRecord).map(({ run }) => String(run));
  const name = `${profile}_synthesis`;
  const line = (title: string, cell: (print: Print) => string) => [
    title,
    ...runs.map((run) =>
      cell((key, format) =>
        trace.print(`table ${name}: ${title} / ${run}`, { file, key: `[run=${run}].${key}` }, format)
      )
    ),
  ];
  const interval = (key: string) => (print: Print) =>
    withInterval([`${key}.0`, `${key}.1`, `${key}.2`], print, signed(3));
  const counted = (key: string) => (print: Print) => {
    const [significant, tested] = [print(`${key}.0`, INTEGER), print(`${key}.1`, INTEGER)];
    return tested === "---" ? "---" : `${significant} of ${tested}`;
  };
  return {
    name,
    caption:
      "The questions side by side in every run: AUROC of the rungs, differences with 95\\,\\% intervals, " +
      "latents whose ablation changes the metric, and the best rung for abstention. A dash: not asked of this run.",
    columns: `l${"c".repeat(runs.length)}`,
    header: ["", ...runs.map(code)],
    rows: [
      line("test items", (print) => print("n_test", INTEGER)),
      line("hard (\\%)", (print) => print("hard_frac", percent(1))),
      line("P1 cheap", (print) => print("P1", fixed(3))),
      line("P2 cheap + raw", (print) => print("P2_raw", fixed(3))),
      line("P3 cheap + SAE", (print) => print("P3_sae", fixed(3))),
      line("P3\\,\\ensuremath{-}\\,P2", interval("delta_sae_over_raw")),
      line("P3\\,\\ensuremath{-}\\,P1", interval("delta_sae_over_cheap")),
      line("ablation, all positions", counted("causal_all")),
      line("ablation, one position", counted("causal_last")),
      line("abstention, \\% of oracle", (print) => print("selective_best.1", fixed(1))),
    ],
    size: "footnotesize",
  };
}

/** AUROC with interval of every rung that any run has. */
export function profileLadder(trace: Trace, profile: string): LatexTable | undefined {
  const runs = runsOf(trace, profile);
  if (runs.length === 0) return undefined;
  const name = `${profile}_ladder`;
  const keysOf = (part: string) => [
    ...new Set(runs.flatMap((run) => {
      const found = trace.artifacts.value(`${profile}/${run}/probe_results.json`, part);
      return isRecord(found) ? Object.keys(found) : [];
    })),
  ];
  const cells = (part: string, key: string, point: string, format: Format) =>
    runs.map((run) =>
      withInterval(
        [point, "ci_low", "ci_high"],
        (field) =>
          trace.print(`table ${name}: ${key} / ${run}`, {
            file: `${profile}/${run}/probe_results.json`,
            key: `${part}.${key}.${field}`,
          }, format),
        format,
      )
    );
  return {
    name,
    caption: "Probe ladder of every run: test AUROC and differences with 95\\,\\% intervals.",
    columns: `l${"c".repeat(runs.length)}`,
    header: ["", ...runs.map(code)],
    rows: [
      ...keysOf("probes").map((rung) => [code(rung), ...cells("probes", rung, "auroc", fixed(3))]),
      [],
      ...keysOf("deltas").map((delta) => [code(delta), ...cells("deltas", delta, "point", signed(3))]),
    ],
    size: "scriptsize",
  };
}

/** SAE quality, controls, abstention, calibration, causal effects: every number of the artifacts that exist. */
export function profileDetails(trace: Trace, profile: string): LatexTable[] {
  const runs = runsOf(trace, profile);
  const artifacts = [
    ["sae_evaluation", "Reconstruction by the sparse autoencoders and the verdicts of the validity gate."],
    ["controls", "Positive, negative and sensitivity controls."],
    ["selective_prediction", "Selective prediction."],
    ["recalibration_results", "Calibration of the ladder's scores."],
    ["cascade_results", "Escalation to the larger model."],
    ["causal_ablation_all", "Ablation of single latents at all positions."],
  ] as const;
  return artifacts.flatMap(([artifact, caption]) => {
    const columns = runs.map((run) => ({ title: run, file: `${profile}/${run}/${artifact}.json` }));
    const table = leafTable(trace, { name: `${profile}_${artifact}`, caption, columns });
    return table === undefined || table.rows.length === 0 ? [] : [table];
  });
}

/** One sentence a run and delta: which side of zero its interval lies on. Computed, so that it cannot be out of date. */
export function profileSentences(trace: Trace, profile: string): string[] {
  return runsOf(trace, profile).flatMap((run) => {
    const file = `${profile}/${run}/probe_results.json`;
    const deltas = trace.artifacts.value(file, "deltas");
    if (!isRecord(deltas)) return [];
    return Object.keys(deltas).flatMap((delta) => {
      const low = trace.artifacts.value(file, `deltas.${delta}.ci_low`);
      const high = trace.artifacts.value(file, `deltas.${delta}.ci_high`);
      if (typeof low !== "number" || typeof high !== "number") return [];
      const printed = trace.print(
        `sentence: ${delta} / ${run}`,
        { file, key: `deltas.${delta}.point` },
        signed(3),
      );
      const finding = low > 0 ? "is above zero" : high < 0 ? "is below zero" : "cannot be told from zero";
      return [`${code(run)}: ${code(delta)} ${finding} (${printed}).`];
    });
  });
}

type Print = (key: string, format: Format) => string;

function withInterval(
  [point, low, high]: readonly [string, string, string],
  print: Print,
  format: Format,
): string {
  const value = print(point, format);
  const ends = [print(low, format), print(high, format)];
  return ends.includes("---") ? value : `${value} [${ends.join(", ")}]`;
}
