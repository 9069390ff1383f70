/** How often latents fire, as a histogram over the latents on a log scale: dense, typical, rare and silent ones. */

/** Bars a decade. */
const PER_DECADE = 4;

/** Latents by log10 of their firing rate; plain JSON. */
export interface FiringHistogram {
  /** Edges of the bins, ascending by 1/4, up to 0 (every row); shape [nBins + 1]. */
  readonly log10Edges: readonly number[];
  /** Latents with `edge <= log10(rate) < next edge`; the last bin holds rate 1 as well. */
  readonly counts: readonly number[];
  /** Latents that never fired: they have no logarithm. */
  readonly nSilent: number;
}

/**
 * Histogram of `log10(rate)` over the latents. The lowest edge is the last quarter decade below 1 / nRows, the smallest
 * rate there can be, so that autoencoders judged on the same rows have the same bins.
 * @param rates share of rows each latent fires for, in [0, 1], shape [dSae]
 * @param nRows rows that the rates are shares of
 * @throws {RangeError} for a rate above 1, or above 0 but below 1 / nRows
 * @see Cunningham et al. 2023, arXiv:2309.08600; Bricken et al. 2023 (dense and ultra-low-density latents)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { firingHistogram } from "lib/sae/firing_histogram.ts";
 * const { log10Edges, counts, nSilent } = firingHistogram([0, 0.1, 0.5, 1], 10);
 * assert.deepEqual(log10Edges, [-1, -0.75, -0.5, -0.25, 0]);
 * assert.deepEqual([counts, nSilent], [[1, 0, 1, 1], 1]);
 * ```
 */
export function firingHistogram(rates: ArrayLike<number>, nRows: number): FiringHistogram {
  const first = Math.floor(PER_DECADE * Math.log10(1 / nRows));
  const counts = new Array<number>(Math.max(1, -first)).fill(0);
  let nSilent = 0;
  for (let latent = 0; latent < rates.length; latent++) {
    const rate = rates[latent]!;
    if (rate === 0) {
      nSilent++;
      continue;
    }
    const bin = Math.floor(PER_DECADE * Math.log10(rate)) - first;
    if (!(rate <= 1 && bin >= 0)) {
      throw new RangeError(
        `Cannot bin a firing rate: needs 0, or 1 / ${nRows} to 1, got ${rate} of latent ${latent}`,
      );
    }
    counts[Math.min(bin, counts.length - 1)]!++;
  }
  return {
    log10Edges: Array.from({ length: counts.length + 1 }, (_, k) => (first + k) / PER_DECADE || 0),
    counts,
    nSilent,
  };
}
