/** The column kernels in WebAssembly SIMD, over the design's own memory. */
import { readFileSync } from "node:fs";
import type { Design } from "./design.ts";
import type { Kernel } from "./kernel.ts";
import type { WorkspacePlan } from "./workspace.ts";

interface Exports extends Kernel {
  setDesign(
    stride: number,
    dense: boolean,
    float64: boolean,
    ...[values, rows, starts, center, inverseScale]: number[]
  ): void;
  setColumns(...offsets: number[]): void;
  setRows(...offsets: number[]): void;
}

let compiled: WebAssembly.Module | undefined;

/** Kernels over a design and one workspace; each call makes an instance of its own. */
export function wasmKernel(design: Design, plan: WorkspacePlan): Kernel {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("../logistic_columns.wasm", import.meta.url)));
  const instance = new WebAssembly.Instance(compiled, { env: { memory: design.memory } });
  const kernel = instance.exports as unknown as Exports;
  kernel.setDesign(
    design.stride,
    design.layout === "dense",
    design.valueBytes === 8,
    design.valuesAt,
    design.rowsAt,
    design.startsAt,
    design.centerAt,
    design.inverseScaleAt,
  );
  kernel.setColumns(
    plan.coefAt,
    plan.startAt,
    plan.gradientAt,
    plan.curvatureAt,
    plan.weightedSumAt,
    plan.listAt,
    plan.scalarsAt,
    plan.directionAt,
    plan.productAt,
  );
  kernel.setRows(plan.slopeAt, plan.weightAt, plan.residualAt, plan.weight32At, plan.residual32At);
  return kernel;
}
