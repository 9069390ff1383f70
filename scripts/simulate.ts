/**
 * `deno task simulate`: coverage, type I error and power of every inference method, with Monte Carlo errors.
 * Exit code 1 when a method that declares itself valid is outside what it promises. `--json` prints JSON instead;
 * `--into results/simulation/simulation.json` writes the rows into the artifact that the paper reads.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { stableJson } from "lib/io/atomic.ts";
import { runMain } from "lib/run/main.ts";
import { writeSimulation } from "lib/run/simulation_artifact.ts";
import { formatRow, TABLE_HEADER } from "lib/stats/simulate/table.ts";
import { simulateAll } from "lib/stats/simulate/study_plan.ts";

await runMain(async () => {
  const { values } = parseArgs({
    options: {
      studies: { type: "string", default: "2000" },
      "null-studies": { type: "string", default: "4000" },
      seed: { type: "string", default: "20240901" },
      only: { type: "string" }, // worlds whose name contains this text
      json: { type: "boolean", default: false },
      into: { type: "string" },
    },
  });
  const sizes = {
    nStudies: wholeNumber("--studies", values.studies),
    nNullStudies: wholeNumber("--null-studies", values["null-studies"]),
    seed: wholeNumber("--seed", values.seed),
  };
  if (!values.json) process.stdout.write(`${TABLE_HEADER}\n`);
  const rows = simulateAll({
    ...sizes,
    ...(values.only === undefined ? {} : { only: values.only }),
    onRows: (more) => values.json || more.forEach((row) => process.stdout.write(`${formatRow(row)}\n`)),
  });
  const run = { ...sizes, only: values.only ?? null, rows };
  if (values.json) process.stdout.write(stableJson(run));
  if (values.into !== undefined) await writeSimulation(values.into, run);
  const nFailed = rows.filter(({ passes }) => !passes).length;
  process.stderr.write(`${rows.length} rows, ${nFailed} outside what they promise\n`);
  return nFailed > 0 ? 1 : 0;
});

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new UsageError(`Cannot use ${flag}: needs a whole number >= 1, got ${text}`);
  }
  return value;
}
