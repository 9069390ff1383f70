/** The engine's T5 as a model of series, for forecast(). */
import type { ChronosTokens } from "./chronos_tokens.ts";
import { encode, startDecoding } from "./decode.ts";
import type { SeriesModel } from "./decoder_session.ts";
import type { EncodedBatch } from "./encoded.ts";
import type { EncoderDecoderModel } from "./t5_model.ts";

/** How contexts become what the decoder sees; an experiment gives its own to patch the encoder. */
export type EncodeContexts = (contexts: readonly ChronosTokens[]) => Promise<EncodedBatch>;

/**
 * Wires a T5 to the forecaster.
 * @param encodeContexts default: the unpatched encoder. A patched one returns as many items as it is given contexts,
 *   in their order, e.g. `encodeConditions` of suffix.ts.
 * @throws {RangeError} when a decoder starts, if the encoder returned another number of items
 */
export function t5SeriesModel(
  model: EncoderDecoderModel,
  encodeContexts: EncodeContexts = (contexts) => encodeNatural(model, contexts),
): SeriesModel {
  return {
    vocabularySize: model.config.vocabSize,
    async startDecoder(contexts, nPathsEach) {
      const encoded = await encodeContexts(contexts);
      if (encoded.nItems !== contexts.length) {
        throw new RangeError(`Cannot decode: needs ${contexts.length} encoded items, got ${encoded.nItems}`);
      }
      const decoding = startDecoding(model, encoded, nPathsEach);
      return { step: (tokens) => decoding.step(tokens), close: () => Promise.resolve() };
    },
  };
}

function encodeNatural(
  model: EncoderDecoderModel,
  contexts: readonly ChronosTokens[],
): Promise<EncodedBatch> {
  return encode(model, contexts.map(({ ids }) => ids), { masks: contexts.map(({ mask }) => mask) });
}
