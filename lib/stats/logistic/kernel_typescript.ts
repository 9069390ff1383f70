/**
 * The column kernels in plain TypeScript. Every sum runs in the lanes of the WebAssembly kernel
 * (assembly/logistic.ts) and in its order, so both give the same bits.
 */
import type { Design } from "./design.ts";
import type { Kernel, Operation } from "./kernel.ts";
import { Scalar, type Workspace } from "./workspace.ts";

/** Rows of a block of product32(). */
const BLOCK = 128;

type Values = Float32Array | Float64Array;

/** The operations of one problem. */
type Operations = Readonly<Record<Operation, () => void>>;

/** Kernels over a design; problems run one after the other. */
export function typescriptKernel(design: Design): Kernel {
  const known = new Map<number, Operations>();
  return (operation, problems) => {
    for (const work of problems) {
      let operations = known.get(work.at);
      if (operations === undefined) {
        operations = design.layout === "dense" ? denseKernel(design, work) : sparseKernel(design, work);
        known.set(work.at, operations);
      }
      operations[operation]();
    }
  };
}

function denseKernel(design: Design, work: Workspace): Operations {
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
    for (let row = 0; row < stride; row += BLOCK) {
      const end = Math.min(row + BLOCK, stride);
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
  const sweep = () => shared.descend((j) => dot(j, work.residual), axpyWeighted);
  return { ...shared, sweep, sweep32: sweep, product32: shared.product };
}

/** What dense and sparse columns share: the centring, the soft threshold, the bookkeeping. */
function columnKernel(
  design: Design,
  work: Workspace,
  column: {
    readonly dot: (j: number, v: Float64Array) => number;
    readonly sums: (j: number, out: Float64Array) => void;
    readonly axpy: (j: number, step: number, out: Float64Array) => void;
  },
) {
  const { nCols, memory: { buffer } } = design;
  const center = new Float64Array(buffer, design.centerAt, nCols);
  const inverseScale = new Float64Array(buffer, design.inverseScaleAt, nCols);
  const { coef, start, gradient: gradients, curvature, weightedSum, direction, product, list, scalars } =
    work;
  const out = new Float64Array(3);

  function gradient(): void {
    const count = scalars[Scalar.count]!;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      gradients[j] = inverseScale[j]! * (column.dot(j, work.slope) - center[j]! * scalars[Scalar.slopeSum]!);
    }
  }

  function columnSums(): void {
    const count = scalars[Scalar.count]!;
    const slopeSum = scalars[Scalar.slopeSum]!, weightSum = scalars[Scalar.weightSum]!;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      const mu = center[j]!, s = inverseScale[j]!;
      column.sums(j, out);
      gradients[j] = s * (out[0]! - mu * slopeSum);
      weightedSum[j] = out[1]!;
      curvature[j] = s * s * (out[2]! - mu * (2 * out[1]! - mu * weightSum));
    }
  }

  function change(): void {
    const count = scalars[Scalar.count]!;
    work.residual.fill(0);
    let shift = 0;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      const step = (coef[j]! - start[j]!) * inverseScale[j]!;
      if (step === 0) continue;
      column.axpy(j, step, work.residual);
      shift -= step * center[j]!;
    }
    scalars[Scalar.result] = shift;
  }

  function descend(
    dotResidual: (j: number) => number,
    addColumn: (j: number, step: number) => void,
  ): void {
    const count = scalars[Scalar.count]!, l1 = scalars[Scalar.l1]!, l2 = scalars[Scalar.l2]!;
    const weightSum = scalars[Scalar.weightSum]!;
    let shift = scalars[Scalar.shift]!, residualSum = scalars[Scalar.residualSum]!;
    let worst = 0;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      const h = curvature[j]! + l2;
      if (!(h > 0)) continue;
      const w = coef[j]!, mu = center[j]!, s = inverseScale[j]!;
      const inner = dotResidual(j) + shift * weightedSum[j]! - mu * (residualSum + shift * weightSum);
      const slope = gradients[j]! + s * inner + l2 * w;
      const violation = w > 0
        ? Math.abs(slope + l1)
        : w < 0
        ? Math.abs(slope - l1)
        : Math.max(Math.abs(slope) - l1, 0);
      if (violation > worst) worst = violation;
      if (violation === 0) continue;
      const target = w - slope / h, cut = l1 / h;
      const next = target > cut ? target - cut : target < -cut ? target + cut : 0;
      if (next === w) continue;
      coef[j] = next;
      const step = (next - w) * s;
      addColumn(j, step);
      shift -= step * mu;
      residualSum += step * weightedSum[j]!;
    }
    scalars[Scalar.shift] = shift;
    scalars[Scalar.residualSum] = residualSum;
    scalars[Scalar.result] = worst;
  }

  /** Clears the products; returns the constant that centring takes off every row, less the intercept's entry. */
  function centering(): number {
    const count = scalars[Scalar.count]!;
    let m = -scalars[Scalar.biasDirection]!;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      m += direction[j]! * inverseScale[j]! * center[j]!;
      product[j] = 0;
    }
    return m;
  }

  function finish(sum: number): void {
    const count = scalars[Scalar.count]!;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      product[j] = inverseScale[j]! * (product[j]! - center[j]! * sum);
    }
    scalars[Scalar.shift] = 0;
    scalars[Scalar.residualSum] = scalars[Scalar.biasProduct] = sum;
  }

  function multiply(): void {
    const count = scalars[Scalar.count]!;
    const { residual, weight } = work;
    residual.fill(-centering());
    for (let at = 0; at < count; at++) {
      const j = list[at]!, step = direction[j]! * inverseScale[j]!;
      if (step !== 0) column.axpy(j, step, residual);
    }
    let sum = 0;
    for (let i = 0; i < residual.length; i++) {
      residual[i]! *= weight[i]!;
      sum += residual[i]!;
    }
    for (let at = 0; at < count; at++) product[list[at]!] = column.dot(list[at]!, residual);
    finish(sum);
  }

  return { gradient, columnSums, change, descend, centering, finish, inverseScale, product: multiply };
}
