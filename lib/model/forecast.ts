/**
 * Sample paths of a Chronos model: tokens are drawn step by step from the decoder, all paths in one batch, with
 * uniforms given by the caller. Horizons beyond what the model forecasts in one go are continued from the paths'
 * median (as published) or each path from itself (as corrected).
 */
import { type ChronosBins, decodeTokens, encodeContext } from "./chronos_tokens.ts";
import type { SeriesModel } from "./decoder_session.ts";
import { sampleToken, type SamplingOptions, type TokenDistribution, tokenDistribution } from "./sampling.ts";
import type { Matrix } from "../math/matrix.ts";
import { quantileSorted } from "../math/quantile.ts";

/**
 * How a forecast goes on beyond the model's prediction length.
 * - `median`: the per-step median of all paths is appended to the one context (chronos-forecasting; its median of an
 *   even number is the lower middle value). Later steps are conditioned on a path that nobody sampled, so the paths'
 *   spread restarts from nothing at every seam.
 * - `path`: every path is appended to its own context and goes on from there.
 */
export type Continuation = "median" | "path";

/** How to forecast. */
export interface ForecastOptions {
  readonly nPaths: number;
  /** Steps to forecast. */
  readonly horizon: number;
  /**
   * Uniforms in [0, 1) for each context, shape [nPaths, horizon]: element (p, t) draws the token of path p at step t.
   * The same matrix for several contexts (conditions of one item) couples their draws.
   */
  readonly uniforms: readonly Matrix[];
  readonly continuation: Continuation;
  /** Overrides of the checkpoint's temperature, top-k and top-p; EOS is suppressed in any case. */
  readonly sampling?: Partial<Pick<SamplingOptions, "temperature" | "topK" | "topP">>;
  /** Keep the distribution behind every draw; default false. */
  readonly keepDistributions?: boolean;
}

/** Sample paths of one context. */
export interface Forecast {
  /** Values in the units of the context, float32, shape [nPaths, horizon]. */
  readonly samples: Matrix & { readonly data: Float32Array };
  /** The tokens drawn, shape [nPaths, horizon], row-major. */
  readonly tokens: Int32Array;
  /** The scale each token was decoded with, shape [nPaths, horizon], row-major. */
  readonly scales: Float32Array;
  /** The distribution each token was drawn from, row-major as `tokens`; only if asked for. */
  readonly distributions?: readonly TokenDistribution[];
}

/** What forecasts: a decoder, and the bins of its checkpoint. */
export interface Forecaster {
  readonly decoder: SeriesModel;
  readonly bins: ChronosBins;
}

/** Contexts encoded at once when every path has its own: bounds the encoder's attention matrices. */
const CONTEXTS_PER_BATCH = 16;

/**
 * Draws sample paths of series. All contexts are decoded as one batch, so give it few at a time.
 * @param contexts the series so far, oldest first, NaN where missing; the last `contextLength` values of each are
 *   used. They have one length (pad the start with NaN, as Chronos does).
 * @returns one forecast a context
 * @throws {RangeError} if the uniforms do not have shape [nPaths, horizon] or leave [0, 1), or contexts differ in length
 * @see Ansari et al. 2024, arXiv:2403.07815
 */
export async function forecast(
  model: Forecaster,
  contexts: readonly ArrayLike<number>[],
  options: ForecastOptions,
): Promise<readonly Forecast[]> {
  checkOptions(model, contexts, options);
  const { horizon, nPaths, continuation } = options;
  const drawn = contexts.map((): Drawn => ({
    samples: { data: new Float32Array(nPaths * horizon), nRows: nPaths, nCols: horizon },
    tokens: new Int32Array(nPaths * horizon),
    scales: new Float32Array(nPaths * horizon),
    ...(options.keepDistributions ? { distributions: new Array<TokenDistribution>(nPaths * horizon) } : {}),
  }));
  const rows = drawn.flatMap((_, context) =>
    Array.from({ length: nPaths }, (_, path): Row => ({ context, path }))
  );
  const chunkLength = model.bins.config.predictionLength;
  for (let start = 0; start < horizon; start += chunkLength) {
    const chunk = { ...options, start, end: Math.min(start + chunkLength, horizon), drawn };
    if (continuation === "median" || start === 0) {
      const series = contexts.map((values, i) => appended(values, medianPath(drawn[i]!.samples, start)));
      await drawChunk(model, series, { ...chunk, rows });
    } else {
      for (let first = 0; first < rows.length; first += CONTEXTS_PER_BATCH) {
        const some = rows.slice(first, first + CONTEXTS_PER_BATCH);
        const series = some.map(({ context, path }) => {
          const at = path * horizon;
          return appended(contexts[context]!, drawn[context]!.samples.data.subarray(at, at + start));
        });
        await drawChunk(model, series, { ...chunk, rows: some });
      }
    }
  }
  return drawn;
}

/**
 * Quantiles of sample paths at every step, by linear interpolation.
 * @param samples shape [nPaths, horizon]
 * @param levels each in [0, 1]
 * @returns shape [levels, horizon]
 * @throws {RangeError} if a level is outside [0, 1]
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { forecastQuantiles } from "lib/model/forecast.ts";
 * const samples = { data: Float32Array.of(1, 10, 2, 30, 3, 20), nRows: 3, nCols: 2 };
 * assert.deepEqual([...forecastQuantiles(samples, [0.5, 1]).data], [2, 20, 3, 30]);
 * ```
 */
export function forecastQuantiles(samples: Matrix, levels: readonly number[]): Matrix {
  const { nCols } = samples;
  const data = new Float64Array(levels.length * nCols);
  for (let step = 0; step < nCols; step++) {
    const sorted = sortedColumn(samples, step);
    levels.forEach((level, i) => data[i * nCols + step] = quantileSorted(sorted, level));
  }
  return { data, nRows: levels.length, nCols };
}

/** A forecast being filled in. */
interface Drawn extends Forecast {
  readonly distributions?: TokenDistribution[];
}

/** One path of one context. */
interface Row {
  readonly context: number;
  readonly path: number;
}

interface Chunk extends ForecastOptions {
  /** First step of the chunk and the one after its last. */
  readonly start: number;
  readonly end: number;
  /** The decoder's rows; series i belongs to the i-th equal part of them. */
  readonly rows: readonly Row[];
  readonly drawn: readonly Drawn[];
}

/** Draws steps start..end of some rows into `drawn`. */
async function drawChunk(
  { decoder, bins }: Forecaster,
  series: readonly ArrayLike<number>[],
  { start, end, rows, drawn, horizon, uniforms, sampling }: Chunk,
): Promise<void> {
  const { config } = bins;
  const { vocabularySize } = decoder;
  const encoded = series.map((values) => encodeContext(bins, values));
  const options: SamplingOptions = {
    temperature: config.temperature,
    topK: config.topK,
    topP: config.topP,
    ...sampling,
    suppress: [config.eosTokenId],
  };
  const nRowsEach = rows.length / series.length;
  const session = await decoder.startDecoder(encoded, nRowsEach);
  try {
    const current = new Int32Array(rows.length).fill(config.decoderStartTokenId);
    for (let step = start; step < end; step++) {
      const logits = await session.step(current);
      rows.forEach(({ context, path }, row) => {
        const at = path * horizon + step;
        const out = drawn[context]!;
        const own = logits.subarray(row * vocabularySize, (row + 1) * vocabularySize);
        const distribution = tokenDistribution(own, options);
        const token = sampleToken(distribution, uniforms[context]!.data[at]!);
        const { scale } = encoded[Math.floor(row / nRowsEach)]!;
        current[row] = token;
        out.tokens[at] = token;
        out.scales[at] = scale;
        out.samples.data[at] = decodeTokens(bins, [token], scale)[0]!;
        if (out.distributions !== undefined) out.distributions[at] = distribution;
      });
    }
  } finally {
    await session.close();
  }
}

/** The lower middle value of all paths at each of the first `nSteps` steps: torch.median. */
function medianPath(samples: Matrix, nSteps: number): Float32Array {
  const middle = (samples.nRows - 1) >>> 1;
  return Float32Array.from({ length: nSteps }, (_, step) => sortedColumn(samples, step)[middle]!);
}

function sortedColumn({ data, nRows, nCols }: Matrix, column: number): Float64Array {
  return Float64Array.from({ length: nRows }, (_, row) => data[row * nCols + column]!).sort();
}

function appended(context: ArrayLike<number>, more: Float32Array): ArrayLike<number> {
  if (more.length === 0) return context;
  const series = new Float64Array(context.length + more.length);
  series.set(context);
  series.set(more, context.length);
  return series;
}

function checkOptions(
  { decoder, bins }: Forecaster,
  contexts: readonly ArrayLike<number>[],
  { nPaths, horizon, uniforms }: ForecastOptions,
): void {
  const refuse = (needs: string, got: string | number): never => {
    throw new RangeError(`Cannot forecast: needs ${needs}, got ${got}`);
  };
  if (contexts.length === 0) refuse("1 or more contexts", 0);
  const lengths = contexts.map(({ length }) => Math.min(length, bins.config.contextLength));
  if (new Set(lengths).size > 1) refuse("contexts of one length", lengths.join(", "));
  if (!Number.isSafeInteger(nPaths) || nPaths < 1) refuse("1 or more paths", nPaths);
  if (!Number.isSafeInteger(horizon) || horizon < 1) refuse("1 or more steps", horizon);
  if (uniforms.length !== contexts.length) {
    refuse(`uniforms for ${contexts.length} contexts`, uniforms.length);
  }
  for (const { data, nRows, nCols } of uniforms) {
    if (nRows !== nPaths || nCols !== horizon || data.length !== nPaths * horizon) {
      refuse(`uniforms of shape [${nPaths}, ${horizon}]`, `[${nRows}, ${nCols}]`);
    }
    const outside = data.find((u) => !(u >= 0 && u < 1));
    if (outside !== undefined) refuse("uniforms in [0, 1)", outside);
  }
  if (decoder.vocabularySize < bins.config.nTokens) {
    refuse(`logits of ${bins.config.nTokens} tokens`, decoder.vocabularySize);
  }
}
