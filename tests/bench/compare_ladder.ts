// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * Sets one rung's nine C by five folds beside scikit-learn's GridSearchCV + LIBLINEAR (peers/liblinear_grid.py) on
 * the same bytes and folds, and checks every fit's objective against LIBLINEAR's.
 *
 *   deno run -A tests/bench/compare_ladder.ts --python PYTHON [--tolerance 1e-4 ...] [--problem "1032 dense signal"]
 *     [--plain --peer skglm_path.py]
 */
import { parseArgs } from "node:util";
import { chooseCAndFit } from "lib/stats/choose_c.ts";
import { planFolds, PUBLISHED_C_GRID } from "lib/stats/fold_paths.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { type BenchProblem, LADDER_PROBLEMS } from "./ladder_data.ts";

const { values } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    tolerance: { type: "string", multiple: true, default: ["1e-2", "1e-3", "1e-4", "2e-5"] },
    problem: { type: "string", multiple: true, default: Object.keys(LADDER_PROBLEMS) },
    repeats: { type: "string", default: "3" },
    plain: { type: "boolean", default: false },
    peer: { type: "string", default: "liblinear_grid.py" },
  },
});

/** Peers without class weights and penalised intercept are compared without them. */
const form = values.plain ? { classWeight: "none", intercept: "none" } as const : {};

for (const name of values.problem) {
  const draw = LADDER_PROBLEMS[name];
  if (draw === undefined) throw new RangeError(`Unknown problem ${name}: ${Object.keys(LADDER_PROBLEMS)}`);
  const problem = draw();
  const peer = await runPeer(problem);
  const exact = await runOurs(problem, 1e-8);
  // The loosest stop at which no fit's objective is above LIBLINEAR's (1e-11: rounding of the sums themselves).
  let ours = exact, tolerance = 1e-8;
  for (const looser of values.tolerance.map(Number)) {
    const found = await runOurs(problem, looser);
    if (!(excess(found.objectives, peer.objectives) <= 1e-11)) continue;
    [ours, tolerance] = [found, looser];
    break;
  }
  const worst = excess(ours.objectives, peer.objectives);
  const dash = peer.objectives.length === 0 ? "-" : worst.toExponential(1);
  console.log(
    `${name}: ours ${ours.seconds.toFixed(2)} s at tolerance ${tolerance} (1e-8: ${
      exact.seconds.toFixed(2)
    } s), ${values.peer} ` +
      `${peer.seconds.toFixed(2)} s, ratio ${(peer.seconds / ours.seconds).toFixed(1)} ` +
      `(1e-8: ${(peer.seconds / exact.seconds).toFixed(1)}); C ${ours.bestC} and ${peer.bestC}; AUROC ${
        ours.auroc.toFixed(4)
      }; worst relative excess of our objective ${dash}`,
  );
}

/** Largest relative excess of ours over theirs, over folds and C; -Infinity where the peer has none. */
function excess(ours: number[][], theirs: number[][]): number {
  return Math.max(...theirs.flatMap((row, f) => row.map((value, k) => (ours[f]![k]! - value) / value)));
}

/** The best of several runs, workers started and data standardised within the time. */
async function runOurs(problem: BenchProblem, tolerance: number) {
  const folds = stratifiedKFold(problem.labels, { nSplits: 5, seed: 42 });
  let seconds = Infinity, bestC = NaN, auroc = NaN;
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    const start = performance.now();
    const threads = openThreads();
    const scaler = fitStandardScaler(problem.x);
    const { choice } = await chooseCAndFit(problem.x, problem.labels, {
      ...{ folds, scaler, tolerance, threads, ...form },
      path: "whole",
    });
    threads.close();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
    bestC = choice.bestC;
    auroc = choice.meanScores[choice.bestIndex]!;
  }
  const scaler = fitStandardScaler(problem.x);
  const plan = planFolds(problem.x, problem.labels, { folds, scaler, tolerance, ...form });
  const threads = openThreads();
  const paths = await threads.follow(plan.design, plan.tasks);
  threads.close();
  return { seconds, bestC, auroc, objectives: paths.map((path) => path.map((point) => point.objective)) };
}

/** Writes the problem as plain arrays and lets the peer time itself. */
async function runPeer({ x, labels }: BenchProblem) {
  const dir = await Deno.makeTempDir();
  const write = (file: string, array: ArrayBufferView<ArrayBuffer>) =>
    Deno.writeFile(`${dir}/${file}`, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  await write("labels.u8", labels as Uint8Array<ArrayBuffer>);
  if ("indptr" in x) {
    await write("indptr.u32", x.indptr as Uint32Array<ArrayBuffer>);
    await write("indices.u32", x.indices as Uint32Array<ArrayBuffer>);
    await write("values.f32", x.values as Float32Array<ArrayBuffer>);
  } else await write("dense.f32", x.data as Float32Array<ArrayBuffer>);
  const shape = { n_rows: x.nRows, n_cols: x.nCols, grid: PUBLISHED_C_GRID };
  await Deno.writeTextFile(`${dir}/shape.json`, JSON.stringify(shape));
  const script = new URL(`peers/${values.peer}`, import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(values.python, { args: [script, dir] }).output();
  await Deno.remove(dir, { recursive: true });
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const answer = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
  return answer as { seconds: number; bestC: number; objectives: number[][] };
}
