/**
 * `deno task train-organisms`: trains the model organisms into results/organisms, resuming what a sitting left.
 * `--check 200` retrains that many steps from the seeds and compares with the recorded curves.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { runMain } from "lib/run/main.ts";
import { describeOrganisms, evaluationLines } from "lib/run/organisms/describe.ts";
import { checkCurves, trainOrganisms } from "lib/run/organisms/train.ts";

const OUT = "results/organisms";
const STATES = "results/.work/organisms";
/** Nats; other processors round otherwise, and 200 steps spread it. */
const TOLERANCE = 1e-2;

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      threads: { type: "string", default: String(navigator.hardwareConcurrency) },
      minutes: { type: "string" },
      "pause-file": { type: "string" },
      check: { type: "string" },
    },
  });
  const options = {
    names: positionals,
    threads: count(values.threads, "--threads"),
    outDirectory: OUT,
    print: (text: string) => process.stderr.write(`${text}\n`),
  };
  if (values.check !== undefined) {
    const checks = await checkCurves({ ...options, nSteps: count(values.check, "--check") });
    return checks.every(({ largestDifference }) => largestDifference <= TOLERANCE) ? 0 : 1;
  }
  const isComplete = await trainOrganisms({
    ...options,
    stateDirectory: STATES,
    ...(values.minutes !== undefined && { minutes: count(values.minutes, "--minutes") }),
    ...(values["pause-file"] !== undefined && { pauseFile: values["pause-file"] }),
  });
  if (isComplete && positionals.length === 0) {
    for (const line of evaluationLines(await describeOrganisms(OUT))) options.print(line);
  }
  if (!isComplete) process.stderr.write("Unfinished: run again to go on\n");
  return isComplete ? 0 : 1;
});

function count(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`Cannot train: ${flag} needs a positive whole number, got ${text}`);
}
