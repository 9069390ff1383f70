/**
 * Where a T5 over series starts: neighbouring bins alike, heads that look one step back and ahead, and a decoder that
 * looks for what resembles its own last value and for the same place in the season. Otherwise a small model predicts the same distribution for every
 * series for more steps than it is worth to train it.
 */
import { randomStream } from "../../math/random.ts";
import type { ChronosBins } from "../chronos_tokens.ts";
import { relativePositionBucket } from "../relative_position.ts";
import { T5_EMBEDDING, t5BiasTable } from "../t5.ts";
import type { T5Config } from "../t5_config.ts";
import { initializeCalendarInPlace } from "./initialize_calendar.ts";
import type { FlatParameters } from "./session.ts";

/** Overwrites part of the random start; `parameters` hold it already. */
export function initializeSeriesInPlace(
  parameters: FlatParameters,
  { config, bins, seed }: { readonly config: T5Config; readonly bins: ChronosBins; readonly seed: number },
): void {
  embedBinsInPlace(parameters.view(T5_EMBEDDING), { width: config.dModel, bins, seed });
  biasInPlace(parameters.view(t5BiasTable("encoder")), config, [[0, -1], [1, 1]], true);
  biasInPlace(parameters.view(t5BiasTable("decoder")), config, [[0, -1]], false);
  for (const which of ["v", "o"]) {
    const of = (stack: string) => parameters.view(`${stack}.block.0.layer.0.SelfAttention.${which}.weight`);
    of("decoder").set(of("encoder")); // what came before is written in one place by both stacks
  }
  for (let i = 0; i < config.nDecoderBlocks; i++) {
    const of = (which: string) =>
      parameters.view(`decoder.block.${i}.layer.1.EncDecAttention.${which}.weight`);
    // Rows of norm s give equal states of unit size the score dHead s^2.
    const scale = Math.sqrt(MATCH / config.dHead) / rowNorm(of("k"), config.dModel);
    for (let at = 0; at < of("k").length; at++) of("k")[at]! *= scale;
    of("q").set(of("k"));
  }
  initializeCalendarInPlace(parameters, { config, bins, spread: SPREAD });
}

/** Score of a query and an equal key, above unrelated ones. */
const MATCH = 3;

/** Added to the score of the place a head looks at: most of the softmax over a hundred places. */
const LOOK = 6;

/** Length scales of the embedding's features, in units of the series' scale. */
const FEATURE_SCALES = [0.1, 0.3, 1, 3];

const SPREAD = 0.5;

/**
 * Random Fourier features of the bin's centre: the inner product of two bins falls with their distance. The token that
 * starts the decoder resembles the one that ends the context.
 * @see Rahimi & Recht 2007, "Random features for large-scale kernel machines"
 */
function embedBinsInPlace(
  table: Float32Array,
  { width, bins, seed }: { readonly width: number; readonly bins: ChronosBins; readonly seed: number },
): void {
  const { nSpecialTokens, nTokens, eosTokenId, decoderStartTokenId } = bins.config;
  const rng = randomStream(seed, "initialize/bins");
  for (let k = 0; k < width; k++) {
    const frequency = rng.normal() / FEATURE_SCALES[k % FEATURE_SCALES.length]!;
    const phase = 2 * Math.PI * rng.random();
    for (let token = nSpecialTokens; token < nTokens; token++) {
      const centre = bins.centers[Math.max(0, token - nSpecialTokens - 1)]!;
      table[token * width + k] = SPREAD * Math.SQRT2 * Math.cos(frequency * centre + phase);
    }
  }
  table.copyWithin(decoderStartTokenId * width, eosTokenId * width, (eosTokenId + 1) * width);
}

/** Heads that look at a fixed distance. */
function biasInPlace(
  table: Float32Array,
  { nBuckets, maxDistance, nHeads }: T5Config,
  heads: readonly (readonly [head: number, distance: number])[],
  bidirectional: boolean,
): void {
  for (const [head, distance] of heads) {
    const bucket = relativePositionBucket(distance, { bidirectional, nBuckets, maxDistance });
    table[bucket * nHeads + head]! += LOOK;
  }
}

/** Root mean square norm of a matrix' rows. */
function rowNorm(matrix: Float32Array, width: number): number {
  const power = matrix.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(power / (matrix.length / width));
}
