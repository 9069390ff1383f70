/** `deno task report RUN_DIR [--out FILE]`: one self-contained HTML page of a run, RUN_DIR/report.html unless told. */
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { writeFileAtomic } from "lib/io/atomic.ts";
import { reportPage } from "lib/report/page/page.ts";
import { openRun } from "lib/report/sections/run_folder.ts";
import { runMain } from "lib/run/main.ts";

await runMain(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: "string" } } });
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0) throw new UsageError("Usage: report RUN_DIR [--out FILE]");
  const run = openRun(folder);
  const out = values.out ?? join(run.path, "report.html");
  await writeFileAtomic(out, reportPage(run));
  process.stdout.write(`${out}\n`);
});
