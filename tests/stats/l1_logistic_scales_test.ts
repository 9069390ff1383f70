/** The published calibration fits columns that are neither centred nor scaled (flaw F15): lengths beside ratios. */
import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { fitLogistic } from "lib/stats/l1_logistic.ts";

/** Largest violation of the optimality conditions, relative to the penalty's unit slope; naive. */
function kktViolation(
  rows: readonly number[][],
  labels: readonly number[],
  fit: { readonly coef: ArrayLike<number>; readonly intercept: number },
  c: number,
): number {
  const n = labels.length, nHard = labels.filter((y) => y === 1).length;
  const weights = labels.map((y) => n / (2 * (y === 1 ? nHard : n - nHard)));
  const withBias = rows.map((row) => [...row, 1]);
  const w = [...Array.from(fit.coef), fit.intercept];
  const slopes = withBias.map((row, i) => {
    const margin = row.reduce((sum, x, j) => sum + x * w[j]!, 0);
    return c * weights[i]! * (1 / (1 + Math.exp(-margin)) - labels[i]!);
  });
  return Math.max(...w.map((wj, j) => {
    const gradient = withBias.reduce((sum, row, i) => sum + row[j]! * slopes[i]!, 0);
    return wj === 0 ? Math.max(0, Math.abs(gradient) - 1) : Math.abs(gradient + Math.sign(wj));
  }));
}

for (
  const [what, seed, c] of [["ratios beside lengths", 1, 0.3], [
    "the same, hardly regularised",
    2,
    10,
  ]] as const
) {
  Deno.test(`fitLogistic() reaches the optimum on columns of very different scales (${what})`, () => {
    const rng = randomStream(seed, "scales");
    const rows: number[][] = [], labels: number[] = [];
    for (let i = 0; i < 1200; i++) {
      const length = 300 + 600 * rng.random();
      const tokens = 4;
      rows.push([
        length,
        tokens,
        0.6 + 0.2 * rng.random(),
        3 + 40 * rng.random() * rng.random(),
        length / tokens, // a multiple of the first column
        0.05 * rng.random(),
        Math.floor(i / 100),
        rng.random() < 0.5 ? 0 : rng.random(),
      ]);
      labels.push(rng.random() < 0.2 + 0.3 * Number(length > 600) ? 1 : 0);
    }
    const matrix = { data: Float64Array.from(rows.flat()), nRows: rows.length, nCols: 8 };
    const fit = fitLogistic(matrix, labels, { c });
    // One count of the longest column is a slope of about 1e6 here: 1e-8 of that.
    assert.ok(kktViolation(rows, labels, fit, c) < 1e-2, `violation ${kktViolation(rows, labels, fit, c)}`);
    assert.ok(fit.kktResidual <= 1e-8, `reported ${fit.kktResidual}`);
  });
}
