/** `deno task import-published DIR [--dataset squad] [--layer mid] [--out DIR]`: the published ladder, fitted anew. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { runMain } from "lib/run/main.ts";
import { importPublished } from "lib/run/published/import_published.ts";
import { engineNamed } from "lib/run/sae_flags.ts";

const USAGE = `Usage: import-published DIR [--dataset squad|hellaswag] [--layer mid|late] [--out DIR]
       [--engine native|portable] [-q]
DIR is a checkout of the published study's language-model repository, with its Git LFS files.`;

await runMain(async () => {
  const { values, positionals: [root, ...more] } = parseArgs({
    allowPositionals: true,
    options: {
      dataset: { type: "string", default: "squad" },
      layer: { type: "string", default: "mid" },
      out: { type: "string" },
      engine: { type: "string", default: "native" },
      quiet: { type: "boolean", short: "q", default: false },
    },
  });
  const { layer, dataset, out, quiet } = values;
  if (root === undefined || more.length > 0) throw new UsageError(USAGE);
  if (layer !== "mid" && layer !== "late") {
    throw new UsageError(`Unknown layer "${layer}"; known: mid, late`);
  }
  const { text, folder } = await importPublished({
    ...{ root, dataset, layer, engine: engineNamed(values.engine), ...(out && { folder: out }) },
    onStep: (step) => void (quiet || process.stderr.write(`${step}\n`)),
  });
  process.stdout.write(`${text}\nprobe_results.json and beside_published.{md,parquet} are in ${folder}\n`);
});
