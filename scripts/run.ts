/** `deno task run --modality llm --dataset squad --experiment probe`: one run, or some of its experiments. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { runMain } from "lib/run/main.ts";
import { runOneStudy } from "lib/run/embedded/run_one.ts";
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
      study: { type: "string" },
      sae: { type: "string" }, // a checkpoint in the place of the study's own
      profile: { type: "string", default: "records" },
      tag: { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      quiet: { type: "boolean", short: "q", default: false },
      verbose: { type: "boolean", short: "v", default: false },
    },
  });
  const { quiet, set, study, sae, verbose: _, ...selection } = values;
  const say = (text: string) => void (quiet || process.stderr.write(`${text}\n`));
  if (study !== undefined) {
    const { folder, files } = await runOneStudy({
      ...{ study, sae, tag: selection.tag, overrides: set },
      onStage: (run, stage, state, seconds) => say(`${run} ${stage} ${state} ${seconds.toFixed(1)} s`),
    });
    process.stdout.write(`${files.length} files are in ${folder}\n`);
    return 0;
  }
  if (sae !== undefined) {
    throw new UsageError("Cannot use --sae without --study NAME: it replaces a study's own");
  }
  return await runExperiment({
    ...selection,
    overrides: set,
    print: (text) => process.stdout.write(text),
    onStep: say,
  });
});
