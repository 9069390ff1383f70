/** What the solvers ask of the arithmetic; two implementations of the same bits (WebAssembly SIMD, TypeScript). */
import type { Workspace } from "./workspace.ts";

/**
 * Operations over the first `count` listed columns of a workspace (`Scalar.count`):
 * - gradient: gradient of the loss along each column;
 * - columnSums: gradient, curvature and weighted sum of each column;
 * - change: the margins' change of (coef - start) to `residual`, without centring; its constant part is the result;
 * - sweep: one pass of coordinate descent on the quadratic model with penalty l1 |w| + l2 w^2 / 2, updating coef,
 *   residual and scalars; the largest violation of the optimality conditions met on the way is the result;
 * - product: the loss's curvature X'DX, restricted to the listed columns and the intercept, times `direction`;
 *   D X direction is left in the residual, so that a sweep can go on from there if direction is coef - start.
 * All in float64; those that end in 32 are the same in float32, from and to the workspace's float32 rows, and only of
 * dense float32 designs. From gradient32 on they go through the design panel by panel of rows, as the kernels know.
 */
export const OPERATIONS = [
  "gradient",
  "columnSums",
  "change",
  "sweep",
  "product",
  "sweep32",
  "gradient32",
  "columnSums32",
  "change32",
  "product32",
] as const;

/** One of the operations. */
export type Operation = typeof OPERATIONS[number];

/** Whether an operation goes through the design panel by panel. */
export function isOfPanels(operation: Operation): boolean {
  return OPERATIONS.indexOf(operation) >= OPERATIONS.indexOf("gradient32");
}

/** What a problem asks for. */
export interface Request {
  readonly work: Workspace;
  readonly operation: Operation;
}

/** Carries out the requests of several problems at once, so that a column is read once for as many as possible. */
export type Kernel = (requests: readonly Request[]) => void;
