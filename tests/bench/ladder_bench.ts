/**
 * The probe ladder's cost: nine C by five folds and the refit, on all cores; its growth with rows and columns; the
 * price of a proven optimum. compare_ladder.ts sets it beside scikit-learn.
 */
import { chooseCAndFit } from "lib/stats/choose_c.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { type BenchProblem, drawDense, drawSparse, LADDER_PROBLEMS } from "./ladder_data.ts";

async function ladderRung({ x, labels }: BenchProblem, tolerance: number): Promise<void> {
  const threads = openThreads();
  try {
    const folds = stratifiedKFold(labels, { nSplits: 5, seed: 42 });
    await chooseCAndFit(x, labels, {
      folds,
      scaler: fitStandardScaler(x),
      tolerance,
      threads,
      path: "whole",
    });
  } finally {
    threads.close();
  }
}

function bench(group: string, name: string, draw: () => BenchProblem, tolerance: number): void {
  let problem: BenchProblem | undefined;
  Deno.bench({
    group,
    name,
    n: 1,
    warmup: 0,
    fn: async (b) => {
      problem ??= draw();
      b.start();
      await ladderRung(problem, tolerance);
      b.end();
    },
  });
}

for (const [name, draw] of Object.entries(LADDER_PROBLEMS)) {
  for (const tolerance of [1e-4, 1e-8]) bench(name, `${name}, tolerance ${tolerance}`, draw, tolerance);
}
for (const nRows of [875, 1750, 3500, 7000]) {
  bench("rows", `${nRows} x 1032`, () => drawDense({ nRows, nCols: 1032, signal: 0.5, seed: 4 }), 1e-4);
}
for (const nCols of [128, 512, 2048, 4096]) {
  bench("columns", `3500 x ${nCols}`, () => drawDense({ nRows: 3500, nCols, signal: 0.5, seed: 5 }), 1e-4);
}
for (const nTokens of [1, 4, 16]) {
  const draw = () => drawSparse({ nRows: 3500, nCols: 12288, signal: 0.5, seed: 6, nTokens });
  bench("tokens", `3500 x 12288, ${nTokens} tokens pooled`, draw, 1e-4);
}
