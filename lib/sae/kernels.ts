/**
 * The kernels of lib/sae/assembly on several threads over one shared memory. Work is split by output (rows, latents),
 * every output is made by one thread in a fixed order, so results do not depend on the number of threads.
 */
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Arena } from "./arena.ts";

/** An argument of a kernel: the same for all threads, or one for each. */
export type KernelArgument = number | readonly number[];

/** The kernels, ready to run. */
export interface Kernels {
  readonly nThreads: number;
  /** Runs `name(from, to, ...args)` over 0..nItems, split evenly, and waits until all threads are done. */
  run(name: KernelName, nItems: number, args: readonly KernelArgument[]): void;
  /** As run(), over from..to. */
  runRange(name: KernelName, range: readonly [number, number], args: readonly KernelArgument[]): void;
  close(): Promise<void>;
}

const NAMES = [
  "listTimesDense",
  "listDots",
  "listSums",
  "gatherRows",
  "blockSums",
  "countByLatent",
  "scatterByLatent",
  "selectTopK",
  "countAbove",
  "emitAbove",
  "histogram",
  "addBias",
  "center",
  "errors",
  "addRows",
  "adam",
  "blockSquares",
  "divideColumns",
] as const;

export type KernelName = typeof NAMES[number];

/** A compiled set, as sent to a worker. */
export interface KernelSetup {
  readonly modules: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  /** This thread's number; the calling thread is 0. */
  readonly part: number;
  /** This thread's space for selections, and for a block of columns. */
  readonly scratchAt: number;
  readonly panelAt: number;
  readonly dSae: number;
}

/** Words of the control block: [command number, threads done, kernel, arguments], then doubles for each thread. */
export const CONTROL = { command: 0, done: 1, kernel: 2, nArgs: 3, doublesAt: 16, doublesPerPart: 16 };

/** What tells a worker to end. */
export const STOP = -1;

type KernelFunction = (...args: number[]) => void;

export interface KernelOptions {
  readonly nThreads: number;
  /** Most rows of a batch. */
  readonly nRows: number;
  readonly dSae: number;
  /** Whether results must have the same bits on every machine. */
  readonly isPortable: boolean;
}

/**
 * Starts the kernels.
 * @param arena the memory they work in
 */
export async function openKernels(
  arena: Arena,
  { nThreads, nRows, dSae, isPortable }: KernelOptions,
): Promise<Kernels> {
  if (!Number.isInteger(nThreads) || nThreads < 1) {
    throw new RangeError(`Cannot start kernels: needs a thread or more, got ${nThreads}`);
  }
  // Fused multiply-adds are faster, and not on every machine.
  const files = [isPortable ? "products" : "products_fused", "select", "update"];
  const modules = files.map((file) =>
    new WebAssembly.Module(readFileSync(new URL(`./${file}.wasm`, import.meta.url)))
  );
  const control = new SharedArrayBuffer(CONTROL.doublesAt + 8 * CONTROL.doublesPerPart * nThreads);
  const words = new Int32Array(control, 0, 4);
  const doubles = new Float64Array(control, CONTROL.doublesAt);
  const setup = (part: number): KernelSetup => ({
    modules,
    memory: arena.memory,
    control,
    part,
    scratchAt: arena.words(3 * (dSae + 16)).at,
    panelAt: arena.floats(64 * Math.max(nRows, dSae)).at,
    dSae,
  });
  const own = instantiate(setup(0));
  const workers = await Promise.all(
    Array.from({ length: nThreads - 1 }, (_, i) => startWorker(setup(i + 1))),
  );

  function runRange(
    name: KernelName,
    [from, to]: readonly [number, number],
    args: readonly KernelArgument[],
  ) {
    const bound = (part: number) => from + Math.round(((to - from) * part) / nThreads);
    const of = (part: number) => args.map((arg) => typeof arg === "number" ? arg : arg[part]!);
    const kernel = NAMES.indexOf(name);
    if (workers.length > 0) {
      for (let part = 1; part < nThreads; part++) {
        doubles.set([bound(part), bound(part + 1), ...of(part)], part * CONTROL.doublesPerPart);
      }
      words[CONTROL.kernel] = kernel;
      words[CONTROL.nArgs] = args.length + 2;
      Atomics.store(words, CONTROL.done, 0);
      Atomics.add(words, CONTROL.command, 1);
      Atomics.notify(words, CONTROL.command);
    }
    own[kernel]!(bound(0), bound(1), ...of(0));
    for (let done = Atomics.load(words, CONTROL.done); done < workers.length;) {
      Atomics.wait(words, CONTROL.done, done);
      done = Atomics.load(words, CONTROL.done);
    }
  }

  return {
    nThreads,
    runRange,
    run: (name, nItems, args) => runRange(name, [0, nItems], args),
    async close() {
      const ended = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
      words[CONTROL.kernel] = STOP;
      Atomics.add(words, CONTROL.command, 1);
      Atomics.notify(words, CONTROL.command);
      await Promise.all(ended);
    },
  };
}

/** The kernels of one thread, in the order of NAMES. */
export function instantiate(
  { modules, memory, scratchAt, panelAt, dSae }: KernelSetup,
): readonly KernelFunction[] {
  const found = new Map<string, KernelFunction>();
  for (const module of modules) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value === "function") found.set(name, value as KernelFunction);
    }
  }
  found.get("setScratch")!(scratchAt, dSae + 16);
  found.get("setPanel")!(panelAt);
  return NAMES.map((name) => found.get(name)!);
}

// Node's Worker, because loading onnxruntime-web replaces the global one by it.
function startWorker(setup: KernelSetup): Promise<Worker> {
  const worker = new Worker(new URL("./kernel_worker.ts", import.meta.url), { workerData: setup });
  return new Promise((resolve, reject) => {
    worker.once("message", () => resolve(worker));
    worker.once("error", (error) => reject(new Error("Cannot start a kernel thread", { cause: error })));
  });
}
