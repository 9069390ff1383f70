/**
 * The column kernels in plain TypeScript. Every sum runs in the lanes of the WebAssembly kernel
 * (../assembly/logistic_columns.ts) and in its order, so both give the same bits.
 */
import type { Design } from "./design.ts";
import type { Kernel } from "./kernel.ts";
import { denseKernel } from "./kernel_typescript_dense.ts";
import { columnKernel, type Operations, type Values } from "./kernel_typescript_columns.ts";
import type { Workspace } from "./workspace.ts";

/** Kernels over a design; problems run one after the other. */
export function typescriptKernel(design: Design): Kernel {
  const known = new Map<number, Operations>();
  return (requests) => {
    for (const { work, operation } of requests) {
      let operations = known.get(work.at);
      if (operations === undefined) {
        operations = design.layout === "dense" ? denseKernel(design, work) : sparseKernel(design, work);
        known.set(work.at, operations);
      }
      operations[operation]!();
    }
  };
}

function sparseKernel(design: Design, work: Workspace): Operations {
  const { nCols, valueBytes, memory: { buffer } } = design;
  const starts = new Uint32Array(buffer, design.startsAt, nCols + 1);
  const nStored = starts[nCols]!;
  const rows = new Uint32Array(buffer, design.rowsAt, nStored);
  const x: Values = valueBytes === 4
    ? new Float32Array(buffer, design.valuesAt, nStored)
    : new Float64Array(buffer, design.valuesAt, nStored);

  function dot(j: number, v: Float64Array): number {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    let k = starts[j]!;
    const end = starts[j + 1]!;
    for (; k + 4 <= end; k += 4) {
      s0 += x[k]! * v[rows[k]!]!;
      s1 += x[k + 1]! * v[rows[k + 1]!]!;
      s2 += x[k + 2]! * v[rows[k + 2]!]!;
      s3 += x[k + 3]! * v[rows[k + 3]!]!;
    }
    for (; k < end; k++) s0 += x[k]! * v[rows[k]!]!;
    return (s0 + s2) + (s1 + s3);
  }

  function sums(j: number, out: Float64Array): void {
    const { slope, weight } = work;
    let a = 0, b = 0, c = 0;
    for (let k = starts[j]!; k < starts[j + 1]!; k++) {
      const value = x[k]!;
      const d = value * weight[rows[k]!]!;
      a += value * slope[rows[k]!]!;
      b += d;
      c += d * value;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
  }

  function axpy(j: number, step: number, out: Float64Array): void {
    for (let k = starts[j]!; k < starts[j + 1]!; k++) out[rows[k]!]! += step * x[k]!;
  }

  function axpyWeighted(j: number, step: number): void {
    const { residual, weight } = work;
    for (let k = starts[j]!; k < starts[j + 1]!; k++) {
      residual[rows[k]!]! += step * (weight[rows[k]!]! * x[k]!);
    }
  }

  const shared = columnKernel(design, work, { dot, sums, axpy });
  return { ...shared.float64, sweep: () => shared.descend((j) => dot(j, work.residual), axpyWeighted) };
}
