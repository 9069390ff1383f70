/**
 * The arrays one solver works in, placed behind the design in the same memory, so that a kernel reaches both.
 * Each worker thread has its own workspace; the design is shared.
 */
import type { Design } from "./design.ts";

/** Plain data, so it can be posted to a worker. Offsets are in bytes; all arrays are float64 unless said. */
export interface WorkspacePlan {
  /** [nCols] coefficients of the standardised columns */
  readonly coefAt: number;
  /** [nCols] coefficients at the start of the outer iteration */
  readonly startAt: number;
  /** [nCols] gradient of the loss */
  readonly gradientAt: number;
  /** [nCols] curvature of the loss along the column */
  readonly curvatureAt: number;
  /** [nCols] weighted column sums: sum_i D_i x_ij, x as stored */
  readonly weightedSumAt: number;
  /** [nCols] a vector the curvature is applied to, and the result; see Kernel.product() */
  readonly directionAt: number;
  readonly productAt: number;
  /** [stride] margins: linear predictor with bias and offset */
  readonly marginAt: number;
  /** [stride] derivative of the loss with respect to the margin */
  readonly slopeAt: number;
  /** [stride] second derivative of the loss with respect to the margin */
  readonly weightAt: number;
  /** [stride] weight times change of the margin within the outer iteration (without centring) */
  readonly residualAt: number;
  /** [stride] float32 copy of the weights, [stride] float32 residual: arithmetic of float32 designs */
  readonly weight32At: number;
  readonly residual32At: number;
  /** int32 [nCols] columns a kernel call runs over */
  readonly listAt: number;
  /** [SCALARS] what the kernels keep between columns, see `Scalar` */
  readonly scalarsAt: number;
}

/** The same arrays as views. */
export interface Workspace {
  readonly plan: WorkspacePlan;
  readonly coef: Float64Array;
  readonly start: Float64Array;
  readonly gradient: Float64Array;
  readonly curvature: Float64Array;
  readonly weightedSum: Float64Array;
  readonly direction: Float64Array;
  readonly product: Float64Array;
  readonly margin: Float64Array;
  readonly slope: Float64Array;
  readonly weight: Float64Array;
  readonly residual: Float64Array;
  readonly weight32: Float32Array;
  readonly residual32: Float32Array;
  readonly list: Int32Array;
  readonly scalars: Float64Array;
}

/** Slots of `scalars`. */
export const Scalar = {
  /** sum_i slope_i */
  slopeSum: 0,
  /** sum_i weight_i */
  weightSum: 1,
  /** constant part of the margin's change: bias change minus the centring of all changed columns */
  shift: 2,
  /** sum_i residual_i */
  residualSum: 3,
  /** the intercept's entry of `direction`, and of `product` */
  biasDirection: 4,
  biasProduct: 5,
} as const;
const SCALARS = 8;
const PAGE = 65536;

/** Grows the design's memory by one workspace. Only the thread that owns the design may call this. */
export function planWorkspace(design: Design): WorkspacePlan {
  const { memory, nCols, stride } = design;
  const first = memory.buffer.byteLength;
  let end = first;
  const place = (bytes: number) => {
    const at = end;
    end = Math.ceil((end + bytes) / 64) * 64;
    return at;
  };
  const column = () => place(nCols * 8);
  const row = () => place(stride * 8);
  const plan: WorkspacePlan = {
    coefAt: column(),
    startAt: column(),
    gradientAt: column(),
    curvatureAt: column(),
    weightedSumAt: column(),
    directionAt: column(),
    productAt: column(),
    marginAt: row(),
    slopeAt: row(),
    weightAt: row(),
    residualAt: row(),
    weight32At: place(stride * 4),
    residual32At: place(stride * 4),
    listAt: place(nCols * 4),
    scalarsAt: place(SCALARS * 8),
  };
  memory.grow(Math.ceil((end - first) / PAGE));
  return plan;
}

/** Views of a planned workspace. */
export function openWorkspace(design: Design, plan: WorkspacePlan): Workspace {
  const { memory: { buffer }, nCols, stride } = design;
  const column = (at: number) => new Float64Array(buffer, at, nCols);
  const row = (at: number) => new Float64Array(buffer, at, stride);
  return {
    plan,
    coef: column(plan.coefAt),
    start: column(plan.startAt),
    gradient: column(plan.gradientAt),
    curvature: column(plan.curvatureAt),
    weightedSum: column(plan.weightedSumAt),
    direction: column(plan.directionAt),
    product: column(plan.productAt),
    margin: row(plan.marginAt),
    slope: row(plan.slopeAt),
    weight: row(plan.weightAt),
    residual: row(plan.residualAt),
    weight32: new Float32Array(buffer, plan.weight32At, stride),
    residual32: new Float32Array(buffer, plan.residual32At, stride),
    list: new Int32Array(buffer, plan.listAt, nCols),
    scalars: new Float64Array(buffer, plan.scalarsAt, SCALARS),
  };
}
