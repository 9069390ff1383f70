/**
 * Draws from Gaussian processes at the integers 0, 1, 2, ...: the covariance's Cholesky factor times normal noise.
 * @see Rasmussen & Williams 2006, ISBN 0-262-18253-X, chapter 4 and appendix A.2
 */
import type { RandomStream } from "../../math/random.ts";

/** Stationary kernels of variance 1, from smooth to rough; `matern12` is the Ornstein-Uhlenbeck process. */
export type KernelName = "rbf" | "matern32" | "matern12";

/** Covariance of two values `lag` steps apart. */
export function covariance(kernel: KernelName, lag: number, lengthScale: number): number {
  const r = Math.abs(lag) / lengthScale;
  if (kernel === "rbf") return Math.exp(-r * r / 2);
  if (kernel === "matern12") return Math.exp(-r);
  return (1 + Math.sqrt(3) * r) * Math.exp(-Math.sqrt(3) * r);
}

/**
 * One draw.
 * @param lengthScale in steps, > 0
 * @param length at most 512: the factor is computed once for each kernel and kept
 * @returns shape [length], variance 1
 * @throws {RangeError} if a size is out of range
 */
export function drawGaussianProcess(
  rng: RandomStream,
  { kernel, lengthScale, length }: {
    readonly kernel: KernelName;
    readonly lengthScale: number;
    readonly length: number;
  },
): Float64Array {
  if (!(lengthScale > 0 && lengthScale < Infinity)) {
    throw new RangeError(`Cannot draw a Gaussian process: needs a positive length scale, got ${lengthScale}`);
  }
  if (!Number.isSafeInteger(length) || length < 1 || length > MAX_LENGTH) {
    throw new RangeError(`Cannot draw a Gaussian process: needs 1 to ${MAX_LENGTH} steps, got ${length}`);
  }
  const factor = choleskyFactor(kernel, lengthScale, length);
  const noise = Float64Array.from({ length }, () => rng.normal());
  return Float64Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let j = 0; j <= i; j++) sum += factor[rowStart(i) + j]! * noise[j]!;
    return sum;
  });
}

const MAX_LENGTH = 512;

/** Added to the diagonal: smooth kernels are singular in floating point. */
const JITTER = 1e-6;

/** Rows of the lower triangle, packed; a longer factor begins with every shorter one. */
const factors = new Map<string, Float64Array>();

function choleskyFactor(kernel: KernelName, lengthScale: number, length: number): Float64Array {
  const key = `${kernel} ${lengthScale}`;
  const known = factors.get(key);
  if (known !== undefined && known.length >= rowStart(length)) return known;
  const factor = new Float64Array(rowStart(length));
  for (let i = 0; i < length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = covariance(kernel, i - j, lengthScale) + (i === j ? JITTER : 0);
      for (let k = 0; k < j; k++) sum -= factor[rowStart(i) + k]! * factor[rowStart(j) + k]!;
      factor[rowStart(i) + j] = i === j ? Math.sqrt(sum) : sum / factor[rowStart(j) + j]!;
    }
  }
  factors.set(key, factor);
  return factor;
}

function rowStart(i: number): number {
  return i * (i + 1) / 2;
}
