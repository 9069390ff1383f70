// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * 200 refitted permutations of the 3500 x 1032 rung at the chosen C (0.03), the median of three runs, beside as many
 * scikit-learn fits, which take ten times as long and are run once:
 *
 *   deno run -A tests/bench/permutation_bench.ts [PYTHON]
 */
import process from "node:process";
import type { Matrix } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { refitPermutations } from "lib/stats/refit_permutations.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { drawDense } from "./ladder_data.ts";

const [python] = Deno.args;
const { x, labels } = drawDense({ nRows: 5000, nCols: 1032, signal: 0.5, seed: 1 });
const rows = [...labels.keys()], train = rows.slice(0, 3500), test = rows.slice(3500);
const runs = [];
for (let repeat = 0; repeat < 3; repeat++) runs.push(await refitAll());
const { seconds, cpuSeconds, pValue, kktResidual } = runs.toSorted((a, b) => a.seconds - b.seconds)[1]!;
console.log(
  `ours: ${seconds.toFixed(2)} s (CPU ${cpuSeconds.toFixed(2)}), p ${
    pValue.toFixed(4)
  }, largest KKT residual ${kktResidual.toExponential(1)}`,
);
if (python !== undefined) {
  const dir = await Deno.makeTempDir();
  await Deno.writeFile(`${dir}/dense.f32`, new Uint8Array((x as Matrix).data.buffer as ArrayBuffer));
  await Deno.writeFile(`${dir}/labels.u8`, labels);
  const script = new URL("peers/liblinear_permutations.py", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(python, { args: [script, dir] }).output();
  await Deno.remove(dir, { recursive: true });
  const [peer, peerCpu] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  if (!(peer! > 0)) throw new Error(new TextDecoder().decode(stderr));
  console.log(
    `scikit-learn: ${peer!.toFixed(2)} s (CPU ${peerCpu!.toFixed(2)}), ratio ${
      (peer! / seconds).toFixed(1)
    } (CPU ${(peerCpu! / cpuSeconds).toFixed(1)})`,
  );
}

/** Threads started and columns standardised within the time. */
async function refitAll() {
  const start = performance.now(), cpu = process.cpuUsage();
  const threads = openThreads();
  const { pValue, kktResidual } = await refitPermutations(x, labels, {
    train,
    test,
    c: 0.03,
    nPermutations: 200,
    scaler: fitStandardScaler(x, train),
    rng: randomStream(1, "bench/permutations"),
    threads,
  });
  threads.close();
  const { user, system } = process.cpuUsage(cpu);
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (user + system) / 1e6,
    pValue,
    kktResidual,
  };
}
