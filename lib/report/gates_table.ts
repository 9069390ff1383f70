/** Gates as a Markdown table. */
import type { Gate } from "../run/gates.ts";
import { markdownTable, small } from "./text_table.ts";

/** One row a gate. */
export function gatesTable(gates: readonly Gate[]): string {
  return markdownTable(
    ["run", "quantity", "numbers", "published", "re-derived", "difference", "tolerance", "passed", "source"],
    gates.map((gate) => [
      gate.run,
      gate.quantity,
      String(gate.nNumbers),
      String(gate.published),
      String(gate.rederived),
      small(gate.difference),
      small(gate.tolerance),
      gate.passed ? "yes" : "NO",
      gate.source,
    ]),
  );
}
