/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to tridiagonal form, then the implicit
 * QL iteration with Wilkinson's shift. About 10 n^3 operations, all eigenvectors, float64.
 * @see Golub & Van Loan, Matrix Computations, 4th ed., algorithms 8.3.1 and 8.3.3
 */

/** Eigenpairs, largest eigenvalue first. */
export interface Eigen {
  /** Shape [n]. */
  readonly values: Float64Array;
  /** Shape [n, n]; row i is the unit eigenvector of values[i], its largest component positive. */
  readonly vectors: Float64Array;
}

/**
 * Decomposes a symmetric matrix.
 * @param matrix row-major, shape [n, n]; only its lower triangle is believed
 * @throws {RangeError} if it is not square or not finite
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { symmetricEigen } from "lib/math/symmetric_eigen.ts";
 * const { values } = symmetricEigen(new Float64Array([2, 1, 1, 2]), 2);
 * assert.ok(Math.abs(values[0]! - 3) < 1e-14 && Math.abs(values[1]! - 1) < 1e-14);
 * ```
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  if (matrix.length !== n * n || !matrix.every(Number.isFinite)) {
    throw new RangeError(`Cannot decompose: needs ${n} x ${n} finite values, got ${matrix.length}`);
  }
  const { diagonal, offDiagonal, reflectors } = tridiagonalize(mirrored(matrix, n), n);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  iterateQl(diagonal, offDiagonal, vectors);
  for (let i = 0; i < n; i++) reflectBack(vectors.subarray(i * n, (i + 1) * n), reflectors, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => {
    const vector = vectors.subarray(from * n, (from + 1) * n);
    const largest = vector.reduce((best, v) => Math.abs(v) > Math.abs(best) ? v : best, 0);
    sorted.set(largest < 0 ? vector.map((v) => -v) : vector, to * n);
  });
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors: sorted };
}

/** The symmetric matrix that has this one's lower triangle. */
function mirrored(matrix: Float64Array, n: number): Float64Array {
  const whole = matrix.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) whole[j * n + i] = whole[i * n + j]!;
  }
  return whole;
}

/** A = Q T Q' by reflections I - 2 v v'; row k of `reflectors` holds v_k, zero up to its k-th component. */
function tridiagonalize(a: Float64Array, n: number) {
  const reflectors = new Float64Array(n * n);
  const p = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    const v = reflectors.subarray(k * n, (k + 1) * n);
    let square = 0;
    for (let i = k + 1; i < n; i++) square += a[i * n + k]! * a[i * n + k]!;
    const norm = Math.sqrt(square);
    if (norm === 0) continue;
    const head = a[(k + 1) * n + k]!;
    const alpha = head > 0 ? -norm : norm;
    for (let i = k + 1; i < n; i++) v[i] = a[i * n + k]!;
    v[k + 1] = head - alpha;
    const length = Math.sqrt(2 * (square - head * alpha));
    for (let i = k + 1; i < n; i++) v[i]! /= length;
    let inner = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * v[j]!;
      p[i] = sum;
      inner += sum * v[i]!;
    }
    for (let i = k + 1; i < n; i++) p[i] = 2 * (p[i]! - inner * v[i]!);
    for (let i = k + 1; i < n; i++) {
      const [vi, pi] = [v[i]!, p[i]!];
      for (let j = k + 1; j < n; j++) a[i * n + j]! -= vi * p[j]! + pi * v[j]!;
    }
    a[(k + 1) * n + k] = alpha;
  }
  return {
    diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!),
    // offDiagonal[i] couples i and i + 1
    offDiagonal: Float64Array.from({ length: n }, (_, i) => i + 1 < n ? a[(i + 1) * n + i]! : 0),
    reflectors,
  };
}

function reflectBack(vector: Float64Array, reflectors: Float64Array, n: number): void {
  for (let k = n - 3; k >= 0; k--) {
    let dot = 0;
    for (let i = k + 1; i < n; i++) dot += reflectors[k * n + i]! * vector[i]!;
    for (let i = k + 1; i < n; i++) vector[i]! -= 2 * dot * reflectors[k * n + i]!;
  }
}

/** Diagonalizes (d, e) in place; rows i and i + 1 of `vectors` turn with each rotation. */
function iterateQl(d: Float64Array, e: Float64Array, vectors: Float64Array): void {
  const n = d.length;
  for (let l = 0; l < n; l++) {
    for (let iteration = 0;; iteration++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      if (iteration === 60) throw new RangeError("Cannot decompose: the QL iteration did not converge");
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = radius(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let [s, c, shift] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = radius(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= shift;
          e[m] = 0;
          break;
        }
        [s, c] = [f / r, g / r];
        g = d[i + 1]! - shift;
        r = (d[i]! - g) * s + 2 * c * b;
        shift = s * r;
        d[i + 1] = g + shift;
        g = c * r - b;
        rotateRows(vectors, { n, i, c, s });
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= shift;
      e[l] = g;
      e[m] = 0;
    }
  }
}

function rotateRows(
  vectors: Float64Array,
  { n, i, c, s }: { readonly n: number; readonly i: number; readonly c: number; readonly s: number },
): void {
  for (let j = i * n; j < (i + 1) * n; j++) {
    const [low, high] = [vectors[j]!, vectors[j + n]!];
    vectors[j + n] = s * low + c * high;
    vectors[j] = c * low - s * high;
  }
}

/** sqrt(a^2 + b^2); the language's own hypot differs between engines. */
function radius(a: number, b: number): number {
  const [large, small] = Math.abs(a) > Math.abs(b) ? [Math.abs(a), Math.abs(b)] : [Math.abs(b), Math.abs(a)];
  if (large === 0) return 0;
  const ratio = small / large;
  return large * Math.sqrt(1 + ratio * ratio);
}
