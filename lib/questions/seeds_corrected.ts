/**
 * One effect under several dictionary seeds: two dictionaries of one recipe differ in most of their latents, so what
 * one seed shows is a draw. The spread over seeds is carried into the interval of the effect (flaw F18).
 */
import { type Inference, tInterval, type Underpowered } from "../stats/interval.ts";

/** Fewer seeds give no interval: with four the t quantile alone triples the standard error. */
export const MIN_SEEDS = 5;

/** The effect over seeds, and what its interval is made of. */
export interface SeededEffect {
  readonly inference: Inference;
  readonly by_seed: readonly number[];
  /** Standard deviation of the effect from seed to seed (ddof 1); null with one seed. */
  readonly seed_sd: number | null;
  /** Standard error that the items alone give; null where a seed's own inference is underpowered. */
  readonly item_standard_error: number | null;
}

/**
 * Mean effect over seeds; `SE^2 = s^2 / S + (mean_s SE_s)^2` with s the standard deviation between the S seeds and
 * SE_s the standard error over items within a seed, on S - 1 degrees of freedom (fewer where the items have fewer).
 * The seeds share their items, so item noise does not average out: the mean of the SE_s bounds it whatever the
 * correlation between seeds. s holds some item noise as well, which errs on the wide side.
 * @param bySeed the same effect estimated under each seed, e.g. from inferClusteredAurocDelta()
 * @returns "underpowered" under MIN_SEEDS seeds, or where one seed's inference is
 * @throws {RangeError} without a seed
 * @see Kish 1965, section 5.6 (variance between primary units); Paulo & Belrose 2025, arXiv:2501.16615 (why)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { effectOverSeeds } from "lib/questions/seeds_corrected.ts";
 * import { tInterval } from "lib/stats/interval.ts";
 * const seeds = [1, 2, 3, 4, 5].map((value) =>
 *   tInterval({ method: "z", value, standardError: 0, df: Infinity, nUnits: 100 })
 * );
 * const { inference, seed_sd } = effectOverSeeds(seeds); // the one-sample t test of 1 .. 5
 * assert.ok(inference.status === "valid" && inference.df === 4 && Math.abs(inference.p - 0.0132) < 1e-4);
 * assert.equal(seed_sd, Math.sqrt(2.5));
 * ```
 */
export function effectOverSeeds(bySeed: readonly Inference[], alpha = 0.05): SeededEffect {
  const nSeeds = bySeed.length;
  if (nSeeds === 0) throw new RangeError("Cannot average over seeds: needs an effect, got none");
  const values = bySeed.map(({ value }) => value);
  const value = values.reduce((sum, x) => sum + x, 0) / nSeeds;
  const squares = values.reduce((sum, x) => sum + (x - value) * (x - value), 0);
  const variance = nSeeds > 1 ? squares / (nSeeds - 1) : null;
  const method = "t over seeds";
  const seed_sd = variance === null ? null : Math.sqrt(variance);
  const underpowered = bySeed.find((own): own is Underpowered => own.status === "underpowered");
  const refuse = (reason: string, itemStandardError: number | null): SeededEffect => ({
    inference: { status: "underpowered", method, value, nUnits: nSeeds, reason },
    by_seed: values,
    seed_sd,
    item_standard_error: itemStandardError,
  });
  if (underpowered) return refuse(`within a seed: ${underpowered.reason}`, null);
  const valid = bySeed.filter((own) => own.status === "valid");
  const items = valid.reduce((sum, { standardError }) => sum + standardError, 0) / nSeeds;
  if (variance === null || nSeeds < MIN_SEEDS) {
    return refuse(`needs at least ${MIN_SEEDS} seeds, got ${nSeeds}`, items);
  }
  return {
    inference: tInterval({
      method,
      value,
      standardError: Math.sqrt(variance / nSeeds + items * items),
      df: Math.min(nSeeds - 1, ...valid.map(({ df }) => df)),
      nUnits: nSeeds,
      alpha,
    }),
    by_seed: values,
    seed_sd,
    item_standard_error: items,
  };
}
