/** What the model organisms can do. */
import { fixed, type Format, INTEGER, percent } from "../latex.ts";
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
