/** The column kernels in WebAssembly SIMD, over the design's own memory. */
import type { Design } from "./design.ts";
import { isOfPanels, type Kernel, type Operation, OPERATIONS, type Request } from "./kernel.ts";
import { Scalar } from "./workspace.ts";

/** Problems in one call; as many cursors are kept in the kernel's table. */
export const MAX_TOGETHER = 256;

interface Exports {
  setDesign(
    ...shape: [stride: number, nCols: number, dense: boolean, float64: boolean]
  ): void;
  setArrays(
    ...offsets: [values: number, rows: number, starts: number, center: number, inverseScale: number]
  ): void;
  run(table: number, nProblems: number): void;
}

/**
 * Kernels over a design; one instance a thread.
 * @param module see kernel_choice.ts
 * @param tableAt room for MAX_TOGETHER pairs of uint32 in the design's memory: workspaces and cursors
 */
export function wasmKernel(design: Design, module: WebAssembly.Module, tableAt: number): Kernel {
  const instance = new WebAssembly.Instance(module, { env: { memory: design.memory } });
  const kernel = instance.exports as unknown as Exports;
  kernel.setDesign(design.stride, design.nCols, design.layout === "dense", design.valueBytes === 8);
  kernel.setArrays(design.valuesAt, design.rowsAt, design.startsAt, design.centerAt, design.inverseScaleAt);
  const table = new Uint32Array(design.memory.buffer, tableAt, 2 * MAX_TOGETHER);
  const together = (requests: readonly Request[]) => {
    for (let from = 0; from < requests.length; from += MAX_TOGETHER) {
      const n = Math.min(MAX_TOGETHER, requests.length - from);
      for (let k = 0; k < n; k++) {
        const { work, operation } = requests[from + k]!;
        work.scalars[Scalar.operation] = OPERATIONS.indexOf(operation);
        table[2 * k] = work.at;
      }
      kernel.run(tableAt, n);
    }
  };
  return (requests) => {
    for (const kind of KINDS) together(requests.filter(({ operation }) => kindOf(operation) === kind));
  };
}

/** What one call of the kernel can do side by side. */
const KINDS = ["columns", "product", "panels"] as const;

function kindOf(operation: Operation): typeof KINDS[number] {
  if (operation === "product") return "product";
  return isOfPanels(operation) ? "panels" : "columns";
}
