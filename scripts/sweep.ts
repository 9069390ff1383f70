/**
 * `deno task sweep NAME|FILE.yaml [--study NAME]... [--limit N]`: a sweep of configs/sweeps, a row a run of one table.
 * `deno task sweep causal --study NAME [--items 60] [--paths 20,50] [--latents 1,10] [--quantiles 0.9]`: the causal
 * question under other settings, and whether its verdict depends on them.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { markdownTable } from "lib/report/text_table.ts";
import { summaryText, sweepCausal } from "lib/run/embedded/sweep.ts";
import { runMain } from "lib/run/main.ts";
import { planSweep, runSweep } from "lib/run/sweeps/run_sweep.ts";
import { sweepText } from "lib/run/sweeps/sweep_text.ts";

const USAGE =
  "Usage: sweep NAME|FILE.yaml [--study NAME]... [--limit N] [--plan] [--configs DIR] [--out DIR] " +
  "[--work DIR], or sweep causal --study NAME [--items N] [--paths A,B] [--latents A,B] [--quantiles A,B]";
const print = (text: string) => void process.stdout.write(text);
const say = (text: string) => void process.stderr.write(`${text}\n`);

await runMain(async () => {
  const text = { type: "string" } as const;
  const { values, positionals: [what, ...more] } = parseArgs({
    allowPositionals: true,
    options: {
      study: { type: "string", multiple: true, default: [] },
      ...{ limit: text, configs: text, out: text, work: text, items: text },
      plan: { type: "boolean", default: false },
      quiet: { type: "boolean", short: "q", default: false },
      paths: { type: "string", default: "20,50,100" },
      latents: { type: "string", default: "1,10" },
      quantiles: { type: "string", default: "0.9" },
    },
  });
  const { study: studies, limit, items, quiet: isQuiet } = values;
  if (what === undefined || more.length > 0) throw new UsageError(USAGE);
  if (what !== "causal") {
    const options = {
      ...{ sweep: what, isQuiet, ...(studies.length > 0 && { studies }) },
      ...(limit !== undefined && { limit: whole("limit", limit)[0]! }),
      ...(values.configs && { configFolder: values.configs }),
      ...(values.out && { folder: values.out }),
      ...(values.work && { workFolder: values.work }),
      onStage: (run: string, stage: string, state: string, seconds: number) =>
        isQuiet || say(`${run} ${stage} ${state} ${seconds.toFixed(1)} s`),
    };
    if (values.plan) {
      const { runs, folder } = await planSweep(options);
      const rows = runs.map(({ name, config: { n_items, limit } }) => [name, String(limit ?? n_items)]);
      return print(`${markdownTable(["run", "items"], rows)}\n${runs.length} runs, to ${folder}\n`);
    }
    const { rows, folder } = await runSweep(options);
    return print(`${sweepText(rows)}\nsweep.json, sweep.parquet and figures/ are in ${folder}\n`);
  }
  if (studies.length !== 1) throw new UsageError(USAGE);
  const { summary, folder } = await sweepCausal({
    study: studies[0]!,
    plan: {
      ...(items !== undefined && { nItems: whole("items", items)[0]! }),
      nPaths: whole("paths", values.paths),
      nLatents: whole("latents", values.latents),
      hardQuantiles: numbers("quantiles", values.quantiles).filter((level) => level > 0 && level < 1),
    },
    onStage: (name, state, seconds) => say(`${name} ${state} ${seconds.toFixed(1)} s`),
  });
  print(summaryText(summary));
  print(`causal_settings.json, .parquet and its figure's spec are in ${folder}\n`);
});

function numbers(flag: string, text: string): number[] {
  const found = text.split(",").map(Number);
  if (found.every((value) => value > 0)) return found;
  throw new UsageError(`Cannot use --${flag} ${text}: needs numbers above 0`);
}

function whole(flag: string, text: string): number[] {
  const found = numbers(flag, text);
  if (found.every(Number.isSafeInteger)) return found;
  throw new UsageError(`Cannot use --${flag} ${text}: needs whole numbers`);
}
