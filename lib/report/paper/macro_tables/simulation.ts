/** Macros of the simulation study of the inference methods. */
import { fixed, INTEGER } from "../latex.ts";
import type { Macro } from "./macro.ts";
import { macrosOf } from "./shared.ts";

export const SIMULATION_MACROS: readonly Macro[] = macrosOf("simulation/simulation.json", "Sim", [
  ["Seed", "seed", fixed(0)],
  ["Studies", "nStudies", INTEGER],
  ["NullStudies", "nNullStudies", INTEGER],
  ["Rows", "rows.count()", INTEGER],
  ["RowsPassed", "rows.count(passes=true)", INTEGER],
]);
