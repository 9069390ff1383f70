/** The sensitivity control: would the SAE rung show an increment that is there? */
import { isRecord } from "../artifacts.ts";
import { fixed, INTEGER, percent } from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";

/** Power by number of items. @returns undefined if the profile has no such control */
export function sensitivityTable(trace: Trace, profile: string): LatexTable | undefined {
  const { file, curve } = read(trace, profile);
  if (curve.length === 0) return undefined;
  const name = `${profile}_sensitivity`;
  return {
    name,
    caption:
      "Sensitivity control: share of draws in which the nested SAE rung shows an increment (power), with " +
      "exact 95\\,\\% intervals; the same with labels shuffled (false positives); mean AUROC of the base " +
      "and of the nested rung.",
    columns: "rccrr",
    header: ["items", "power (\\%)", "false positives (\\%)", "base", "nested"],
    rows: curve.map((_, index) => {
      const cell = (key: string, format = percent(0)) =>
        trace.print(`table ${name}: ${key}`, { file, key: `curve.${index}.${key}` }, format);
      const share = (key: string) =>
        `${cell(`${key}.share`)} [${cell(`${key}.ci_low`)}, ${cell(`${key}.ci_high`)}]`;
      return [
        cell("n_items", INTEGER),
        share("power"),
        share("false_positives"),
        cell("mean_base_auroc", fixed(3)),
        cell("mean_nested_auroc", fixed(3)),
      ];
    }),
    size: "footnotesize",
  };
}

/** What the control shows and how its design came about. */
export function sensitivitySentences(trace: Trace, profile: string): string[] {
  const { file, curve } = read(trace, profile);
  const last = curve.length - 1;
  if (last < 0) return [];
  const print = (key: string, format = percent(0)) =>
    trace.print("sentence: sensitivity control", { file, key }, format);
  const verdict = trace.artifacts.value(file, "passed") === true ? "passes" : "\\textbf{fails}";
  return [
    `Sensitivity control (Table~\\ref{tab:${profile}_sensitivity}) ${verdict}: an SAE that recovers ${
      print("sae.recovered_share")
    }\\,\\% of planted atoms lets the nested rung show a planted increment in ${
      print(`curve.${last}.power.share`)
    }\\,\\% of ${print(`curve.${last}.power.n`, INTEGER)} draws at ${
      print(`curve.${last}.n_items`, INTEGER)
    } items (required: ${print("required_power")}\\,\\%), over a base of AUROC ${
      print(`curve.${last}.mean_base_auroc`, fixed(3))
    } only: it says nothing of a small increment over a strong base.${designHistory(trace, file)}`,
  ];
}

/** How the design was arrived at; said of the design that it is about and of no other. */
function designHistory(trace: Trace, file: string): string {
  const nPositions = Number(trace.artifacts.value(file, "design.n_positions"));
  return nPositions > 1
    ? " The design was changed after a first try, whose items had one position each and whose power stayed low, and " +
      "the numbers of items were chosen after results had been seen; the control is exploratory."
    : "";
}

function read(trace: Trace, profile: string): { file: string; curve: readonly unknown[] } {
  const file = `${profile}/sensitivity.json`;
  const curve = trace.artifacts.value(file, "curve");
  return { file, curve: Array.isArray(curve) ? curve.filter(isRecord) : [] };
}
