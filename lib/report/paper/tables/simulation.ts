/** The inference methods in simulated worlds: coverage and type I error, procedures on several tests, power. */
import { isRecord } from "../artifacts.ts";
import { escapeLatex, percent } from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";

const FILE = "simulation/simulation.json";

/** Coverage and type I error of the inference methods; the AUROC difference only, the whole table is the artifact. */
export function simulationTable(trace: Trace): LatexTable | undefined {
  const rows = trace.artifacts.value(FILE, "rows");
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
        trace.print(
          where,
          { file: FILE, key: `rows.${index}.rate.${key}` },
          percent(key === "error" ? 2 : 1),
        );
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

/** Procedures that stand on several tests or on two bounds, and power beside its formula: worlds of equal clusters. */
export function familiesTable(trace: Trace): LatexTable | undefined {
  const rows = trace.artifacts.value(FILE, "rows");
  if (!Array.isArray(rows)) return undefined;
  const chosen = rows.flatMap((row, index) =>
    isRecord(row) && /equal clusters|real effects/.test(String(row["world"])) ? [{ row, index }] : []
  );
  if (chosen.length === 0) return undefined;
  return {
    name: "simulation_families",
    caption:
      "Procedures on several tests or bounds, and power beside its formula: share of studies (\\%) with a rejection, " +
      "for BH of false discoveries. Wanted, for power: four Monte Carlo errors around the formula, and for TOST " +
      "one percent more.",
    columns: "@{}lP{0.30\\linewidth}P{0.22\\linewidth}rrrl@{}",
    header: ["figure", "world", "procedure", "rate (\\%)", "\\ensuremath{\\pm}", "wanted", "verdict"],
    rows: chosen.map(({ row, index }) => {
      const where = `table simulation_families: ${row["world"]}, ${row["method"]}`;
      const cell = (key: string, digits: number) =>
        trace.print(where, { file: FILE, key: `rows.${index}.${key}` }, percent(digits));
      const reference = isRecord(row["requirement"]) && row["requirement"]["high"] === 1;
      return [
        ...["section", "world", "method"].map((field) =>
          escapeLatex(String(row[field]).replace("standard errors", "s.e."))
        ),
        cell("rate.value", 1),
        cell("rate.error", 2),
        reference ? "---" : `${cell("requirement.low", 0)} to ${cell("requirement.high", 0)}`,
        reference ? "reference" : row["passes"] === true ? "ok" : "outside",
      ];
    }),
    size: "scriptsize",
    long: true,
  };
}
