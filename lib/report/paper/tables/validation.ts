/** Tables of what was validated: organisms, and the inference methods by simulation. */
import { isRecord } from "../artifacts.ts";
import { escapeLatex, fixed, type Format, INTEGER, percent, significant, TEXT } from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";

/** What the model organisms can do, and that nothing trivial tells their errors. */
export function organismsTable(trace: Trace): LatexTable | undefined {
  const file = "organisms/evaluation.json";
  if (!trace.artifacts.has(file)) return undefined;
  const name = "organisms";
  const shapes = [
    ["questions", "accuracyCheap", "accuracyExpensive", "trivialAurocWrong", percent(1)],
    ["endings", "accuracyCheap", "accuracyExpensive", "trivialAurocWrong", percent(1)],
    ["series", "ratioCheap", "ratioExpensive", "trivialAurocHard", fixed(3)],
  ] as const;
  return {
    name,
    caption:
      "Model organisms on held-out generated items. Questions and endings: accuracy (\\%). Series: CRPS over " +
      "that of the seasonal naive, below 1 is better. Gain of the larger model with a 95\\,\\% interval: points of " +
      "accuracy, and for series CRPS in units of the in-sample seasonal error. Last column: the best AUROC of any " +
      "trivial statistic for the errors of the small model.",
    columns: "lrrrcr",
    header: ["items", "n", "cheap", "expensive", "gain [95\\,\\%]", "trivial AUROC"],
    rows: shapes.map(([shape, cheap, expensive, trivial, format]) => {
      const cell = (column: string, key: string, as: Format = format) =>
        trace.print(`table ${name}: ${shape} / ${column}`, { file, key: `${shape}.${key}` }, as);
      return [
        shape,
        cell("n", "nItems", INTEGER),
        cell("cheap", cheap),
        cell("expensive", expensive),
        `${cell("gain", "gain.value")} [${cell("gain low", "gain.ciLow")}, ${
          cell("gain high", "gain.ciHigh")
        }]`,
        cell("trivial", `${trivial}.max()`, fixed(3)),
      ];
    }),
  };
}

/** Coverage and type I error of the inference methods; the AUROC difference only, the whole table is the artifact. */
export function simulationTable(trace: Trace): LatexTable | undefined {
  const file = "simulation/simulation.json";
  const rows = trace.artifacts.value(file, "rows");
  if (!Array.isArray(rows)) return undefined;
  const chosen = rows.flatMap((row, index) =>
    isRecord(row) && row["section"] !== "power" && /AUROC/i.test(String(row["estimand"]))
      ? [{ row, index }]
      : []
  );
  return {
    name: "simulation",
    caption:
      "Inference for AUROC differences in simulated worlds with known truth: share of 95\\,\\% intervals that " +
      "cover (wanted: 93 to 97), share of true nulls rejected at 5\\,\\% (wanted: 4 to 6). ``reference'' rows are " +
      "the naive methods, which ignore dependence. Underpowered: the method declines to answer.",
    columns: "@{}lP{0.30\\linewidth}P{0.27\\linewidth}rrl@{}",
    header: ["figure", "world", "method", "rate (\\%)", "\\ensuremath{\\pm}", "verdict"],
    rows: chosen.map(({ row, index }) => {
      const where = `table simulation: ${row["world"]}, ${row["method"]} / ${row["section"]}`;
      const cell = (key: string) =>
        trace.print(where, { file, key: `rows.${index}.rate.${key}` }, percent(key === "error" ? 2 : 1));
      const reference = row["requirement"] === undefined;
      const answered = row["rate"] !== undefined;
      return [
        escapeLatex(String(row["section"])),
        escapeLatex(String(row["world"])),
        escapeLatex(String(row["method"])),
        answered ? cell("value") : "---",
        answered ? cell("error") : "---",
        !answered ? "underpowered" : reference ? "reference" : row["passes"] === true ? "ok" : "outside",
      ];
    }),
    size: "scriptsize",
    long: true,
  };
}

/** Measured times beside those of the published implementation on the same machine. */
export function performanceTable(trace: Trace): LatexTable | undefined {
  const file = "performance/performance.json";
  const rows = trace.artifacts.value(file, "rows");
  if (!Array.isArray(rows)) return undefined;
  const cell = (index: number, field: string, format: Format) =>
    trace.print(
      `table performance: row ${index + 1} / ${field}`,
      { file, key: `rows.${index}.${field}` },
      format,
    );
  return {
    name: "performance",
    caption: "Wall time, seconds, beside the published Python on the same input and machine.",
    columns: "lrrr",
    header: ["", "here", "published", "ratio"],
    rows: rows.map((_, index) => [
      cell(index, "what", TEXT),
      cell(index, "ours_seconds", significant(3)),
      cell(index, "published_seconds", significant(3)),
      cell(index, "ratio", significant(3)),
    ]),
  };
}
