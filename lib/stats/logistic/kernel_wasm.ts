/** The column kernels in WebAssembly SIMD, over the design's own memory. */
import { readFileSync } from "node:fs";
import type { Design } from "./design.ts";
import { type Kernel, OPERATIONS } from "./kernel.ts";
import type { Workspace } from "./workspace.ts";

/** Problems in one call; as many cursors are kept in the kernel's table. */
export const MAX_TOGETHER = 256;

interface Exports {
  setDesign(
    ...shape: [stride: number, nCols: number, dense: boolean, float64: boolean]
  ): void;
  setArrays(
    ...offsets: [values: number, rows: number, starts: number, center: number, inverseScale: number]
  ): void;
  run(operation: number, table: number, nProblems: number): void;
}

let compiled: WebAssembly.Module | undefined;

/**
 * Kernels over a design; one instance a thread.
 * @param tableAt room for MAX_TOGETHER pairs of uint32 in the design's memory: workspaces and cursors
 */
export function wasmKernel(design: Design, tableAt: number): Kernel {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("../logistic_columns.wasm", import.meta.url)));
  const instance = new WebAssembly.Instance(compiled, { env: { memory: design.memory } });
  const kernel = instance.exports as unknown as Exports;
  kernel.setDesign(design.stride, design.nCols, design.layout === "dense", design.valueBytes === 8);
  kernel.setArrays(design.valuesAt, design.rowsAt, design.startsAt, design.centerAt, design.inverseScaleAt);
  const table = new Uint32Array(design.memory.buffer, tableAt, 2 * MAX_TOGETHER);
  return (operation, problems: readonly Workspace[]) => {
    const code = OPERATIONS.indexOf(operation);
    for (let from = 0; from < problems.length; from += MAX_TOGETHER) {
      const n = Math.min(MAX_TOGETHER, problems.length - from);
      for (let k = 0; k < n; k++) table[2 * k] = problems[from + k]!.at;
      kernel.run(code, tableAt, n);
    }
  };
}
