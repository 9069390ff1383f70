// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * Peak resident memory of `deno task train-sae` by the number of tokens in the store: one epoch, 128 -> 512, k 8,
 * batches of 2048, native engine. The store's rows repeat one block: memory does not see what they are.
 *
 *     deno run -A tests/bench/sae_memory.ts [--tokens 200000,400000,1600000]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openActivationWriter } from "lib/io/activation_writer.ts";
import { randomStream } from "lib/math/random.ts";
import { runTask } from "../sae/watched_task.ts";

const D = 128;
const BLOCK = 2000;
const { values } = parseArgs({ options: { tokens: { type: "string", default: "200000,400000,1600000" } } });
const folder = mkdtempSync(join(tmpdir(), "fmdp-memory-"));
try {
  for (const nTokens of values.tokens.split(",").map(Number)) {
    const store = join(folder, `${nTokens}`);
    await writeStore(store, nTokens);
    const size = ["--dsae", "512", "--k", "8", "--batch", "2048", "--engine", "native", "-q"];
    const run = await runTask("train-sae", [store, "--out", join(folder, "sae"), ...size]);
    if (run.code !== 0) throw new Error(run.stderr);
    const { nTokens: trained } = JSON.parse(run.stdout);
    const stored = (nTokens * D * 2) / 1e6;
    console.log(
      `${trained} tokens, ${stored.toFixed(0)} MB stored: peak ${run.peakMb.toFixed(0)} MB, ${
        run.seconds.toFixed(0)
      } s`,
    );
    for (const made of [store, join(folder, "sae")]) rmSync(made, { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function writeStore(path: string, nTokens: number): Promise<void> {
  const rng = randomStream(1, "bench/sae_memory");
  const block = Float32Array.from({ length: BLOCK * D }, () => rng.normal());
  const positions = Array.from({ length: BLOCK }, (_, i) => i);
  const options = {
    d: D,
    dtype: "float16",
    rowsPerShard: 100_000,
    rowsPerBatch: BLOCK,
    metadata: {},
  } as const;
  const writer = await openActivationWriter(path, options);
  for (let item = 0; item * BLOCK < nTokens; item++) await writer.append(item, positions, block);
  await writer.close();
}
