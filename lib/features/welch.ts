/** Welch's power spectral density and its entropy. */
import { mean, pairwiseSum } from "../math/sum.ts";

/** Longest segment, in samples; shorter series are one segment. */
const SEGMENT = 256;

/**
 * Averaged periodograms of half-overlapping Hann segments with their mean removed, one-sided, at a sampling rate
 * of 1: `scipy.signal.welch(series)`.
 * @param series shape [n], n >= 1
 * @returns density at frequencies 0, 1/s, 2/s, ... 1/2 with s = min(256, n), shape [floor(s / 2) + 1]
 * @throws {RangeError} if the series is empty
 * @see Welch 1967, doi:10.1109/TAU.1967.1161901
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { welchDensity } from "lib/features/welch.ts";
 * const wave = Array.from({ length: 512 }, (_, i) => Math.cos(2 * Math.PI * i / 8));
 * const density = welchDensity(wave);
 * assert.equal(density.indexOf(Math.max(...density)), 256 / 8);
 * ```
 */
export function welchDensity(series: ArrayLike<number>): Float64Array {
  const n = series.length;
  if (n === 0) throw new RangeError("Cannot estimate a spectrum: needs at least one value, got none");
  const size = Math.min(SEGMENT, n);
  const step = size - Math.floor(size / 2);
  const { window, power, cosines } = tablesOf(size);
  const density = new Float64Array(Math.floor(size / 2) + 1);
  const segment = new Float64Array(size);
  let nSegments = 0;
  for (let start = 0; start + size <= n; start += step, nSegments++) {
    for (let i = 0; i < size; i++) segment[i] = series[start + i]!;
    const center = mean(segment);
    for (let i = 0; i < size; i++) segment[i] = (segment[i]! - center) * window[i]!;
    addPeriodogram(segment, cosines, density);
  }
  for (let k = 0; k < density.length; k++) {
    // all but the zero and the Nyquist frequency stand for their negative twin too
    const sides = k === 0 || 2 * k === size ? 1 : 2;
    density[k]! *= sides / (power * nSegments);
  }
  return density;
}

/**
 * Shannon entropy, in nats, of the Welch density normalised to one; 0 for a constant series.
 * @param series shape [n], n >= 1
 * @returns in [0, log(129)]
 * @see Inouye et al. 1991, doi:10.1016/0013-4694(91)90138-T
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { spectralEntropy } from "lib/features/welch.ts";
 * assert.equal(spectralEntropy(new Array(300).fill(0.1)), 0);
 * ```
 */
export function spectralEntropy(series: ArrayLike<number>): number {
  if (isConstant(series)) return 0; // rounding in the mean would leave a spectrum of noise
  const density = welchDensity(series);
  const total = pairwiseSum(density);
  if (total === 0) return 0;
  return pairwiseSum(density.map((power) => {
    const share = power / total;
    return share > 0 ? -share * Math.log(share) : 0;
  }));
}

/** Adds |DFT|^2 of the segment at each frequency; the segments are short, so no fast transform is needed. */
function addPeriodogram(segment: Float64Array, cosines: Float64Array, density: Float64Array): void {
  const size = segment.length;
  const quarter = 3 * size; // the table has 4 entries a sample: cos(x - pi / 2) = sin(x) is 3 sizes ahead
  for (let k = 0; k < density.length; k++) {
    let re = 0, im = 0;
    for (let i = 0, phase = 0; i < size; i++) {
      re += segment[i]! * cosines[phase]!;
      im += segment[i]! * cosines[phase + quarter]!;
      phase += 4 * k;
      if (phase >= 4 * size) phase -= 4 * size;
    }
    density[k]! += re * re + im * im;
  }
}

interface Tables {
  /** Periodic Hann window, shape [size]. */
  readonly window: Float64Array;
  /** Sum of the squared window. */
  readonly power: number;
  /** cos(2 pi j / (4 size)), shape [7 size]: cosine and, shifted, sine of every phase. */
  readonly cosines: Float64Array;
}

const cache = new Map<number, Tables>();

function tablesOf(size: number): Tables {
  let tables = cache.get(size);
  if (tables === undefined) {
    const window = size === 1
      ? Float64Array.of(1)
      : Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / size));
    const power = pairwiseSum(window.map((weight) => weight * weight));
    const cosines = Float64Array.from({ length: 7 * size }, (_, j) => {
      return Math.cos(Math.PI * (j % (4 * size)) / (2 * size));
    });
    tables = { window, power, cosines };
    cache.set(size, tables);
  }
  return tables;
}

function isConstant(series: ArrayLike<number>): boolean {
  for (let i = 1; i < series.length; i++) if (series[i] !== series[0]) return false;
  return true;
}
