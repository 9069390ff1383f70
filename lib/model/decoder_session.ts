/**
 * What forecasting asks of an encoder-decoder: encode contexts once, then feed one token a step to every path.
 * The engine's T5 is wired to it in t5_series_model.ts; a table of numbers serves as well, which is what tests use.
 */
import type { ChronosTokens } from "./chronos_tokens.ts";

/** An encoder-decoder over series tokens. */
export interface SeriesModel {
  /** Columns of the logits. */
  readonly vocabularySize: number;
  /**
   * Encodes contexts and opens a decoder over `nPathsEach` paths of each of them.
   * A position whose mask is 0 (a missing value, at the start or in the middle) is seen by nobody: neither by the
   * encoder's other positions nor by the decoder. Contexts of one call have equal lengths.
   * Row r of the decoder is path r % nPathsEach of context floor(r / nPathsEach): the paths of a context are
   * neighbours and share its encoder states.
   */
  startDecoder(contexts: readonly ChronosTokens[], nPathsEach: number): Promise<DecoderSession>;
}

/** A decoder with its key/value cache. */
export interface DecoderSession {
  /**
   * Appends one token to every row.
   * @param tokens shape [nRows]; first the decoder's start token, then what was sampled
   * @returns logits of the next token, shape [nRows, vocabularySize], valid until the next call
   */
  step(tokens: Int32Array): Promise<Float32Array>;
  /** Frees the cache; the session cannot be used afterwards. */
  close(): Promise<void>;
}
