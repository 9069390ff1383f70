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

/** Paths a thread follows side by side at most; more share each column further, but need a workspace each. */
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
    const workspaces = reserveWorkspaces(design, Math.min(tasks.length, SIDE_BY_SIDE * nThreads));
    const results: PathPoint[][] = new Array(tasks.length);
    const shareOf = (thread: number) => {
      const isOwn = (_: unknown, k: number) => k % nThreads === thread;
      return { tasks: tasks.filter(isOwn), workspaces: workspaces.filter(isOwn) };
    };
    const collect = (thread: number, paths: readonly (readonly PathPoint[])[]) =>
      paths.forEach((path, at) => results[thread + at * nThreads] = [...path]);
    const answers = workers.map((worker, w) => {
      const thread = w + 1, share = shareOf(thread);
      if (share.tasks.length === 0) return;
      return post(worker, { id: nextId++, design, code, thread, ...share }).then((paths) =>
        collect(thread, paths)
      );
    });
    const { tasks: own, ...options } = shareOf(0);
    collect(0, followPaths(design, own, { ...options, code }));
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
