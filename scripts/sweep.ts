/**
 * `deno task sweep causal --study tsfm_series [--items 60] [--paths 20,50,100] [--latents 1,10] [--quantiles 0.9]`: the
 * causal question under other settings, and whether its verdict depends on them.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { sweepCausal } from "lib/run/embedded/sweep.ts";
import { runMain } from "lib/run/main.ts";

const USAGE = "Usage: sweep causal --study NAME [--items N] [--paths A,B] [--latents A,B] [--quantiles A,B]";

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      study: { type: "string" },
      items: { type: "string" },
      paths: { type: "string", default: "20,50,100" },
      latents: { type: "string", default: "1,10" },
      quantiles: { type: "string", default: "0.9" },
    },
  });
  if (positionals.join(" ") !== "causal" || values.study === undefined) throw new UsageError(USAGE);
  const { summary, folder } = await sweepCausal({
    study: values.study,
    plan: {
      ...(values.items !== undefined && { nItems: whole("items", values.items)[0]! }),
      nPaths: whole("paths", values.paths),
      nLatents: whole("latents", values.latents),
      hardQuantiles: numbers("quantiles", values.quantiles).filter((level) => level > 0 && level < 1),
    },
    onStage: (name, state, seconds) =>
      void process.stderr.write(`${name} ${state} ${seconds.toFixed(1)} s\n`),
  });
  for (const { metric, n_settings, n_verdict_changed, n_published_changed, changed } of summary) {
    process.stdout.write(
      `${metric}: of ${n_settings} settings ${n_verdict_changed} change the verdict, ` +
        `${n_published_changed} what the published rule calls significant\n`,
    );
    for (const line of changed) process.stdout.write(`  ${line}\n`);
  }
  process.stdout.write(`causal_settings.json, .parquet and its figure's spec are in ${folder}\n`);
});

function numbers(flag: string, text: string): number[] {
  const found = text.split(",").map(Number);
  if (!found.every((value) => value > 0)) {
    throw new UsageError(`Cannot use --${flag} ${text}: needs numbers above 0`);
  }
  return found;
}

function whole(flag: string, text: string): number[] {
  const found = numbers(flag, text);
  if (!found.every(Number.isSafeInteger)) {
    throw new UsageError(`Cannot use --${flag} ${text}: needs whole numbers`);
  }
  return found;
}
