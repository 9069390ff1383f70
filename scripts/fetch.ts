/** `deno task fetch records|data|full`: public inputs at pinned commits, checked; `full` brings data sets and models. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { fullConfigs } from "lib/run/embedded/full_configs.ts";
import { fetchData } from "lib/run/fetch.ts";
import { fetchFull } from "lib/run/fetch_full.ts";
import { runMain } from "lib/run/main.ts";

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quiet: { type: "boolean", short: "q", default: false },
      plan: { type: "boolean", default: false },
      configs: { type: "string" },
    },
  });
  const { quiet: isQuiet, plan: isPlan } = values;
  const isFull = positionals.includes("full");
  if (isPlan && !isFull) throw new UsageError("Cannot plan: --plan shows the sizes of fetch full alone");
  const rest = positionals.filter((what) => what !== "full");
  if (rest.length > 0 || !isFull) await fetchData({ what: rest, quiet: isQuiet });
  if (!isFull) return;
  const configs = fullConfigs(values.configs ? { configFolder: values.configs } : {});
  const models = [...new Set(configs.flatMap(({ models }) => [models.cheap, models.expensive]))];
  await fetchFull({ models, isPlan, isQuiet, print: (text) => void process.stdout.write(text) });
});
