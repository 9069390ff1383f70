/** The dense column kernels in TypeScript, in the lanes of the WebAssembly kernel. */
import type { Design } from "./design.ts";
import { columnKernel, type Operations, type Values } from "./kernel_typescript_columns.ts";
import { Scalar, type Workspace } from "./workspace.ts";

/** Rows of a panel of product32(). */
const PANEL = 256;

/** Kernels over a dense design and one workspace. */
export function denseKernel(design: Design, work: Workspace): Operations {
  const { stride, nCols, valueBytes, memory: { buffer } } = design;
  const x: Values = valueBytes === 4
    ? new Float32Array(buffer, design.valuesAt, stride * nCols)
    : new Float64Array(buffer, design.valuesAt, stride * nCols);
  const lanes = new Float32Array(16);

  function dot(j: number, v: Float64Array): number {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (let i = 0, at = j * stride; i < stride; i += 8, at += 8) {
      s0 += x[at]! * v[i]!;
      s1 += x[at + 1]! * v[i + 1]!;
      s2 += x[at + 2]! * v[i + 2]!;
      s3 += x[at + 3]! * v[i + 3]!;
      s4 += x[at + 4]! * v[i + 4]!;
      s5 += x[at + 5]! * v[i + 5]!;
      s6 += x[at + 6]! * v[i + 6]!;
      s7 += x[at + 7]! * v[i + 7]!;
    }
    return ((s0 + s2) + (s4 + s6)) + ((s1 + s3) + (s5 + s7));
  }

  /** Sums with slope, weight and weight times the value squared, each in four lanes. */
  function sums(j: number, out: Float64Array): void {
    const { slope, weight } = work;
    let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0;
    for (let i = 0, at = j * stride; i < stride; i += 4, at += 4) {
      const x0 = x[at]!, x1 = x[at + 1]!, x2 = x[at + 2]!, x3 = x[at + 3]!;
      a0 += x0 * slope[i]!;
      a1 += x1 * slope[i + 1]!;
      a2 += x2 * slope[i + 2]!;
      a3 += x3 * slope[i + 3]!;
      const d0 = x0 * weight[i]!,
        d1 = x1 * weight[i + 1]!,
        d2 = x2 * weight[i + 2]!,
        d3 = x3 * weight[i + 3]!;
      b0 += d0;
      b1 += d1;
      b2 += d2;
      b3 += d3;
      c0 += d0 * x0;
      c1 += d1 * x1;
      c2 += d2 * x2;
      c3 += d3 * x3;
    }
    out[0] = (a0 + a2) + (a1 + a3);
    out[1] = (b0 + b2) + (b1 + b3);
    out[2] = (c0 + c2) + (c1 + c3);
  }

  function axpy(j: number, step: number, out: Float64Array): void {
    for (let i = 0, at = j * stride; i < stride; i++, at++) out[i]! += step * x[at]!;
  }

  function axpyWeighted(j: number, step: number): void {
    const { residual, weight } = work;
    for (let i = 0, at = j * stride; i < stride; i++, at++) residual[i]! += step * (weight[i]! * x[at]!);
  }

  function dot32(j: number): number {
    const { residual32 } = work;
    lanes.fill(0);
    for (let i = 0, at = j * stride; i < stride; i += 16, at += 16) {
      for (let l = 0; l < 16; l++) lanes[l]! += Math.fround(x[at + l]! * residual32[i + l]!);
    }
    for (let l = 0; l < 4; l++) {
      lanes[l] = Math.fround(lanes[l]! + lanes[l + 4]!) + Math.fround(lanes[l + 8]! + lanes[l + 12]!);
    }
    return Math.fround(Math.fround(lanes[0]! + lanes[1]!) + Math.fround(lanes[2]! + lanes[3]!));
  }

  function axpyWeighted32(j: number, step: number): void {
    const { residual32, weight32 } = work;
    const step32 = Math.fround(step);
    for (let i = 0, at = j * stride; i < stride; i++, at++) {
      residual32[i]! += Math.fround(step32 * Math.fround(weight32[i]! * x[at]!));
    }
  }

  /** Blocks of rows, as in the WebAssembly kernel, where they keep their part of the columns in cache. */
  function product32(): void {
    const count = work.scalars[Scalar.count]!;
    const { residual32: r, weight32: w, direction, product, list } = work;
    const { inverseScale } = shared;
    const constant = -shared.centering();
    let sum = 0;
    for (let row = 0; row < stride; row += PANEL) {
      const end = Math.min(row + PANEL, stride);
      r.fill(constant, row, end);
      for (let at = 0; at < count; at++) {
        const j = list[at]!, step = Math.fround(direction[j]! * inverseScale[j]!);
        for (let i = row, k = j * stride + row; i < end; i++, k++) r[i]! += Math.fround(step * x[k]!);
      }
      lanes.fill(0);
      for (let i = row; i < end; i++) {
        r[i] = w[i]! * r[i]!;
        lanes[i & 3]! += r[i]!;
      }
      sum += sumLanes();
      for (let at = 0; at < count; at++) {
        const j = list[at]!;
        lanes.fill(0);
        for (let i = row, k = j * stride + row; i < end; i++, k++) {
          lanes[i & 3]! += Math.fround(x[k]! * r[i]!);
        }
        product[j]! += sumLanes();
      }
    }
    shared.finish(sum);
  }

  const sumLanes = () => Math.fround(Math.fround(lanes[0]! + lanes[1]!) + Math.fround(lanes[2]! + lanes[3]!));

  const shared = columnKernel(design, work, { dot, sums, axpy });
  const sweep = () => shared.descend((j) => dot(j, work.residual), axpyWeighted);
  return {
    ...shared,
    sweep,
    sweep32: valueBytes === 4 ? () => shared.descend(dot32, axpyWeighted32) : sweep,
    product32: valueBytes === 4 ? product32 : shared.product,
  };
}
