/**
 * Seconds an item that the causal question takes in the embedded study's organisms, by number of conditions.
 * Run: deno run -A tests/bench/causal_conditions.ts [config] [items]
 */
// deno-lint-ignore-file no-console -- a benchmark prints
import type { RowsPatch } from "lib/modality.ts";
import { openStudy } from "lib/run/embedded/open_study.ts";
import { readStudyConfig } from "lib/run/embedded/read_study.ts";

const [config = "configs/llm_facts.yaml", items = "8"] = Deno.args;
const study = await openStudy(readStudyConfig(config), { engine: "portable" });
const rows = study.splits.flatMap((split, row) => split === "test" ? [row] : []).slice(0, Number(items));
const naturals = await study.causal.natural(rows);
for (const coverage of ["all", "last"] as const) {
  for (const nConditions of [1, 1, 8, 32]) { // the first warms up
    const start = performance.now();
    for (const [i, row] of rows.entries()) {
      const positions = study.causal.positions(row, coverage);
      const d = study.dModel;
      const own = new Float32Array(positions.flatMap((t) => [...naturals[i]!.subarray(t * d, (t + 1) * d)]));
      const patches = Array.from({ length: nConditions }, (_, c): RowsPatch => ({
        positions,
        value: own.map((x) => x * (1 + 0.01 * c)),
      }));
      await study.causal.measure(row, patches);
    }
    const seconds = (performance.now() - start) / 1000 / rows.length;
    console.log(`${study.run} ${coverage} ${nConditions} conditions: ${seconds.toFixed(4)} s an item`);
  }
}
await study.close();
