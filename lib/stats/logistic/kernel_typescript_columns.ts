/** What dense and sparse column kernels in TypeScript share: the centring, the soft threshold, the bookkeeping. */
import type { Design } from "./design.ts";
import type { Operation } from "./kernel.ts";
import { Scalar, type Workspace } from "./workspace.ts";

/** Stored values of a design. */
export type Values = Float32Array | Float64Array;

/** The operations of one problem; those in float32 only where the design is. */
export type Operations = Readonly<Partial<Record<Operation, () => void>>>;

/** Operations on columns, given what a column can do. */
export function columnKernel(
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

  /** @param dot the inner product with the slopes */
  function gradient(dot: (j: number) => number): void {
    const count = scalars[Scalar.count]!;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      gradients[j] = inverseScale[j]! * (dot(j) - center[j]! * scalars[Scalar.slopeSum]!);
    }
  }

  function columnSums(sums: (j: number, out: Float64Array) => void): void {
    const count = scalars[Scalar.count]!;
    const slopeSum = scalars[Scalar.slopeSum]!, weightSum = scalars[Scalar.weightSum]!;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      const mu = center[j]!, s = inverseScale[j]!;
      sums(j, out);
      gradients[j] = s * (out[0]! - mu * slopeSum);
      weightedSum[j] = out[1]!;
      curvature[j] = s * s * (out[2]! - mu * (2 * out[1]! - mu * weightSum));
    }
  }

  function change(addColumn: (j: number, step: number) => void): void {
    const count = scalars[Scalar.count]!;
    let shift = 0;
    for (let at = 0; at < count; at++) {
      const j = list[at]!;
      const step = (coef[j]! - start[j]!) * inverseScale[j]!;
      if (step === 0) continue;
      addColumn(j, step);
      shift -= step * center[j]!;
    }
    scalars[Scalar.result] = shift;
  }

  function changeFloat64(): void {
    work.residual.fill(0);
    change((j, step) => column.axpy(j, step, work.residual));
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

  const float64 = {
    gradient: () => gradient((j) => column.dot(j, work.slope)),
    columnSums: () => columnSums(column.sums),
    change: changeFloat64,
    product: multiply,
  };
  return { float64, gradient, columnSums, change, descend, centering, finish, inverseScale };
}
