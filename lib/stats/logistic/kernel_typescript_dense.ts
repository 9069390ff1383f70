/** The dense column kernels in TypeScript, in the lanes of the WebAssembly kernel. */
import type { Design } from "./design.ts";
import { columnKernel, type Operations, type Values } from "./kernel_typescript_columns.ts";
import { type Panel, panelsOf } from "./panels.ts";
import { Scalar, type Workspace } from "./workspace.ts";

/** Kernels over a dense design and one workspace. */
export function denseKernel(design: Design, work: Workspace): Operations {
  const { stride, nCols, valueBytes, memory: { buffer } } = design;
  const x: Values = valueBytes === 4
    ? new Float32Array(buffer, design.valuesAt, stride * nCols)
    : new Float64Array(buffer, design.valuesAt, stride * nCols);
  const panels = panelsOf(design);
  const lanes = new Float32Array(16);

  function dot(j: number, v: Float64Array): number {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (const { row, end, columnAt } of panels) {
      for (let i = row, at = columnAt(j); i < end; i += 8, at += 8) {
        s0 += x[at]! * v[i]!;
        s1 += x[at + 1]! * v[i + 1]!;
        s2 += x[at + 2]! * v[i + 2]!;
        s3 += x[at + 3]! * v[i + 3]!;
        s4 += x[at + 4]! * v[i + 4]!;
        s5 += x[at + 5]! * v[i + 5]!;
        s6 += x[at + 6]! * v[i + 6]!;
        s7 += x[at + 7]! * v[i + 7]!;
      }
    }
    return ((s0 + s2) + (s4 + s6)) + ((s1 + s3) + (s5 + s7));
  }

  /** Sums with slope, weight and weight times the value squared, each in four lanes. */
  function sums(j: number, out: Float64Array): void {
    const { slope, weight } = work;
    let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0;
    for (const { row, end, columnAt } of panels) {
      for (let i = row, at = columnAt(j); i < end; i += 4, at += 4) {
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
    }
    out[0] = (a0 + a2) + (a1 + a3);
    out[1] = (b0 + b2) + (b1 + b3);
    out[2] = (c0 + c2) + (c1 + c3);
  }

  function axpy(j: number, step: number, out: Float64Array): void {
    for (const { row, end, columnAt } of panels) {
      for (let i = row, at = columnAt(j); i < end; i++, at++) out[i]! += step * x[at]!;
    }
  }

  function axpyWeighted(j: number, step: number): void {
    const { residual, weight } = work;
    for (const { row, end, columnAt } of panels) {
      for (let i = row, at = columnAt(j); i < end; i++, at++) residual[i]! += step * (weight[i]! * x[at]!);
    }
  }

  function dot32(j: number): number {
    const { residual32 } = work;
    lanes.fill(0);
    for (const { row, end, columnAt } of panels) {
      for (let i = row, at = columnAt(j); i < end; i += 16, at += 16) {
        for (let l = 0; l < 16; l++) lanes[l]! += Math.fround(x[at + l]! * residual32[i + l]!);
      }
    }
    for (let l = 0; l < 4; l++) {
      lanes[l] = Math.fround(lanes[l]! + lanes[l + 4]!) + Math.fround(lanes[l + 8]! + lanes[l + 12]!);
    }
    return Math.fround(Math.fround(lanes[0]! + lanes[1]!) + Math.fround(lanes[2]! + lanes[3]!));
  }

  function axpyWeighted32(j: number, step: number): void {
    const { residual32, weight32 } = work;
    const step32 = Math.fround(step);
    for (const { row, end, columnAt } of panels) {
      for (let i = row, at = columnAt(j); i < end; i++, at++) {
        residual32[i]! += Math.fround(step32 * Math.fround(weight32[i]! * x[at]!));
      }
    }
  }

  /** The panel's rows += step times the column's, for the listed columns. */
  function addPanel32({ row, end, columnAt }: Panel): void {
    const { residual32: r, direction, list } = work;
    for (let at = 0; at < work.scalars[Scalar.count]!; at++) {
      const j = list[at]!, step = Math.fround(direction[j]! * shared.inverseScale[j]!);
      for (let i = row, k = columnAt(j); i < end; i++, k++) r[i]! += Math.fround(step * x[k]!);
    }
  }

  function dotPanel32({ row, end, columnAt }: Panel, j: number, v: Float32Array): number {
    lanes.fill(0);
    for (let i = row, k = columnAt(j); i < end; i++, k++) lanes[i & 3]! += Math.fround(x[k]! * v[i]!);
    return sumLanes(lanes);
  }

  /** As sums(), panels added up in float64. */
  function sums32(j: number, out: Float64Array): void {
    const { slope32, weight32 } = work;
    const parts = [new Float32Array(8), new Float32Array(8), new Float32Array(8)] as const;
    out.fill(0);
    for (const { row, end, columnAt } of panels) {
      for (const part of parts) part.fill(0);
      for (let i = row, k = columnAt(j); i < end; i++, k++) {
        const l = i & 7, value = x[k]!, weighted = Math.fround(value * weight32[i]!);
        parts[0][l]! += Math.fround(value * slope32[i]!);
        parts[1][l]! += weighted;
        parts[2][l]! += Math.fround(weighted * value);
      }
      parts.forEach((part, s) => {
        for (let l = 0; l < 4; l++) part[l]! += part[l + 4]!;
        out[s]! += sumLanes(part);
      });
    }
  }

  function gradient32(): void {
    shared.gradient((j) => panels.reduce((sum, panel) => sum + dotPanel32(panel, j, work.slope32), 0));
  }

  function change32(): void {
    const { coef, start, direction, residual32 } = work;
    residual32.fill(0);
    shared.change((j) => direction[j] = coef[j]! - start[j]!);
    panels.forEach(addPanel32);
  }

  function product32(): void {
    const count = work.scalars[Scalar.count]!;
    const { residual32: r, weight32: w, product, list } = work;
    r.fill(-shared.centering());
    let sum = 0;
    for (const panel of panels) {
      addPanel32(panel);
      lanes.fill(0);
      for (let i = panel.row; i < panel.end; i++) {
        r[i] = w[i]! * r[i]!;
        lanes[i & 3]! += r[i]!;
      }
      sum += sumLanes(lanes);
      for (let at = 0; at < count; at++) product[list[at]!]! += dotPanel32(panel, list[at]!, r);
    }
    shared.finish(sum);
  }

  const sumLanes = (l: Float32Array) => Math.fround(Math.fround(l[0]! + l[1]!) + Math.fround(l[2]! + l[3]!));

  const shared = columnKernel(design, work, { dot, sums, axpy });
  return {
    ...shared.float64,
    sweep: () => shared.descend((j) => dot(j, work.residual), axpyWeighted),
    ...(valueBytes === 4 && {
      sweep32: () => shared.descend(dot32, axpyWeighted32),
      gradient32,
      columnSums32: () => shared.columnSums(sums32),
      change32,
      product32,
    }),
  };
}
