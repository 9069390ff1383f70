/** Batches of generated series, as a T5 training graph wants them: tokens as Chronos makes them. */
import { pretrainingWindow } from "../../data/series/items.ts";
import { type ChronosBins, encodeContext, encodeContinuation } from "../chronos_tokens.ts";
import type { Tensor } from "../engine.ts";

export interface SeriesBatchOptions {
  readonly seed: number;
  readonly nRows: number;
  readonly bins: ChronosBins;
}

/** The batch of a step; every target counts the same. */
export function seriesBatch(step: number, { seed, nRows, bins }: SeriesBatchOptions) {
  const { contextLength, predictionLength, useEosToken, decoderStartTokenId } = bins.config;
  const nContext = contextLength + Number(useEosToken);
  const ids = {
    context: new BigInt64Array(nRows * nContext),
    decoder: new BigInt64Array(nRows * predictionLength),
    targets: new BigInt64Array(nRows * predictionLength),
  };
  for (let r = 0; r < nRows; r++) {
    const window = pretrainingWindow(step * nRows + r, { seed, contextLength, horizon: predictionLength });
    const context = encodeContext(bins, window.context);
    const future = encodeContinuation(bins, window.future, context.scale);
    ids.context.set(BigInt64Array.from(context.ids, BigInt), r * nContext);
    const targets = BigInt64Array.from(future.ids, BigInt);
    ids.targets.set(targets, r * predictionLength);
    ids.decoder.set([BigInt(decoderStartTokenId), ...targets.slice(0, -1)], r * predictionLength);
  }
  const n = nRows * predictionLength;
  const tokens = (data: BigInt64Array): Tensor => ({ type: "int64", data, dims: [data.length] });
  const feeds: Record<string, Tensor> = {
    context: tokens(ids.context),
    decoder: tokens(ids.decoder),
    targets: tokens(ids.targets),
    weights: { type: "float32", data: new Float32Array(n).fill(1 / n), dims: [n, 1] },
  };
  return { feeds, isCounted: new Uint8Array(n).fill(1) };
}
