/** Seeded problems of the ladder's shapes: dense activations and sparse pooled codes, with signal or without. */
import type { CsrMatrix, Matrix } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";

/** A problem of one rung. */
export interface BenchProblem {
  readonly x: Matrix | CsrMatrix;
  readonly labels: Uint8Array;
}

/** How a problem is drawn; with `signal` 0 labels are noise, 0.5 gives a cross-validated AUROC of about 0.65. */
export interface BenchShape {
  readonly nRows: number;
  readonly nCols: number;
  readonly signal: number;
  readonly seed: number;
}

const N_INFORMATIVE = 20;
const HARD_SHARE = 0.25;

/** Independent normal columns in float32, the first 20 of them informative. */
export function drawDense({ nRows, nCols, signal, seed }: BenchShape): BenchProblem {
  const rng = randomStream(seed, "bench/dense");
  const data = new Float32Array(nRows * nCols);
  for (let k = 0; k < data.length; k++) data[k] = rng.normal();
  const margins = new Float64Array(nRows);
  for (let i = 0; i < nRows; i++) {
    for (let j = 0; j < Math.min(N_INFORMATIVE, nCols); j++) {
      margins[i]! += data[i * nCols + j]! * signal / Math.sqrt(N_INFORMATIVE);
    }
    margins[i]! += rng.normal();
  }
  return { x: { data, nRows, nCols }, labels: hardest(margins) };
}

/**
 * TopK codes, 32 active of nCols / 3 latents a token, a few frequent and most rare, pooled over the tokens of an
 * item as mean | max | last.
 */
export function drawSparse(
  { nRows, nCols, signal, seed, nTokens = 4 }: BenchShape & { readonly nTokens?: number },
): BenchProblem {
  const rng = randomStream(seed, "bench/sparse");
  const dSae = Math.floor(nCols / 3), k = 32;
  const indptr = new Uint32Array(nRows + 1);
  const indices: number[] = [], values: number[] = [];
  const margins = new Float64Array(nRows);
  for (let i = 0; i < nRows; i++) {
    const mean = new Map<number, number>(), max = new Map<number, number>();
    let last = new Map<number, number>();
    for (let token = 0; token < nTokens; token++) {
      last = new Map();
      while (last.size < k) {
        const u = rng.random();
        last.set(Math.floor(dSae * u * u * u), -Math.log(1 - rng.random()));
      }
      for (const [latent, act] of last) {
        mean.set(latent, (mean.get(latent) ?? 0) + act / nTokens);
        max.set(latent, Math.max(max.get(latent) ?? 0, act));
      }
    }
    [mean, max, last].forEach((pooled, block) => {
      for (const latent of [...pooled.keys()].sort((a, b) => a - b)) {
        indices.push(block * dSae + latent);
        values.push(pooled.get(latent)!);
      }
    });
    indptr[i + 1] = indices.length;
    for (let j = 0; j < N_INFORMATIVE; j++) margins[i]! += 0.3 * signal * (max.get(5 * j) ?? 0);
    margins[i]! += rng.normal();
  }
  const x = {
    indptr,
    indices: Uint32Array.from(indices),
    values: Float32Array.from(values),
    nRows,
    nCols: 3 * dSae,
  };
  return { x, labels: hardest(margins) };
}

/** Blocks of one ladder over the same items: 8 cheap columns, `nCols` dense ones, 12,288 sparse codes. */
export function drawLadder({ nRows, nCols, signal, seed }: BenchShape) {
  const shape = { nRows, signal, seed };
  const cheap = drawDense({ ...shape, nCols: 8, seed: seed + 1 });
  const raw = drawDense({ ...shape, nCols });
  const sae = drawSparse({ ...shape, nCols: 12288 });
  const rng = randomStream(seed, "bench/ladder");
  // An item is hard if the blocks make it so together: each holds a part of what is to be known.
  const margins = Float64Array.from(
    raw.labels,
    (_, i) => cheap.labels[i]! + raw.labels[i]! + sae.labels[i]! + 0.5 * rng.normal(),
  );
  return { blocks: { cheap: cheap.x, raw: raw.x, sae: sae.x }, labels: hardest(margins) };
}

function hardest(margins: Float64Array): Uint8Array {
  const threshold = margins.slice().sort()[Math.floor((1 - HARD_SHARE) * margins.length)]!;
  return Uint8Array.from(margins, (margin) => margin >= threshold ? 1 : 0);
}

/** The problems the acceptance line names, by what is printed of them. */
export const LADDER_PROBLEMS: Readonly<Record<string, () => BenchProblem>> = Object.fromEntries(
  ([["signal", 0.5], ["noise", 0]] as const).flatMap(([what, signal]) => [
    [`1032 dense ${what}`, () => drawDense({ nRows: 3500, nCols: 1032, signal, seed: 1 })],
    [`3080 dense ${what}`, () => drawDense({ nRows: 3500, nCols: 3080, signal, seed: 2 })],
    [`12288 sparse ${what}`, () => drawSparse({ nRows: 3500, nCols: 12288, signal, seed: 3 })],
  ]),
);
