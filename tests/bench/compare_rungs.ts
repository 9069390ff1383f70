// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * The published five rungs as a whole at the published size, beside scikit-learn rung by rung; and how much memory
 * they take beside the blocks they are fitted on (Linux: peak resident set, workers included).
 *
 *   deno run -A --v8-flags=--expose-gc tests/bench/compare_rungs.ts --python PYTHON [--tolerance 1e-5] [--folder DIR]
 *     [--rung P1_cheap ...] [--columns 3072] [--no-peer]
 *
 * --columns is the width of the raw block (a layer has 3 x 1024); --no-peer asks for our time and memory only. --rung
 * stops after the peer's answers on those rungs, so that a folder can be filled bit by bit.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { randomStream } from "lib/math/random.ts";
import { publishedRungs } from "lib/questions/predictive.ts";
import { runLadder } from "lib/questions/predictive_rungs.ts";
import { joinBlocks, pickRows } from "lib/stats/feature_blocks.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { drawLadder } from "./ladder_data.ts";
import { answerOfPeer, describe, excess, foldObjectives, type PeerAnswer, ratioOf } from "./ladder_peer.ts";

const { values } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    tolerance: { type: "string", default: "1e-5" },
    folder: { type: "string" },
    rung: { type: "string", multiple: true },
    columns: { type: "string", default: "3072" },
    "no-peer": { type: "boolean", default: false },
  },
});

const N_TRAIN = 3500, N_TEST = 1500;
const { blocks, labels } = drawLadder({
  nRows: N_TRAIN + N_TEST,
  nCols: Number(values.columns),
  signal: 0.5,
  seed: 7,
});
const items = Uint32Array.from(labels.keys());
const split = { train: items.subarray(0, N_TRAIN), test: items.subarray(N_TRAIN) };
const trainLabels = labels.subarray(0, N_TRAIN);
const rungs = publishedRungs(blocks);
/** As LIBLINEAR's fits stop, relative to the gradient at the start. */
const stop = { tolerance: Number(values.tolerance), relativeTo: "start" } as const;

if (values.rung === undefined) {
  const stored = Object.values(blocks).reduce(
    (sum, block) =>
      sum +
      ("indptr" in block
        ? block.values.byteLength + block.indices.byteLength + block.indptr.byteLength
        : block.data.byteLength),
    0,
  );
  (globalThis as { gc?: () => void }).gc?.();
  Deno.writeTextFileSync("/proc/self/clear_refs", "5"); // the peak starts afresh
  const before = residentBytes("VmRSS"), fileBefore = residentBytes("RssFile");
  const start = performance.now(), cpu = process.cpuUsage();
  const threads = openThreads();
  const { ladder } = await runLadder(rungs, {
    labels,
    split,
    folds: stratifiedKFold(trainLabels, { nSplits: 5, seed: 42 }),
    nResamples: 2000,
    rng: randomStream(1, "bench/ladder"),
    threads,
    ...stop,
  });
  threads.close();
  const { user, system } = process.cpuUsage(cpu);
  const ours = { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
  const growth = residentBytes("VmHWM") - before, ofFiles = residentBytes("RssFile") - fileBefore;
  const mebi = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(
    `five rungs, bootstrap included: ${describe(ours)} at tolerance ${stop.tolerance} of ${stop.relativeTo}`,
  );
  console.log(
    `blocks ${mebi(stored)}, memory grew by ${mebi(growth)}: ${(growth / stored).toFixed(2)} times (${
      mebi(ofFiles)
    } are pages of the program's own file)`,
  );
  for (const { name, auroc, best_C } of Object.values(ladder.result.probes)) {
    console.log(`  ${name}: AUROC ${auroc.toFixed(4)}, C ${best_C}`);
  }
  if (!values["no-peer"]) {
    const answers: (readonly [string, PeerAnswer])[] = [];
    for (const { name } of rungs) answers.push([name, await peerOn(name)]); // one at a time: each takes all cores
    const sum = (part: keyof Pick<PeerAnswer, "seconds" | "cpuSeconds">) =>
      answers.reduce((total, [, answer]) => total + answer[part], 0);
    const peer = { seconds: sum("seconds"), cpuSeconds: sum("cpuSeconds") };
    for (const [name, answer] of answers) {
      const worst = excess(await foldObjectives(problemOf(name), stop), answer.objectives);
      console.log(
        `  ${name}: scikit-learn ${describe(answer)}, C ${answer.bestC}; worst excess of ours ${
          worst.toExponential(1)
        }`,
      );
    }
    console.log(`scikit-learn, the five grids: ${describe(peer)}; ratio ${ratioOf(peer, ours)}`);
  }
} else for (const name of values.rung) console.log(name, describe(await peerOn(name)));

function problemOf(name: string) {
  const rung = rungs.find((candidate) => candidate.name === name);
  if (rung === undefined) throw new RangeError(`Unknown rung ${name}: ${rungs.map((r) => r.name)}`);
  return { x: pickRows(joinBlocks(rung.blocks), split.train), labels: trainLabels };
}

function peerOn(name: string): Promise<PeerAnswer> {
  return answerOfPeer(`rungs ${name}`, problemOf(name), {
    script: "liblinear_grid.py",
    python: values.python,
    folder: values.folder,
  });
}

function residentBytes(field: "VmRSS" | "VmHWM" | "RssFile"): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]);
}
