/**
 * Carries out solvers' steps, one or many side by side. Side by side, problems get what they wait for in one kernel
 * call, which reads each column once for all of them; their arithmetic, and so their bits, are those of running
 * alone.
 */
import { type Design, TABLE_BYTES } from "./design.ts";
import { isOfPanels, type Kernel, type Operation } from "./kernel.ts";
import type { KernelCode } from "./kernel_choice.ts";
import { typescriptKernel } from "./kernel_typescript.ts";
import { wasmKernel } from "./kernel_wasm.ts";
import type { Steps } from "./model_parts.ts";
import { createSolver, type LogisticSolver } from "./solve.ts";
import { openWorkspace, reserveWorkspaces, type Workspace } from "./workspace.ts";

/** Solvers of one thread and what runs them. */
export interface SolverGroup {
  readonly solvers: readonly LogisticSolver[];
  readonly kernel: Kernel;
}

/** Solvers over workspaces already reserved. */
export function openGroup(
  design: Design,
  workspaces: readonly number[],
  { code, thread = 0 }: { readonly code: KernelCode; readonly thread?: number },
): SolverGroup {
  return {
    solvers: workspaces.map((at) => createSolver(design, openWorkspace(design, at))),
    kernel: code === "typescript"
      ? typescriptKernel(design)
      : wasmKernel(design, code, design.tablesAt + thread * TABLE_BYTES),
  };
}

/** One solver over a design, for this thread. */
export function openSolver(design: Design, code: KernelCode): SolverGroup {
  return openGroup(design, reserveWorkspaces(design, 1), { code });
}

/** Runs the steps of one solver to their end. */
export function run<T>(kernel: Kernel, work: Workspace, steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    kernel([{ work, operation: next.value }]);
  }
}

/**
 * Runs the steps of several solvers side by side to the end of them all. What goes through panels waits until every
 * solver wants to: the columns come from memory once for all, which takes as long as the arithmetic of two.
 */
export function runTogether<T>(
  kernel: Kernel,
  tasks: readonly { readonly work: Workspace; readonly steps: Steps<T> }[],
): T[] {
  const results: T[] = new Array(tasks.length);
  const wanted: (Operation | undefined)[] = new Array(tasks.length).fill(undefined);
  for (;;) {
    tasks.forEach(({ steps }, k) => {
      if (wanted[k] !== undefined || k in results) return;
      const next = steps.next();
      if (next.done) results[k] = next.value;
      else wanted[k] = next.value;
    });
    const waiting = [...tasks.keys()].filter((k) => wanted[k] !== undefined);
    if (waiting.length === 0) return results;
    const ofColumns = waiting.filter((k) => !isOfPanels(wanted[k]!));
    const now = ofColumns.length > 0 ? ofColumns : waiting;
    kernel(now.map((k) => ({ work: tasks[k]!.work, operation: wanted[k]! })));
    for (const k of now) wanted[k] = undefined;
  }
}
