/**
 * `deno task paper [--check] [--anonymous]`: builds paper/main.pdf from results/, or checks that what is committed is
 * what results give. Exit code 1 when something is stale, typed, unresolved or over the margin; 2 without LaTeX.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { checkPaper, makePaper } from "lib/report/paper/paper.ts";
import { runMain } from "lib/run/main.ts";

await runMain(async () => {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      anonymous: { type: "boolean", default: false },
      paper: { type: "string", default: "paper" },
      results: { type: "string", default: "results" },
    },
  });
  const { check, ...options } = values;
  const { problems, notes } = check ? await checkPaper(options) : await makePaper(options);
  for (const line of notes) process.stdout.write(`${line}\n`);
  for (const line of problems) process.stderr.write(`${line}\n`);
  return problems.length > 0 ? 1 : 0;
});
