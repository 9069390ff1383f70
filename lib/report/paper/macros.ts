/** The one table of macros: name, artifact, key, format. What main.tex may print as a number is here and nowhere else. */
import type { Artifacts } from "./artifacts.ts";
import type { Macro } from "./macro_tables/macro.ts";
import { ORGANISM_MACROS } from "./macro_tables/organisms.ts";
import { PERFORMANCE_MACROS } from "./macro_tables/performance.ts";
import { EMBEDDED_MACROS } from "./macro_tables/profiles.ts";
import { RECORDS_MACROS } from "./macro_tables/records.ts";
import { SIMULATION_MACROS } from "./macro_tables/simulation.ts";
import type { Trace } from "./trace.ts";

/** Every macro, in the order of the paper. */
export const MACROS: readonly Macro[] = [
  ...RECORDS_MACROS,
  ...ORGANISM_MACROS,
  ...SIMULATION_MACROS,
  ...EMBEDDED_MACROS,
  ...PERFORMANCE_MACROS,
];

/** Results that may or may not exist; `\ifdefined\hasX` in main.tex shows or hides what speaks of them. */
export const CONDITIONS: readonly { readonly name: string; readonly file: string }[] = [
  { name: "hasClaims", file: "records/claims.json" },
  { name: "hasEmbedded", file: "embedded/cross_modal_synthesis.json" },
  { name: "hasEmbeddedClaims", file: "embedded/*/claims.json" },
  { name: "hasEmbeddedControls", file: "embedded/*/controls.json" },
  { name: "hasFull", file: "full/cross_modal_synthesis.json" },
  { name: "hasSimulation", file: "simulation/simulation.json" },
  { name: "hasPerformance", file: "performance/performance.json" },
];

/**
 * The macros as LaTeX. A macro whose whole file is missing is left undefined: its section is hidden then.
 * @throws {RangeError} if a file exists but the key does not: a renamed key must not vanish from the paper
 */
export function macroFile(trace: Trace, macros: readonly Macro[] = MACROS): string {
  const lines = macros.filter(({ file }) => trace.artifacts.has(file)).map(({ name, file, key, format }) => {
    if (!/^[A-Za-z]+$/.test(name)) throw new RangeError(`Cannot define macro "${name}": needs letters only`);
    const value = trace.artifacts.value(file, key);
    if (value === undefined || value === null) {
      throw new RangeError(`Cannot define \\${name}: needs key "${key}" in ${file}, found none`);
    }
    return `\\newcommand{\\${name}}{${trace.print(`\\${name}`, { file, key }, format)}}`;
  });
  return [...lines, ...conditionLines(trace.artifacts)].join("\n") + "\n";
}

function conditionLines(artifacts: Artifacts): string[] {
  return CONDITIONS.filter(({ file }) => artifacts.has(file)).map(({ name }) => `\\newcommand{\\${name}}{}`);
}
