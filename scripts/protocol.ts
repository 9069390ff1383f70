/** `deno task protocol [--results DIR]`: every deviation from the published study, with what each was measured to do. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { runMain } from "lib/run/main.ts";
import { protocolTable, readEffects, readLimits } from "lib/run/protocol.ts";

await runMain(async () => {
  const { values } = parseArgs({
    options: {
      results: { type: "string", default: "results" },
      quiet: { type: "boolean", short: "q", default: false },
      verbose: { type: "boolean", short: "v", default: false },
    },
  });
  const profiles = await readdir(values.results).catch(() => []);
  const files = profiles.sort().map((profile) => join(values.results, profile, "protocol_effects.json"));
  const effects = await Promise.all(files.map(readEffects));
  const limits = await Promise.all(files.map(readLimits));
  process.stdout.write(protocolTable(effects.flat(), Object.assign({}, ...limits)));
  return 0;
});
