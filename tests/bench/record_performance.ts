/**
 * Runs the benchmarks of performance_rows.ts, both sides on this machine, and writes what they measured to
 * results/performance/performance.json, from which the paper prints its section on performance:
 *
 *     npx -y deno@2.9.6 run -A tests/bench/record_performance.ts --peer PYTHON --checkout PUBLISHED_REPOSITORY
 *
 * `--only sae --only ladder` measures those again and keeps the other rows, if they come from the same processor, so
 * that it can be done bit by bit on a machine that is quiet for minutes only. Needs a quiet machine: the load before
 * each measurement is written down with it.
 */
// deno-lint-ignore-file no-console -- a script that prints its progress
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { writeJsonAtomic } from "lib/io/atomic.ts";
import { type Command, MEASUREMENTS, type PerformanceRow } from "./performance_rows.ts";

/** A row, the measurement it is of, and the load average of the minute before. */
type RecordedRow = PerformanceRow & { readonly measurement: string; readonly load: number };

const { values } = parseArgs({
  options: {
    peer: { type: "string" },
    checkout: { type: "string" },
    only: { type: "string", multiple: true, default: MEASUREMENTS.map(({ id }) => id) },
    out: { type: "string", default: "results/performance/performance.json" },
  },
});
const { peer, checkout, only, out } = values;
if (peer === undefined) throw new RangeError("Cannot measure: needs --peer, the Python that runs the peers");
for (const id of only) {
  if (!MEASUREMENTS.some((one) => one.id === id)) {
    throw new RangeError(`Unknown measurement ${id}: ${MEASUREMENTS.map((one) => one.id)}`);
  }
}
if (only.includes("inference") && checkout === undefined) {
  throw new RangeError("Cannot measure inference: needs --checkout, the published repository");
}

const machine = { cpu: cpus()[0]?.model ?? "unknown", n_cpus: availableParallelism() };
for (const { id, commands, rows } of MEASUREMENTS.filter((one) => only.includes(one.id))) {
  const load = loadavg()[0] ?? NaN;
  const start = performance.now();
  const output = commands({ python: peer, checkout }).map(run).join("\n");
  const found = rows(output).map((row): RecordedRow => ({ measurement: id, ...row, load }));
  console.log(`${id}: ${((performance.now() - start) / 1000).toFixed(0)} s, load before ${load.toFixed(2)}`);
  for (const { what, ratio } of found) console.log(`  ${what}: ratio ${ratio.toFixed(2)}`);
  const all = [...recorded().filter(({ measurement }) => measurement !== id), ...found];
  const inOrder = MEASUREMENTS.flatMap((one) => all.filter(({ measurement }) => measurement === one.id));
  await writeJsonAtomic(out, { machine, rows: inOrder });
}

/** What is written down already, if it was measured on this kind of machine. */
function recorded(): RecordedRow[] {
  if (!existsSync(out)) return [];
  const before = JSON.parse(readFileSync(out, "utf8")) as { machine: unknown; rows: RecordedRow[] };
  return JSON.stringify(before.machine) === JSON.stringify(machine) ? before.rows : [];
}

function run({ program, args, env = {} }: Command): string {
  return execFileSync(program === "deno" ? Deno.execPath() : program, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
    stdio: ["ignore", "pipe", "inherit"],
  });
}
