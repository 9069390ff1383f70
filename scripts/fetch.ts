/** `deno task fetch records`: downloads the published study's records at a pinned commit, checked by SHA-256. */
import { parseArgs } from "node:util";
import { fetchData } from "lib/run/fetch.ts";
import { runMain } from "lib/run/main.ts";

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quiet: { type: "boolean", short: "q", default: false } },
  });
  await fetchData({ what: positionals, quiet: values.quiet });
});
