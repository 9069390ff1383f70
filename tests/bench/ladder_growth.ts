// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * How a rung's cost (nine C by five folds and the full path, all cores) grows with rows and with columns, drawn:
 *
 *   deno run -A tests/bench/ladder_growth.ts FOLDER
 *
 * writes FOLDER/ladder_growth.svg and the figures behind it. A fitted power law is printed for each line.
 */
import { exportFigure } from "lib/io/figures/render_figure.ts";
import { axis, baseLayout, seriesStyle, topLegend } from "lib/report/figures/theme.ts";
import { chooseCAndFit } from "lib/stats/choose_c.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { type BenchProblem, drawDense, drawSparse } from "./ladder_data.ts";

const [folder = "."] = Deno.args;
const TOLERANCE = 1e-5;
const SIZES = [437, 875, 1750, 3500];

const LINES = [
  {
    label: "dense, rows (516 columns)",
    draw: (size: number) => drawDense({ nRows: size, nCols: 516, signal: 0.5, seed: 4 }),
  },
  {
    label: "dense, columns (1750 rows)",
    draw: (size: number) => drawDense({ nRows: 1750, nCols: size, signal: 0.5, seed: 5 }),
  },
  {
    label: "sparse codes, rows (3072 columns)",
    draw: (size: number) => drawSparse({ nRows: size, nCols: 3072, signal: 0.5, seed: 6 }),
  },
];

const measured = [];
for (const { label, draw } of LINES) {
  const seconds = [];
  for (const size of SIZES) seconds.push(await best(draw(size)));
  const slope = Math.log(seconds.at(-1)! / seconds[0]!) / Math.log(SIZES.at(-1)! / SIZES[0]!);
  console.log(`${label}: ${seconds.map((s) => s.toFixed(2)).join(", ")} s; about size^${slope.toFixed(2)}`);
  measured.push({ label, seconds });
}

await exportFigure(
  {
    name: "ladder_growth",
    title: `Seconds of one rung at tolerance ${TOLERANCE} against its size`,
    data: measured.map(({ label, seconds }, k) => {
      const { color, symbol, dash } = seriesStyle(label, k);
      return {
        ...{ type: "scatter", mode: "lines+markers", name: label, x: SIZES, y: seconds },
        line: { color, dash, width: 1.6 },
        marker: { color, symbol, size: 8 },
      };
    }),
    layout: {
      ...baseLayout({ height: 320, heading: undefined, margin: { t: 50, b: 50 } }),
      showlegend: true,
      legend: topLegend(),
      xaxis: axis("Rows or columns", { type: "log", tickmode: "array", tickvals: SIZES }),
      yaxis: axis("Seconds", { type: "log" }),
    },
    source: measured.flatMap(({ label, seconds }) =>
      seconds.map((value, k) => ({ line: label, size: SIZES[k]!, seconds: value }))
    ),
  },
  folder,
  ["svg"],
);

/** The best of three runs. */
async function best({ x, labels }: BenchProblem): Promise<number> {
  const folds = stratifiedKFold(labels, { nSplits: 5, seed: 42 });
  let seconds = Infinity;
  for (let repeat = 0; repeat < 3; repeat++) {
    const start = performance.now();
    const threads = openThreads();
    const scaler = fitStandardScaler(x);
    await chooseCAndFit(x, labels, { folds, scaler, tolerance: TOLERANCE, threads, path: "whole" });
    threads.close();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return seconds;
}
