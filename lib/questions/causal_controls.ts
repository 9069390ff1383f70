/** What a latent's effect must be told apart from: latents as busy and as long as it, and directions of no meaning. */
import type { RandomStream } from "../math/random.ts";

/** A control latent and the latent it stands beside. */
export interface MatchedLatent {
  readonly latent: number;
  readonly matches: number;
  readonly firingRate: number;
  readonly atomNorm: number;
}

/** What latents are matched on. */
export interface MatchOptions {
  readonly nMatched: number;
  /** Share of train positions at which each latent fires, shape [dSae]. */
  readonly firingRate: ArrayLike<number>;
  /** Shape [dSae]. */
  readonly atomNorm: ArrayLike<number>;
  /** Latents that no control may be, besides the ranked ones: those that a difficulty probe uses. */
  readonly excluded?: readonly number[];
}

/**
 * For the ranked latents in turn, the unused latent nearest in log firing rate and log atom norm (sum of squares),
 * until there are `nMatched`. A latent that never fires matches nothing and is matched with nothing.
 * @param ranked latents under test, best first
 * @returns `nMatched` controls, or fewer where live latents run out
 * @throws {RangeError} if there is no ranked latent
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matchLatents } from "lib/questions/causal_controls.ts";
 * const firingRate = [0.1, 0.5, 0.11, 0];
 * const [control] = matchLatents([0], { nMatched: 1, firingRate, atomNorm: [1, 1, 1, 1] });
 * assert.equal(control?.latent, 2);
 * ```
 */
export function matchLatents(ranked: readonly number[], options: MatchOptions): MatchedLatent[] {
  const { nMatched, firingRate, atomNorm, excluded = [] } = options;
  if (ranked.length === 0) throw new RangeError("Cannot match latents: needs a ranked latent, got none");
  const taken = new Set([...ranked, ...excluded]);
  const live = ranked.filter((latent) => firingRate[latent]! > 0 && atomNorm[latent]! > 0);
  const matched: MatchedLatent[] = [];
  for (let turn = 0; matched.length < nMatched && live.length > 0; turn++) {
    const matches = live[turn % live.length]!;
    let [best, nearest] = [-1, Infinity];
    for (let latent = 0; latent < firingRate.length; latent++) {
      if (taken.has(latent) || !(firingRate[latent]! > 0) || !(atomNorm[latent]! > 0)) continue;
      const byRate = Math.log(firingRate[latent]! / firingRate[matches]!);
      const byNorm = Math.log(atomNorm[latent]! / atomNorm[matches]!);
      const distance = byRate * byRate + byNorm * byNorm;
      if (distance < nearest) [best, nearest] = [latent, distance];
    }
    if (best < 0) break;
    taken.add(best);
    matched.push({ latent: best, matches, firingRate: firingRate[best]!, atomNorm: atomNorm[best]! });
  }
  return matched;
}

/** A direction of unit length, uniform on the sphere; shape [dModel]. */
export function randomDirection(dModel: number, rng: RandomStream): Float64Array {
  const direction = Float64Array.from({ length: dModel }, () => rng.normal());
  const norm = Math.sqrt(direction.reduce((sum, x) => sum + x * x, 0));
  return direction.map((x) => x / norm);
}
