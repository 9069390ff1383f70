/** Macros of the measured times. */
import { INTEGER } from "../latex.ts";
import type { Macro } from "./macro.ts";
import { macrosOf } from "./shared.ts";

export const PERFORMANCE_MACROS: readonly Macro[] = macrosOf("performance/performance.json", "Perf", [
  ["Rows", "rows.count()", INTEGER],
  ["Faster", "rows.count(faster=true)", INTEGER],
]);
