/** A thread of lib/sae/kernels.ts: waits for a command, runs its share of the kernel, says that it is done. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { CONTROL, instantiate, type KernelSetup, STOP } from "./kernels.ts";

// Whoever imports this file outside a worker (a documentation test does) gets nothing.
if (parentPort !== null) serve(workerData as KernelSetup, parentPort);

function serve(setup: KernelSetup, parent: MessagePort): void {
  const kernels = instantiate(setup);
  const words = new Int32Array(setup.control, 0, 4);
  const doubles = new Float64Array(setup.control, CONTROL.doublesAt);
  const from = setup.part * CONTROL.doublesPerPart;
  let command = Atomics.load(words, CONTROL.command);
  parent.postMessage("ready");
  while (true) {
    Atomics.wait(words, CONTROL.command, command);
    command = Atomics.load(words, CONTROL.command);
    const kernel = words[CONTROL.kernel]!;
    if (kernel === STOP) break;
    kernels[kernel]!(...doubles.subarray(from, from + words[CONTROL.nArgs]!));
    Atomics.add(words, CONTROL.done, 1);
    Atomics.notify(words, CONTROL.done);
  }
}
