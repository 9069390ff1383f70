/**
 * Carries out solvers' steps, one or many side by side. Side by side, problems that wait for the same operation
 * get it in one kernel call, which reads each column once for all of them; their arithmetic, and so their bits,
 * are those of running alone.
 */
import { type Design, TABLE_BYTES } from "./design.ts";
import type { Kernel, Operation } from "./kernel.ts";
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
  const problems = [work];
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    kernel(next.value, problems);
  }
}

/** Runs the steps of several solvers side by side to the end of them all. */
export function runTogether<T>(
  kernel: Kernel,
  tasks: readonly { readonly work: Workspace; readonly steps: Steps<T> }[],
): T[] {
  const results: T[] = new Array(tasks.length);
  const waiting = new Map<Operation, Workspace[]>();
  let alive = tasks.map((task, k) => ({ ...task, k }));
  while (alive.length > 0) {
    waiting.clear();
    alive = alive.filter(({ work, steps, k }) => {
      const next = steps.next();
      if (next.done) {
        results[k] = next.value;
        return false;
      }
      const group = waiting.get(next.value);
      if (group === undefined) waiting.set(next.value, [work]);
      else group.push(work);
      return true;
    });
    for (const [operation, problems] of waiting) kernel(operation, problems);
  }
  return results;
}
