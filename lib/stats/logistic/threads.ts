/**
 * Paths on several threads. Tasks are dealt out whole and a task's arithmetic does not know who else is running, so
 * the number of threads changes no bit of any result.
 */
import { availableParallelism } from "node:os";
import type { Design } from "./design.ts";
import { type KernelChoice, loadKernel } from "./kernel_choice.ts";
import { followPaths, type PathPoint, type PathTask } from "./paths.ts";
import type { PathAnswer, PathJob } from "./path_worker.ts";
import { reserveWorkspaces } from "./workspace.ts";

/** Paths a thread follows side by side; more share each column further, but need a workspace each. */
const SIDE_BY_SIDE = 16;

/** Taken before any model runs: onnxruntime-web replaces the global one by Node's, which takes other arguments. */
const WebWorker = globalThis.Worker;

/** Threads that follow paths; close() it when done, or the process stays alive. */
export interface PathThreads {
  /** Threads in all, the calling one included. */
  readonly nThreads: number;
  follow(design: Design, tasks: readonly PathTask[]): Promise<PathPoint[][]>;
  /**
   * Memory that a design no longer uses, if there is any, for the next one. Designs that follow one another then
   * take no more than the largest of them, whenever garbage is collected.
   */
  takeMemory(): WebAssembly.Memory | undefined;
  giveMemory(memory: WebAssembly.Memory): void;
  close(): void;
}

/**
 * Starts threads.
 * @param nThreads the calling thread works too, so nThreads - 1 workers are started (default: all cores)
 */
export function openThreads(
  { nThreads = availableParallelism(), kernel = "wasm" }: {
    readonly nThreads?: number;
    readonly kernel?: KernelChoice;
  } = {},
): PathThreads {
  if (!Number.isInteger(nThreads) || nThreads < 1 || nThreads > 64) {
    throw new RangeError(`Cannot start threads: needs 1 to 64, got ${nThreads}`);
  }
  const workers = Array.from(
    { length: nThreads - 1 },
    () => new WebWorker(new URL("./path_worker.ts", import.meta.url).href, { type: "module" }),
  );
  const code = loadKernel(kernel);
  let nextId = 0;
  let spare: WebAssembly.Memory | undefined;

  function post(worker: Worker, job: PathJob): Promise<readonly (readonly PathPoint[])[]> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        worker.removeEventListener("message", answered);
        worker.removeEventListener("error", failed);
      };
      const answered = ({ data }: MessageEvent<PathAnswer>) => {
        if (data.id !== job.id) return;
        finish();
        if ("error" in data) reject(new Error(data.error));
        else resolve(data.paths);
      };
      const failed = (event: ErrorEvent) => {
        event.preventDefault();
        finish();
        reject(new Error(`Cannot follow paths: a worker failed (${event.message})`));
      };
      worker.addEventListener("message", answered);
      worker.addEventListener("error", failed);
      worker.postMessage(job);
    });
  }

  async function follow(design: Design, tasks: readonly PathTask[]): Promise<PathPoint[][]> {
    const results: PathPoint[][] = [];
    const together = SIDE_BY_SIDE * nThreads;
    for (let from = 0; from < tasks.length; from += together) {
      results.push(...await followBatch(design, tasks.slice(from, from + together)));
    }
    return results;
  }

  async function followBatch(design: Design, tasks: readonly PathTask[]): Promise<PathPoint[][]> {
    const workspaces = reserveWorkspaces(design, tasks.length);
    const results: PathPoint[][] = new Array(tasks.length);
    const shares = Array.from(
      { length: nThreads },
      (_, thread) => [...tasks.keys()].filter((k) => k % nThreads === thread),
    );
    const collect = (share: readonly number[], paths: readonly (readonly PathPoint[])[]) =>
      share.forEach((k, at) => results[k] = [...paths[at]!]);
    const answers = workers.map((worker, w) => {
      const thread = w + 1, share = shares[thread]!;
      if (share.length === 0) return;
      const job = { id: nextId++, design, code, thread };
      return post(worker, {
        ...job,
        tasks: share.map((k) => tasks[k]!),
        workspaces: share.map((k) => workspaces[k]!),
      })
        .then((paths) => collect(share, paths));
    });
    const own = shares[0]!;
    collect(
      own,
      followPaths(design, own.map((k) => tasks[k]!), {
        workspaces: own.map((k) => workspaces[k]!),
        code,
      }),
    );
    await Promise.all(answers);
    return results;
  }

  function takeMemory(): WebAssembly.Memory | undefined {
    const memory = spare;
    spare = undefined;
    return memory;
  }

  return {
    nThreads,
    follow,
    takeMemory,
    giveMemory: (memory) => void (spare = memory),
    close: () => workers.forEach((worker) => worker.terminate()),
  };
}
