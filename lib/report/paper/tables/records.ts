/** Tables of the published study, re-derived from its records. */
import { isRecord } from "../artifacts.ts";
import { code, fixed, type Format, INTEGER, percent, signed, significant } from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";

const RUNS = ["llm_hellaswag", "llm_hellaswag_late", "llm_squad", "llm_squad_late"] as const;
const TITLES: Readonly<Record<string, string>> = {
  llm_hellaswag: "HellaSwag mid",
  llm_hellaswag_late: "HellaSwag late",
  llm_squad: "SQuAD mid",
  llm_squad_late: "SQuAD late",
};
const RUNGS = ["P1_cheap", "P2_cheap_raw", "P3_cheap_sae", "P4_raw_only", "P5_sae_only"] as const;
const DELTAS = [
  "P2_cheap_raw-P1_cheap",
  "P3_cheap_sae-P1_cheap",
  "P3_cheap_sae-P2_cheap_raw",
] as const;

/** Q1 as published: AUROC of each rung and the deltas that carry the claim. */
export function recordsLadder(trace: Trace): LatexTable {
  const name = "records_ladder";
  const cell = (row: string, run: string, key: string, digits = fixed(3)) =>
    trace.print(`table ${name}: ${row} / ${run}`, { file: `records/${run}/probe_results.json`, key }, digits);
  const interval = (row: string, run: string, key: string) =>
    `${cell(row, run, `${key}.point`, signed(3))} [${cell(row, run, `${key}.ci_low`, signed(3))}, ${
      cell(row, run, `${key}.ci_high`, signed(3))
    }]`;
  return {
    name,
    caption:
      "The published probe ladder re-derived from its records: test AUROC of each rung, and differences " +
      "with 95\\,\\% percentile intervals over items taken as independent, as published. " +
      "``no model'': every coefficient is zero and the score is constant.",
    columns: "l@{\\hskip 6pt}" + "c".repeat(RUNS.length),
    header: ["", ...RUNS.map((run) => TITLES[run] ?? run)],
    rows: [
      ["test items", ...RUNS.map((run) => cell("test items", run, "n_test", INTEGER))],
      ["hard (\\%)", ...RUNS.map((run) => cell("hard", run, "hard_fraction", percent(1)))],
      ...RUNGS.map((rung) => [
        code(rung),
        ...RUNS.map((run) => {
          const empty = trace.artifacts.value(`records/${run}/probe_results.json`, `probes.${rung}.no_model`);
          return cell(rung, run, `probes.${rung}.auroc`) + (empty === true ? " (no model)" : "");
        }),
      ]),
      [],
      ...DELTAS.map((delta) => [
        delta.split("-").map((rung) => rung.slice(0, 2)).join("\\,\\ensuremath{-}\\,"),
        ...RUNS.map((run) => interval(delta, run, `deltas.${delta}`)),
      ]),
    ],
    size: "footnotesize",
  };
}

/** What was compared with the published numbers, and how far apart the worst pair is. */
export function recordsGates(trace: Trace): LatexTable {
  const name = "records_gates";
  const gates = trace.artifacts.whole("records/gates.json");
  const rows = Array.isArray(gates) ? gates.filter(isRecord) : [];
  const kinds = [
    ["exact (tolerance 0)", "tolerance 0", (tolerance: number) => tolerance === 0],
    [
      "to \\ensuremath{10^{-9}}",
      "tolerance to 1e-9",
      (tolerance: number) => tolerance > 0 && tolerance <= 1e-9,
    ],
    ["looser: refits", "looser tolerance", (tolerance: number) => tolerance > 1e-9],
  ] as const;
  return {
    name,
    caption:
      "Gates of the records profile. A gate compares one published quantity (one number or a curve) with its " +
      "re-derivation; the last column is the largest absolute difference in the group. " +
      "Refits differ because liblinear stops early.",
    columns: "lrrrr",
    header: ["group", "gates", "passed", "numbers", "largest difference"],
    rows: kinds.map(([title, how, belongs]) => {
      const group = rows.filter(({ tolerance }) => belongs(Number(tolerance)));
      const sum = (field: string) => group.reduce((total, row) => total + Number(row[field]), 0);
      const most = group.reduce((largest, { difference }) => Math.max(largest, Number(difference)), 0);
      const cell = (column: string, value: number, format: Format = INTEGER) =>
        trace.printComputed(
          `table ${name}: ${how} / ${column}`,
          { file: "records/gates.json", key: `${column} of gates with ${how}`, value },
          format,
        );
      return [
        title,
        cell("gates", group.length),
        cell("passed", sum("passed")),
        cell("numbers", sum("nNumbers")),
        cell("largest difference", most, significant(2)),
      ];
    }),
  };
}

/** Q2 as published. */
export function recordsCausal(trace: Trace): LatexTable {
  const name = "records_causal";
  const kinds = [
    ["all", "all positions, all-position SAE"],
    ["last", "one position, all-position SAE"],
    ["boundary_sae_boundary", "one position, boundary SAE"],
    ["binary", "one position, boundary SAE, 0/1 error"],
  ] as const;
  const rows = ["llm_hellaswag", "llm_squad"].flatMap((run) =>
    kinds.flatMap(([kind, title]) => {
      const file = `records/${run}/causal_ablation_${kind}.json`;
      if (!trace.artifacts.has(file)) return [];
      const cell = (column: string, key: string, format = INTEGER) =>
        trace.print(`table ${name}: ${run}, ${kind} / ${column}`, { file, key }, format);
      const latents = "per_feature_ablation_delta";
      return [[
        TITLES[run]?.replace(" mid", "") ?? run,
        title,
        cell("items", "n"),
        `${cell("significant", `${latents}.count(significant=true)`)} of ${
          cell("latents", `${latents}.count()`)
        }`,
        cell("zero", `${latents}.count(point=0)`),
        cell("reconstruction", "delta_sae_recon.point", signed(4)),
        largestEffect(trace, file),
      ]];
    })
  );
  return {
    name,
    caption:
      "The published causal runs, aggregates recomputed from recorded per-item values. ``zero'': latents " +
      "whose ablation changes nothing on any item, so the test says nothing. ``recon.'': effect of the SAE's " +
      "reconstruction alone. ``largest'': largest single-latent effect, in the units of the metric.",
    columns: "llrcrrr",
    header: ["data", "patch", "items", "signif.", "zero", "recon.", "largest"],
    rows,
    size: "footnotesize",
  };
}

/** Q3 and Q4 as published. */
export function recordsDecisions(trace: Trace): LatexTable {
  const name = "records_decisions";
  const cell = (row: string, run: string, file: string, key: string, format = percent(1)) =>
    trace.print(`table ${name}: ${row} / ${run}`, { file: `records/${run}/${file}.json`, key }, format);
  const line = (title: string, file: string, key: string, format = percent(1)) => [
    title,
    ...RUNS.map((run) => cell(title, run, file, key, format)),
  ];
  return {
    name,
    caption:
      "The published decision results re-derived. Selective prediction: share of the oracle's gain in AURC " +
      "(\\%). Calibration of P1: expected calibration error, ten bins. Cascade: thresholds (of 41) whose point " +
      "lies strictly below the line between the cheap and the expensive model.",
    columns: "lrrrr",
    header: ["", ...RUNS.map((run) => TITLES[run] ?? run)],
    rows: [
      ...RUNGS.map((rung) =>
        line(`selective, ${code(rung)}`, "selective_prediction", `probes.${rung}.fraction_of_oracle_aurc`)
      ),
      [],
      ...["raw", "platt", "isotonic"].map((variant) =>
        line(`ECE of P1, ${variant}`, "recalibration_results", `P1_cheap.${variant}.ece`, fixed(3))
      ),
      [],
      ...["P1_cheap", "P3_cheap_sae"].map((rung) =>
        line(`cascade, ${code(rung)}`, "cascade_results", `probes.${rung}.n_dominating_points`, INTEGER)
      ),
      line("error, always cheap (\\%)", "cascade_results", "always_cheap.mean_error"),
      line("error, always expensive (\\%)", "cascade_results", "always_expensive.mean_error"),
    ],
    size: "footnotesize",
  };
}

function largestEffect(trace: Trace, file: string): string {
  const effects = trace.artifacts.value(file, "per_feature_ablation_delta");
  if (!isRecord(effects)) return "---";
  const [latent] = Object.keys(effects).sort((a, b) => size(effects[b]) - size(effects[a]));
  const key = `per_feature_ablation_delta.${latent}.point`;
  return trace.print(`table records_causal: largest / ${file}`, { file, key }, significant(2));
}

function size(effect: unknown): number {
  return isRecord(effect) ? Math.abs(Number(effect["point"])) : 0;
}
