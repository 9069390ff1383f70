/** `deno task run --modality llm --dataset squad --experiment probe`: one run, or some of its experiments. */
import process from "node:process";
import { parseArgs } from "node:util";
import { runMain } from "lib/run/main.ts";
import { runExperiment } from "lib/run/run_experiment.ts";

await runMain(async () => {
  const { values } = parseArgs({
    options: {
      modality: { type: "string" },
      dataset: { type: "string" },
      config: { type: "string" },
      experiment: { type: "string", default: "all" },
      layer: { type: "string", default: "mid" },
      protocol: { type: "string", default: "published" },
      profile: { type: "string", default: "records" },
      tag: { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      quiet: { type: "boolean", short: "q", default: false },
      verbose: { type: "boolean", short: "v", default: false },
    },
  });
  const { quiet, set, verbose: _, ...selection } = values;
  return await runExperiment({
    ...selection,
    overrides: set,
    print: (text) => process.stdout.write(text),
    onStep: (step) => quiet || process.stderr.write(`${step}\n`),
  });
});
