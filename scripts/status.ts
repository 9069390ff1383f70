/** `deno task status`: what is kept and written of the embedded profile. */
import process from "node:process";
import { runMain } from "lib/run/main.ts";
import { statusTable } from "lib/run/embedded/status.ts";

await runMain(() => {
  process.stdout.write(statusTable());
  return Promise.resolve(0);
});
