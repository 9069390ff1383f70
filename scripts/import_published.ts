/** `deno task import-published DIR [--out FOLDER]`: the published probes, refitted on the parents' own activations. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { importPublished } from "lib/run/imported/import_published.ts";
import { runMain } from "lib/run/main.ts";

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: "string" }, quiet: { type: "boolean", short: "q", default: false } },
  });
  const [directory, ...rest] = positionals;
  if (directory === undefined || rest.length > 0) {
    throw new UsageError("Usage: import-published DIR [--out FOLDER]");
  }
  await importPublished({
    directory,
    ...(values.out !== undefined && { folder: values.out }),
    print: (text) => process.stdout.write(text),
    onStep: (step) => void (values.quiet || process.stderr.write(`${step}\n`)),
  });
});
