/** The peers' side of the ladder's comparisons: plain arrays in a folder, a script that times itself on them. */
import type { BenchProblem } from "./ladder_data.ts";
import { planFolds, PUBLISHED_C_GRID } from "lib/stats/fold_paths.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import type { LogisticOptions } from "lib/stats/l1_logistic.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";

/** Wall and CPU seconds; a busy machine disturbs the latter less. */
export interface Timed {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** What a peer prints. */
export interface PeerAnswer extends Timed {
  readonly bestC: number;
  /** By fold, then by C; empty if the peer has another objective. */
  readonly objectives: number[][];
}

/** Which peer, with which interpreter, and where its arrays and answers are kept (default: nowhere). */
export interface PeerOptions {
  readonly script: string;
  readonly python: string;
  readonly folder?: string | undefined;
}

/** A peer's answer: the one kept in the folder, if it is there, since peers take minutes. */
export async function answerOfPeer(
  name: string,
  problem: BenchProblem,
  { script, python, folder }: PeerOptions,
): Promise<PeerAnswer> {
  const dir = folder === undefined ? await Deno.makeTempDir() : `${folder}/${name.replaceAll(" ", "_")}`;
  const kept = `${dir}/${script}.json`;
  if (folder !== undefined) {
    try {
      return JSON.parse(await Deno.readTextFile(kept)) as PeerAnswer;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  await Deno.mkdir(dir, { recursive: true });
  await writeProblem(dir, problem);
  const path = new URL(`peers/${script}`, import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [path, dir] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const answer = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  if (folder === undefined) await Deno.remove(dir, { recursive: true });
  else await Deno.writeTextFile(kept, answer);
  return JSON.parse(answer) as PeerAnswer;
}

/** Plain arrays and their shape. */
async function writeProblem(dir: string, { x, labels }: BenchProblem): Promise<void> {
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
}

/** Our objectives, by fold, then by C. */
export async function foldObjectives(
  { x, labels }: BenchProblem,
  options: Omit<LogisticOptions, "c" | "rows">,
): Promise<number[][]> {
  const folds = stratifiedKFold(labels, { nSplits: 5, seed: 42 });
  const plan = planFolds(x, labels, { folds, scaler: fitStandardScaler(x), ...options });
  const threads = openThreads();
  const paths = await threads.follow(plan.design, plan.tasks);
  threads.close();
  return paths.map((path) => path.map((point) => point.objective));
}

/** Largest relative excess of ours over theirs, over folds and C; -Infinity where the peer has none. */
export function excess(ours: number[][], theirs: number[][]): number {
  return Math.max(...theirs.flatMap((row, f) => row.map((value, k) => (ours[f]![k]! - value) / value)));
}

/** Seconds and ratios as text. */
export const describe = ({ seconds, cpuSeconds }: Timed) =>
  `${seconds.toFixed(2)} s (CPU ${cpuSeconds.toFixed(2)})`;
export const ratioOf = (peer: Timed, ours: Timed) =>
  `${(peer.seconds / ours.seconds).toFixed(1)} (CPU ${(peer.cpuSeconds / ours.cpuSeconds).toFixed(1)})`;
