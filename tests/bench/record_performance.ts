/**
 * Times both sides of the inference benchmark on this machine, alternated, and writes
 * results/performance/performance.json, which the paper prints:
 *
 *     FMDP_PEER=<checkout of nabindev3/fm-difficulty-probe> FMDP_DATA=<data> FMDP_PYTHON=<python with scikit-learn> \
 *       npx -y deno@2.9.6 run -A tests/bench/record_performance.ts
 */
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import process from "node:process";
import { writeJsonAtomic } from "lib/io/atomic.ts";

const PAIRS = [
  {
    what: "2000 paired bootstraps of five rungs",
    ours: /^bootstrapAuroc\(\)/,
    peer: /x 2000 resamples.*: ([\d.]+) s/,
  },
  {
    what: "10,000 label permutations",
    ours: /^labelPermutationTest\(\)/,
    peer: /label permutations.*: ([\d.]+) s/,
  },
] as const;

const ours = benchSeconds();
const peer = execFileSync(process.env["FMDP_PYTHON"] ?? "python3", ["tests/bench/peers/inference_peer.py"], {
  encoding: "utf8",
});
const rows = PAIRS.map(({ what, ours: name, peer: pattern }) => {
  const mine = ours.find((bench) => name.test(bench.name))?.seconds ?? NaN;
  const theirs = Number(pattern.exec(peer)?.[1] ?? NaN);
  return { what, ours_seconds: mine, published_seconds: theirs, ratio: theirs / mine };
});
await writeJsonAtomic("results/performance/performance.json", {
  machine: { cpu: cpus()[0]?.model ?? "unknown", n_cpus: availableParallelism() },
  rows,
});

/** Mean seconds of each benchmark, as Deno measures them. */
function benchSeconds(): { readonly name: string; readonly seconds: number }[] {
  const args = ["bench", "-A", "--json", "tests/bench/inference_bench.ts"];
  const report: unknown = JSON.parse(execFileSync(Deno.execPath(), args, { encoding: "utf8" }));
  const { benches } = report as { benches: { name: string; results: { ok?: { avg: number } }[] }[] };
  return benches.map(({ name, results }) => ({ name, seconds: (results[0]?.ok?.avg ?? NaN) / 1e9 }));
}
