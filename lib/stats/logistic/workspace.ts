/**
 * The arrays one problem is solved in, placed behind the design in the same memory, so that a kernel reaches both.
 * Problems solved together (folds, permutations) have a workspace each; the design is shared.
 */
import type { Design } from "./design.ts";

/** The arrays of a problem, views into the design's memory. */
export interface Workspace {
  /** Byte offset of the workspace in the design's memory: what the kernels know it by. */
  readonly at: number;
  /** [nCols] coefficients of the standardised columns */
  readonly coef: Float64Array;
  /** [nCols] coefficients at the start of the outer iteration */
  readonly start: Float64Array;
  /** [nCols] gradient of the loss */
  readonly gradient: Float64Array;
  /** [nCols] curvature of the loss along the column */
  readonly curvature: Float64Array;
  /** [nCols] weighted column sums: sum_i D_i x_ij, x as stored */
  readonly weightedSum: Float64Array;
  /** [nCols] a vector the curvature is applied to, and the result; see the kernels' `product` */
  readonly direction: Float64Array;
  readonly product: Float64Array;
  /** [stride] margins: linear predictor with intercept and offset */
  readonly margin: Float64Array;
  /** [stride] derivative of the loss with respect to the margin */
  readonly slope: Float64Array;
  /** [stride] second derivative of the loss with respect to the margin */
  readonly weight: Float64Array;
  /** [stride] weight times change of the margin within the outer iteration (without centring) */
  readonly residual: Float64Array;
  /** [stride] slope, weight and residual of float32 arithmetic */
  readonly slope32: Float32Array;
  readonly weight32: Float32Array;
  readonly residual32: Float32Array;
  /** [nCols] ascending columns a kernel call runs over */
  readonly list: Int32Array;
  /** [16] what the kernels keep between columns, see `Scalar` */
  readonly scalars: Float64Array;
  // What the kernels do not know. Here the next design's problems use it again; fresh arrays for every solver, and for
  // each of the thousands of faces along its path, would lie about until collected, and come to as much as the design.
  /** [stride] margins where a step starts */
  readonly marginBefore: Float64Array;
  /** [nCols] the path's point before, see predict.ts */
  readonly last: Float64Array;
  /** [nCols] gradient of the loss at all-zero coefficients and c = 1 */
  readonly atZero: Float64Array;
  /** [nCols] 1 for columns of the working set; the columns about to enter it */
  readonly within: Uint8Array;
  readonly entering: Int32Array;
  /** [nCols] columns a model's minimisation has touched */
  readonly touched: Int32Array;
  readonly face: FaceArrays;
}

/** The arrays of conjugate gradients; entries go by a column's place in the face, with one more for the intercept. */
export interface FaceArrays {
  /** [nCols] the columns of the face, and those still free */
  readonly columns: Int32Array;
  readonly moves: Int32Array;
  /** [nCols + 1] coefficients before and after */
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** [nCols + 1] gradients of the model without its penalty */
  readonly gradient: Float64Array;
  readonly residual: Float64Array;
  /** [nCols + 1] the preconditioner */
  readonly inverse: Float64Array;
  readonly along: Float64Array;
  /** [nCols + 1] a step of the free columns, and the curvature times it */
  readonly jump: Float64Array;
  readonly bent: Float64Array;
}

/** Slots of `scalars`. */
export const Scalar = {
  /** sum_i slope_i */
  slopeSum: 0,
  /** sum_i weight_i */
  weightSum: 1,
  /** constant part of the margin's change: intercept change minus the centring of all changed columns */
  shift: 2,
  /** sum_i residual_i */
  residualSum: 3,
  /** the intercept's entry of `direction`, and of `product` */
  biasDirection: 4,
  biasProduct: 5,
  /** columns listed for the next kernel call */
  count: 6,
  /** penalty of the columns */
  l1: 7,
  l2: 8,
  /** what the last kernel call returned */
  result: 9,
  /** rows [skipFrom, skipTo), in whole blocks of 16, have no weight: kernels may pass them by */
  skipFrom: 10,
  skipTo: 11,
  /** the operation the problem asks for, by its place in OPERATIONS */
  operation: 12,
} as const;

const N_SCALARS = 16;
const PAGE = 65536;
const ALIGNMENT = 64;

/** Bytes of an array of `n` elements, padded. */
export function paddedBytes(n: number, bytes: number): number {
  return Math.ceil(n * bytes / ALIGNMENT) * ALIGNMENT;
}

/** Bytes of one workspace. */
export function workspaceBytes({ nCols, stride }: Design): number {
  return N_SCALARS * 8 + 9 * paddedBytes(nCols, 8) + 5 * paddedBytes(nCols, 4) + paddedBytes(nCols, 1) +
    5 * paddedBytes(stride, 8) + 3 * paddedBytes(stride, 4) + 8 * paddedBytes(nCols + 1, 8);
}

/**
 * Makes room for `n` workspaces behind the design, all of them counted; returns where they start. Only the owner of
 * the design may, and asking again gives the same places.
 */
export function reserveWorkspaces(design: Design, n: number): number[] {
  const { memory, endAt } = design;
  const bytes = workspaceBytes(design);
  const missing = endAt + n * bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return Array.from({ length: n }, (_, k) => endAt + k * bytes);
}

/** Views of a reserved workspace. The order of the arrays up to residual32 is known to the WebAssembly kernels. */
export function openWorkspace(design: Design, at: number): Workspace {
  const { memory: { buffer }, nCols, stride } = design;
  let next = at;
  const take = (n: number, bytes: number) => {
    const from = next;
    next += paddedBytes(n, bytes);
    return from;
  };
  const scalars = new Float64Array(buffer, take(N_SCALARS, 8), N_SCALARS);
  const column = () => new Float64Array(buffer, take(nCols, 8), nCols);
  const row = () => new Float64Array(buffer, take(stride, 8), stride);
  const coef = column(), start = column(), gradient = column(), curvature = column(), weightedSum = column();
  const direction = column(), product = column();
  const columns = () => new Int32Array(buffer, take(nCols, 4), nCols);
  const list = columns();
  const margin = row(), slope = row(), weight = row(), residual = row();
  const row32 = () => new Float32Array(buffer, take(stride, 4), stride);
  const slope32 = row32(), weight32 = row32(), residual32 = row32();
  const entry = () => new Float64Array(buffer, take(nCols + 1, 8), nCols + 1);
  return {
    at,
    scalars,
    coef,
    start,
    gradient,
    curvature,
    weightedSum,
    direction,
    product,
    list,
    margin,
    slope,
    weight,
    residual,
    slope32,
    weight32,
    residual32,
    marginBefore: row(),
    last: column(),
    atZero: column(),
    within: new Uint8Array(buffer, take(nCols, 1), nCols),
    entering: columns(),
    touched: columns(),
    face: {
      columns: columns(),
      moves: columns(),
      from: entry(),
      to: entry(),
      gradient: entry(),
      residual: entry(),
      inverse: entry(),
      along: entry(),
      jump: entry(),
      bent: entry(),
    },
  };
}

/** The longest run of rows without weight, in whole blocks of 16; padding counts as without. */
export function longestUnweighted(
  weights: Float64Array,
  stride: number,
): { readonly from: number; readonly to: number } {
  let best = { from: stride, to: stride }, from = 0;
  for (let block = 0; block < stride; block += 16) {
    if (weights.subarray(block, block + 16).some((weight) => weight !== 0)) from = block + 16;
    else if (block + 16 - from > best.to - best.from) best = { from, to: block + 16 };
  }
  return best;
}
