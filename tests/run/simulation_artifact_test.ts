import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "lib/guardrail.ts";
import { mergeRuns, type SimulationRun, writeSimulation } from "lib/run/simulation_artifact.ts";
import { FAMILIES, simulateAll } from "lib/stats/simulate/study_plan.ts";

const sizes = { nStudies: 8, nNullStudies: 8, seed: 3 };
const part = (only: string): SimulationRun => ({ ...sizes, only, rows: simulateAll({ ...sizes, only }) });

Deno.test("mergeRuns() adds a part's rows and replaces those it holds", () => {
  const items = part("independent items");
  const families = part(FAMILIES);
  const first = mergeRuns(undefined, items);
  assert.deepEqual(first, { ...sizes, only: ["independent items"], rows: items.rows });
  const both = mergeRuns(first, families);
  assert.deepEqual(both.only, ["independent items", FAMILIES]);
  assert.deepEqual(both.rows, [...items.rows, ...families.rows]);
  assert.ok(families.rows.every(({ world }) => /equal clusters|real effects/.test(world)));
  const again = mergeRuns(both, {
    ...families,
    rows: families.rows.map((row) => ({ ...row, passes: false })),
  });
  assert.equal(again.rows.length, both.rows.length);
  assert.equal(again.rows.filter(({ passes }) => !passes).length >= families.rows.length, true);
});

Deno.test("writeSimulation() refuses to mix seeds, and a whole run replaces everything", async () => {
  const folder = mkdtempSync(join(tmpdir(), "simulation-"));
  const path = join(folder, "simulation.json");
  try {
    const run = part("independent items");
    await writeSimulation(path, run);
    await assert.rejects(
      writeSimulation(path, { ...run, seed: 4 }),
      (error) => error instanceof UsageError && /needs seed 3, got 4/.test(error.message),
    );
    await writeSimulation(path, { ...run, seed: 4, only: null, rows: [] });
    assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { ...sizes, seed: 4, only: null, rows: [] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  assert.equal(existsSync(path), false);
});
