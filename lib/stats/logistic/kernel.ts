/** What a solver asks of the arithmetic; two implementations of the same bits (WebAssembly SIMD, TypeScript). */

/** Column operations over the first `count` entries of the workspace's list. */
export interface Kernel {
  /** Gradient of the loss along each listed column, in float64. */
  gradient(count: number): void;
  /** Gradient, curvature and weighted sum of each listed column, in float64. */
  columnSums(count: number): void;
  /**
   * Writes the margin change of (coef - start) over the listed columns to `residual` (float64, without centring)
   * and returns its constant part.
   */
  change(count: number): number;
  /**
   * One pass of coordinate descent on the quadratic model with penalty l1 |w| + l2 w^2 / 2. Updates coef, the
   * residual and the scalars; returns the largest violation of the optimality conditions met on the way.
   */
  sweep(count: number, l1: number, l2: number): number;
  /**
   * Applies the loss's curvature X'DX, restricted to the listed columns and the intercept, to `direction`. Leaves
   * D X direction in the residual, so that a sweep can go on from there if direction is coef - start.
   */
  product(count: number): void;
  /** As product(), with sums and residual in float32 (dense float32). */
  product32(count: number): void;
  /** As sweep(), with the inner products and the residual in float32: a fast preconditioner (dense float32). */
  sweep32(count: number, l1: number, l2: number): number;
}
