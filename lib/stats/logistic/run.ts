/**
 * Carries out solvers' steps, one or many side by side. Side by side, problems get what they wait for in one kernel
 * call, which reads each column once for all of them; their arithmetic, and so their bits, are those of running
 * alone.
 */
import { type Design, TABLE_BYTES } from "./design.ts";
import type { Kernel, Request } from "./kernel.ts";
import { typescriptKernel } from "./kernel_typescript.ts";
import { wasmKernel } from "./kernel_wasm.ts";
import type { Steps } from "./model_parts.ts";
import { createSolver, type LogisticSolver } from "./solve.ts";
import { openWorkspace, reserveWorkspaces, type Workspace } from "./workspace.ts";

/** Which implementation of the column kernels; both give the same bits. */
export type KernelChoice = "wasm" | "typescript";

/** Solvers of one thread and what runs them. */
export interface SolverGroup {
  readonly solvers: readonly LogisticSolver[];
  readonly kernel: Kernel;
}

/** Solvers over workspaces already reserved. */
export function openGroup(
  design: Design,
  workspaces: readonly number[],
  { thread = 0, kernel = "wasm" }: { readonly thread?: number; readonly kernel?: KernelChoice } = {},
): SolverGroup {
  return {
    solvers: workspaces.map((at) => createSolver(design, openWorkspace(design, at))),
    kernel: kernel === "wasm"
      ? wasmKernel(design, design.tablesAt + thread * TABLE_BYTES)
      : typescriptKernel(design),
  };
}

/** One solver over a design, for this thread. */
export function openSolver(design: Design, kernel: KernelChoice = "wasm"): SolverGroup {
  return openGroup(design, reserveWorkspaces(design, 1), { kernel });
}

/** Runs the steps of one solver to their end. */
export function run<T>(kernel: Kernel, work: Workspace, steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    kernel([{ work, operation: next.value }]);
  }
}

/** Runs the steps of several solvers side by side to the end of them all. */
export function runTogether<T>(
  kernel: Kernel,
  tasks: readonly { readonly work: Workspace; readonly steps: Steps<T> }[],
): T[] {
  const results: T[] = new Array(tasks.length);
  let running = [...tasks.keys()];
  for (;;) {
    const requests: Request[] = [];
    running = running.filter((k) => {
      const { work, steps } = tasks[k]!, next = steps.next();
      if (next.done) results[k] = next.value;
      else requests.push({ work, operation: next.value });
      return !next.done;
    });
    if (running.length === 0) return results;
    kernel(requests);
  }
}
