/** Principal components of standardised columns by subspace iteration: the matrix is only multiplied, never squared. */
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import type { RandomStream } from "../math/random.ts";
import { fitStandardScaler, type StandardScaler } from "./standard_scaler.ts";

/** The leading components. */
export interface Pca {
  readonly scaler: StandardScaler;
  /** Orthonormal rows, shape [nComponents, p]; the entry of largest size in each is positive. */
  readonly components: Matrix;
  /** Variance along each component, descending. */
  readonly variances: Float64Array;
}

const MAX_ITERATIONS = 300;
const TOLERANCE = 1e-9;

/**
 * Fits the leading principal components of the correlation matrix.
 * @param matrix training rows, shape [n, p]
 * @param options how many; the stream that draws the first subspace
 * @throws {RangeError} if nComponents is not an integer in [1, min(n, p)]
 * @see Halko, Martinsson & Tropp 2011, doi:10.1137/090771806
 */
export function fitPca(
  matrix: Matrix | CsrMatrix,
  { nComponents, rng }: { readonly nComponents: number; readonly rng: RandomStream },
): Pca {
  const { nRows, nCols } = matrix;
  const most = Math.min(nRows, nCols);
  if (!Number.isInteger(nComponents) || nComponents < 1 || nComponents > most) {
    throw new RangeError(`Cannot fit components: needs 1 to ${most}, got ${nComponents}`);
  }
  const scaler = fitStandardScaler(matrix);
  const width = Math.min(most, nComponents + 8); // a few more converge the wanted ones faster
  let basis: Float64Array[] = Array.from(
    { length: width },
    () => Float64Array.from({ length: nCols }, () => rng.normal()),
  );
  let variances: Float64Array = new Float64Array(width);
  for (let k = 0; k < MAX_ITERATIONS; k++) {
    orthonormalizeInPlace(basis);
    const images = basis.map((v) => multiplyTransposed(matrix, scaler, multiply(matrix, scaler, v)));
    const { values, vectors } = symmetricEigen(
      basis.map((v) => images.map((image) => dot(v, image) / nRows)),
    );
    const settled = values.every((value, c) =>
      c >= nComponents || Math.abs(value - variances[c]!) <= TOLERANCE * values[0]!
    );
    variances = values;
    if (settled || k === MAX_ITERATIONS - 1) {
      basis = rotate(basis, vectors);
      break;
    }
    basis = rotate(images, vectors);
  }
  const data = new Float64Array(nComponents * nCols);
  for (let c = 0; c < nComponents; c++) {
    const extreme = basis[c]!.reduce((most, value) => Math.abs(value) > Math.abs(most) ? value : most, 0);
    for (let j = 0; j < nCols; j++) data[c * nCols + j] = extreme < 0 ? -basis[c]![j]! : basis[c]![j]!;
  }
  return {
    scaler,
    components: { data, nRows: nComponents, nCols },
    variances: variances.slice(0, nComponents),
  };
}

/** Scores of rows on the components, shape [n, nComponents]. */
export function projectPca(matrix: Matrix | CsrMatrix, { scaler, components }: Pca): Matrix {
  const { nRows } = matrix, nCols = components.nRows;
  const data = new Float64Array(nRows * nCols);
  for (let c = 0; c < nCols; c++) {
    const v = Float64Array.from(components.data.subarray(c * components.nCols, (c + 1) * components.nCols));
    multiply(matrix, scaler, v).forEach((score, i) => data[i * nCols + c] = score);
  }
  return { data, nRows, nCols };
}

/** Standardised X v. */
function multiply(
  matrix: Matrix | CsrMatrix,
  { mean, scale }: StandardScaler,
  v: Float64Array,
): Float64Array {
  const slope = v.map((value, j) => value / scale[j]!);
  const constant = -dot(slope, mean);
  const out = new Float64Array(matrix.nRows).fill(constant);
  for (let i = 0; i < matrix.nRows; i++) {
    if ("indptr" in matrix) {
      for (let at = matrix.indptr[i]!; at < matrix.indptr[i + 1]!; at++) {
        out[i]! += matrix.values[at]! * slope[matrix.indices[at]!]!;
      }
    } else {
      for (let j = 0; j < slope.length; j++) out[i]! += matrix.data[i * slope.length + j]! * slope[j]!;
    }
  }
  return out;
}

/** Standardised X' u. */
function multiplyTransposed(
  matrix: Matrix | CsrMatrix,
  { mean, scale }: StandardScaler,
  u: Float64Array,
): Float64Array {
  const out = new Float64Array(matrix.nCols);
  let sum = 0;
  for (let i = 0; i < matrix.nRows; i++) {
    sum += u[i]!;
    if ("indptr" in matrix) {
      for (let at = matrix.indptr[i]!; at < matrix.indptr[i + 1]!; at++) {
        out[matrix.indices[at]!]! += matrix.values[at]! * u[i]!;
      }
    } else {
      for (let j = 0; j < out.length; j++) out[j]! += matrix.data[i * out.length + j]! * u[i]!;
    }
  }
  return out.map((value, j) => (value - mean[j]! * sum) / scale[j]!);
}

/** Modified Gram-Schmidt, twice; a vector that vanishes is set to zero. */
function orthonormalizeInPlace(basis: Float64Array[]): void {
  basis.forEach((v, c) => {
    const before = Math.sqrt(dot(v, v));
    for (let pass = 0; pass < 2; pass++) {
      for (let b = 0; b < c; b++) {
        const share = dot(v, basis[b]!);
        for (let j = 0; j < v.length; j++) v[j]! -= share * basis[b]![j]!;
      }
    }
    const norm = Math.sqrt(dot(v, v));
    const factor = norm > 1e-12 * before ? 1 / norm : 0;
    for (let j = 0; j < v.length; j++) v[j]! *= factor;
  });
}

function rotate(vectors: readonly Float64Array[], rotation: readonly Float64Array[]): Float64Array[] {
  return rotation.map((column) => {
    const out = new Float64Array(vectors[0]!.length);
    vectors.forEach((v, c) => {
      for (let j = 0; j < out.length; j++) out[j]! += column[c]! * v[j]!;
    });
    return out;
  });
}

/**
 * Eigenvalues (descending) and eigenvectors of a small symmetric matrix by cyclic Jacobi rotations.
 * @see Golub & Van Loan 2013, section 8.5
 */
function symmetricEigen(
  given: readonly (readonly number[])[],
): { readonly values: Float64Array; readonly vectors: Float64Array[] } {
  const n = given.length;
  const a = given.map((row, i) => Float64Array.from(row, (value, j) => (value + given[j]![i]!) / 2));
  const vectors = Array.from(
    { length: n },
    (_, i) => Float64Array.from({ length: n }, (_, j) => i === j ? 1 : 0),
  );
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0, size = 0;
    a.forEach((row, i) => row.forEach((value, j) => i === j ? size += value * value : off += value * value));
    if (off <= 1e-28 * size) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p]![q] === 0) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1), s = t * c;
        for (let k = 0; k < n; k++) {
          const x = a[k]![p]!, y = a[k]![q]!;
          a[k]![p] = c * x - s * y;
          a[k]![q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const x = a[p]![k]!, y = a[q]![k]!;
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
          const u = vectors[p]![k]!, v = vectors[q]![k]!;
          vectors[p]![k] = c * u - s * v;
          vectors[q]![k] = s * u + c * v;
        }
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j]![j]! - a[i]![i]!);
  return { values: Float64Array.from(order, (i) => a[i]![i]!), vectors: order.map((i) => vectors[i]!) };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
