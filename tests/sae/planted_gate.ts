/** The gate on planted data, from the command line: `sae eval` of a checkpoint on a store that is on disk. */
import { fileURLToPath } from "node:url";
import { openActivationWriter } from "lib/io/activation_writer.ts";
import { type Planted, plantedStore } from "./planted.ts";

/** Writes rows to a store on disk, as items of ten positions. */
export async function writePlanted(
  folder: string,
  planted: Planted,
  metadata: Record<string, string> = {},
): Promise<void> {
  const { d } = planted;
  const source = plantedStore(planted);
  const options = { d, dtype: "float16", rowsPerShard: 20_000, rowsPerBatch: 2000, metadata } as const;
  const writer = await openActivationWriter(folder, options);
  let item = 0;
  for (const batch of source.batches) {
    const { values } = await source.read(batch);
    for (let at = 0; at < values.length; at += 10 * d) {
      const rows = values.subarray(at, at + 10 * d);
      await writer.append(item++, Array.from({ length: rows.length / d }, (_, i) => i), rows);
    }
  }
  await writer.close();
}

/** How `sae eval` ended. */
export interface EvalRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `sae eval PATH --store STORE ARGS...` as a process of its own. */
export async function runEval(path: string, store: string, args: readonly string[] = []): Promise<EvalRun> {
  const script = fileURLToPath(new URL("../../scripts/sae.ts", import.meta.url));
  const flags = ["--no-check", "--no-prompt", "--allow-env", "--allow-read", "--allow-write", "--allow-sys"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, "--allow-ffi", script, "eval", path, "--store", store, ...args],
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
