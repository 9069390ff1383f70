// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * Time and peak memory of `deno task sae info` on three hostile files, start of the runtime included, beside a start
 * that does nothing.
 *
 *     deno run -A tests/bench/sae_refusals.ts [ROUNDS]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostileFiles } from "../sae/hostile_pickles.ts";
import { runTask, type WatchedRun } from "../sae/watched_task.ts";

const rounds = Number(Deno.args[0] ?? 9);
const folder = mkdtempSync(join(tmpdir(), "fmdp-refusals-"));
const idle: number[] = [];
for (let round = 0; round < rounds; round++) {
  const start = performance.now();
  await new Deno.Command(Deno.execPath(), { args: ["eval", ""] }).output();
  idle.push((performance.now() - start) / 1000);
}
console.log(`an empty program: median ${median(idle).toFixed(2)} s`);
for (const { name, parts, message } of hostileFiles()) {
  const path = join(folder, "sae.pt");
  await writeFile(path, parts);
  const runs: WatchedRun[] = [];
  for (let round = 0; round < rounds; round++) runs.push(await runTask("sae", ["info", path]));
  if (runs.some(({ code, stderr }) => code !== 3 || !message.test(stderr))) {
    throw new Error(`${name} was not refused: ${JSON.stringify(runs)}`);
  }
  const seconds = runs.map((run) => run.seconds);
  console.log(
    `${name}: exit 3, median ${median(seconds).toFixed(2)} s, longest ${
      Math.max(...seconds).toFixed(2)
    } s, ` +
      `peak ${Math.max(...runs.map(({ peakMb }) => peakMb)).toFixed(0)} MB`,
  );
}
rmSync(folder, { recursive: true });

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
