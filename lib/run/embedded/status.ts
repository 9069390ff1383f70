/** `deno task status`: which stages of the embedded profile are kept, and which artifacts are written. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { resultsRoot } from "../../io/paths.ts";
import { markdownTable } from "../../report/text_table.ts";
import { discoverStudies } from "./read_study.ts";
import { runOf } from "./study_config.ts";

/** A table: one row a study. */
export function statusTable(): string {
  const rows = discoverStudies().map((config) => {
    const run = runOf(config);
    const stages = list(join(resultsRoot, ".work", "embedded", run)).filter((name) => name.endsWith(".json"));
    const folder = join(resultsRoot, "embedded", run);
    const artifacts = list(folder).filter((name) => name.endsWith(".json"));
    const times = artifacts.map((name) => statSync(join(folder, name)).mtimeMs);
    return [
      run,
      String(stages.length),
      String(artifacts.length),
      times.length === 0 ? "never" : new Date(Math.max(...times)).toISOString().slice(0, 16),
    ];
  });
  return markdownTable(["run", "stages kept", "artifacts", "last written (UTC)"], rows);
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
