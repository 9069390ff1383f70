// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * Sets one rung's nine C by five folds beside scikit-learn's GridSearchCV + LIBLINEAR (peers/liblinear_grid.py) on
 * the same bytes and folds, and checks every fit's objective against LIBLINEAR's.
 *
 *   deno run -A tests/bench/compare_ladder.ts --python PYTHON [--tolerance 1e-4 ...] [--problem "1032 dense signal"]
 *     [--plain --peer skglm_path.py] [--folder DIR]
 *
 * With --folder the peer's arrays and answer stay there, and an answer that is there already is used again.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { chooseCAndFit } from "lib/stats/choose_c.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import type { LogisticOptions } from "lib/stats/l1_logistic.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { type BenchProblem, LADDER_PROBLEMS } from "./ladder_data.ts";
import { answerOfPeer, describe, excess, foldObjectives, ratioOf } from "./ladder_peer.ts";

const { values } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    tolerance: {
      type: "string",
      multiple: true,
      default: ["1e-4", "5e-5", "3e-5", "2e-5", "1e-5", "3e-6", "1e-6"],
    },
    problem: { type: "string", multiple: true, default: Object.keys(LADDER_PROBLEMS) },
    repeats: { type: "string", default: "3" },
    plain: { type: "boolean", default: false },
    peer: { type: "string", default: "liblinear_grid.py" },
    folder: { type: "string" },
  },
});

/** When our fits stop: as LIBLINEAR's do, relative to the gradient at the start, or at a proven optimum. */
type Stop = Required<Pick<LogisticOptions, "tolerance" | "relativeTo">>;
const LIKE_LIBLINEAR = { relativeTo: "start" } as const;
const EXACT: Stop = { tolerance: 1e-8, relativeTo: "penalty" };

/** Peers without class weights and penalised intercept are compared without them. */
const form = values.plain ? { classWeight: "none", intercept: "none" } as const : {};

for (const name of values.problem) {
  const draw = LADDER_PROBLEMS[name];
  if (draw === undefined) throw new RangeError(`Unknown problem ${name}: ${Object.keys(LADDER_PROBLEMS)}`);
  const problem = draw();
  const peer = await answerOfPeer(name, problem, {
    script: values.peer,
    python: values.python,
    folder: values.folder,
  });
  // The loosest stop at which no fit's objective is above the peer's (1e-11: rounding of the sums themselves).
  let stop: Stop = EXACT, worst = NaN;
  for (
    const looser of [
      ...values.tolerance.map((text) => ({ ...LIKE_LIBLINEAR, tolerance: Number(text) })),
      EXACT,
    ]
  ) {
    [stop, worst] = [looser, excess(await foldObjectives(problem, { ...looser, ...form }), peer.objectives)];
    if (worst <= 1e-11) break;
  }
  const ours = await runOurs(problem, stop), exact = await runOurs(problem, EXACT);
  console.log(
    `${name}: ours ${describe(ours)} at tolerance ${stop.tolerance} of ${stop.relativeTo}, ${
      describe(exact)
    } at 1e-8 of penalty; ${values.peer} ${describe(peer)}; ratio ${ratioOf(peer, ours)}, at 1e-8 ${
      ratioOf(peer, exact)
    }; C ${ours.bestC} and ${peer.bestC}; AUROC ${
      ours.auroc.toFixed(4)
    }; worst relative excess of our objective ${peer.objectives.length === 0 ? "-" : worst.toExponential(1)}`,
  );
}

/** The best of several runs, workers started and data standardised within the time. */
async function runOurs({ x, labels }: BenchProblem, stop: Stop) {
  const folds = stratifiedKFold(labels, { nSplits: 5, seed: 42 });
  let seconds = Infinity, cpuSeconds = Infinity, bestC = NaN, auroc = NaN;
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    const start = performance.now(), cpu = process.cpuUsage();
    const threads = openThreads();
    const scaler = fitStandardScaler(x);
    const { choice } = await chooseCAndFit(x, labels, {
      ...{ folds, scaler, threads, ...stop, ...form },
      path: "whole",
    });
    threads.close();
    const { user, system } = process.cpuUsage(cpu);
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
    cpuSeconds = Math.min(cpuSeconds, (user + system) / 1e6);
    bestC = choice.bestC;
    auroc = choice.meanScores[choice.bestIndex]!;
  }
  return { seconds, cpuSeconds, bestC, auroc };
}
