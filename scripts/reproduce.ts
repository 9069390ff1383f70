/** `deno task reproduce [--profile records]`: a whole profile, from its data to its tables and figures. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { runMain } from "lib/run/main.ts";
import { reproduceRecords } from "lib/run/records/reproduce.ts";

const PROFILES = ["records"];

await runMain(async () => {
  const { values } = parseArgs({
    options: {
      profile: { type: "string", default: "records" },
      out: { type: "string" },
      quiet: { type: "boolean", short: "q", default: false },
      verbose: { type: "boolean", short: "v", default: false },
    },
  });
  if (!PROFILES.includes(values.profile)) {
    throw new UsageError(`Unknown profile "${values.profile}"; known: ${PROFILES.join(", ")}`);
  }
  const gates = await reproduceRecords({
    ...(values.out && { folder: values.out }),
    print: (text) => process.stdout.write(text),
    onStep: (step) => values.quiet || process.stderr.write(`${step}\n`),
  });
  return gates.every(({ passed }) => passed) ? 0 : 1;
});
