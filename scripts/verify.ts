/** `deno task verify`: re-runs the embedded profile and compares every artifact with the committed manifest. */
import process from "node:process";
import { runMain } from "lib/run/main.ts";
import { verifyEmbedded } from "lib/run/embedded/verify.ts";

await runMain(async () => {
  const differences = await verifyEmbedded({
    print: (text) => void process.stdout.write(text),
    onStage: (run, stage, state, seconds) =>
      void process.stderr.write(`${run.padEnd(12)} ${stage.padEnd(22)} ${state} ${seconds.toFixed(1)} s\n`),
  });
  return differences.length === 0 ? 0 : 1;
});
