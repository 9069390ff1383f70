/**
 * A calendar to start a T5 over series with. T5 has no positions across its stacks: nothing says which step of the
 * context is a season before the step to forecast. So two heads of either stack's first block measure, as an angle,
 * how far a step is from where the forecast begins (the encoder's EOS, the decoder's start token), and half the heads
 * of every cross-attention look where the angle is the same: it turns once in 24 steps, a multiple of every period of
 * the generated series. All of it is trained on. An interpretation of these models must say that this was built in.
 */
import type { ChronosBins } from "../chronos_tokens.ts";
import { T5_EMBEDDING, t5BiasTable } from "../t5.ts";
import type { T5Config } from "../t5_config.ts";
import {
  type AngleName,
  ANGLES,
  decoderScores,
  encoderScores,
  landmarkAdvantage,
} from "./calendar_scores.ts";
import { relativePositionBucket } from "../relative_position.ts";
import type { FlatParameters } from "./session.ts";

/** Places in the residual stream: 1 everywhere; 1 where the forecast begins; the angle's cosine and sine. */
export const CALENDAR_PLACES = { constant: 0, landmark: 1, cosine: 2, sine: 3 } as const;

const N_PLACES = Object.keys(CALENDAR_PLACES).length;

/** Heads of the first blocks that measure the angle; those that look one step back and ahead are 0 and 1. */
const MEASURING = { cosine: 2, sine: 3 } as const;

/** Marks in the embedding and full shares of attention as they are written, in units of the embedding's spread. */
const CONSTANT = 2, LANDMARK = 4, SHARE = 4;

/** Score of equal angles; those a step apart score a thirtieth less, about 1. */
const COMPARISON = 30;

/** Length of the angle as cross-attention reads it, roughly: shares swing by almost a half, twice the spread. */
const LENGTH = 1.8;

/** Share of what cross-attention finds that is written as it was read. */
const WRITE = 0.5;

/**
 * Overwrites part of a start whose bins are embedded already.
 * @param spread of the bins' embedding
 */
export function initializeCalendarInPlace(
  parameters: FlatParameters,
  { config, bins, spread }: {
    readonly config: T5Config;
    readonly bins: ChronosBins;
    readonly spread: number;
  },
): void {
  const { eosTokenId, contextLength, nSpecialTokens, predictionLength } = bins.config;
  const { dModel: width } = config;
  const table = parameters.view(T5_EMBEDDING);
  markTokensInPlace(table, { bins, width, spread });
  for (const [name, [nRows, nColumns = 0]] of parameters.shapes) {
    // Nothing but the measuring heads writes to these places at the start.
    if (/\.(o|wo)\.weight$/.test(name) && nRows === width) {
      parameters.view(name).fill(0, 0, N_PLACES * nColumns);
    }
  }
  const advantage = landmarkAdvantage(contextLength);
  const marks = {
    constant: normalized(table, { token: nSpecialTokens, place: CALENDAR_PLACES.constant, width }),
    landmark: normalized(table, { token: eosTokenId, place: CALENDAR_PLACES.landmark, width }),
    written: SHARE * spread,
  };
  for (const angle of ANGLES) {
    const scores = {
      encoder: encoderScores(angle, contextLength),
      decoder: decoderScores(angle, { nSteps: predictionLength, advantage }),
    };
    for (const stack of ["encoder", "decoder"] as const) {
      const of = (which: string) => parameters.view(`${stack}.block.0.layer.0.SelfAttention.${which}.weight`);
      writeBiasInPlace(parameters.view(t5BiasTable(stack)), {
        ...{ scores: scores[stack], head: MEASURING[angle] },
        ...{ config, bidirectional: stack === "encoder" },
      });
      measureInPlace(matrices(of), { angle, advantage, marks, config });
    }
  }
  for (let i = 0; i < config.nDecoderBlocks; i++) {
    const of = (which: string) =>
      parameters.view(`decoder.block.${i}.layer.1.EncDecAttention.${which}.weight`);
    for (let head = 0; head < config.nHeads / 2; head++) compareInPlace(matrices(of), head, config);
  }
}

/** Marks every token as a token, and those where a forecast begins as landmarks. */
function markTokensInPlace(
  table: Float32Array,
  { bins, width, spread }: { readonly bins: ChronosBins; readonly width: number; readonly spread: number },
): void {
  const { eosTokenId, decoderStartTokenId } = bins.config;
  for (let at = 0; at < table.length; at += width) {
    table.fill(0, at, at + N_PLACES);
    table[at + CALENDAR_PLACES.constant] = CONSTANT * spread;
  }
  for (const token of [eosTokenId, decoderStartTokenId]) {
    table[token * width + CALENDAR_PLACES.landmark] = LANDMARK * spread;
  }
  // The start token sees nothing but itself, which reads as the largest sine; its sine is 0.
  table[decoderStartTokenId * width + CALENDAR_PLACES.sine] = -SHARE * spread / 2;
}

/** What the first block reads of a constant and of a landmark, and what a full share of attention is to write. */
interface Marks {
  readonly constant: number;
  readonly landmark: number;
  readonly written: number;
}

/** An entry of a token's embedding as a block reads it: at unit power. */
function normalized(
  table: Float32Array,
  { token, place, width }: { readonly token: number; readonly place: number; readonly width: number },
): number {
  const row = table.subarray(token * width, (token + 1) * width);
  return row[place]! / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / width);
}

/** Query, key and value, shape [nHeads dHead, dModel], and output, shape [dModel, nHeads dHead]. */
interface Matrices {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly o: Float32Array;
}

function matrices(of: (which: string) => Float32Array): Matrices {
  return { q: of("q"), k: of("k"), v: of("v"), o: of("o") };
}

/** A head that finds the landmark and writes its share of attention, less a half, to a place. */
function measureInPlace(
  { q, k, v, o }: Matrices,
  { angle, advantage, marks, config }: {
    readonly angle: AngleName;
    readonly advantage: number;
    readonly marks: Marks;
    readonly config: T5Config;
  },
): void {
  const { dModel: width, dHead, nHeads } = config;
  const { constant, landmark } = CALENDAR_PLACES;
  const first = MEASURING[angle] * dHead;
  const at = first * width;
  q.fill(0, at, at + dHead * width);
  k.fill(0, at, at + width);
  v.fill(0, at, at + width);
  for (let i = 0; i < width; i++) o.fill(0, i * nHeads * dHead + first, i * nHeads * dHead + first + dHead);
  q[at + constant] = Math.sqrt(advantage) / marks.constant;
  k[at + landmark] = Math.sqrt(advantage) / marks.landmark;
  v[at + landmark] = 1 / marks.landmark;
  v[at + constant] = -0.5 / marks.constant;
  o[CALENDAR_PLACES[angle] * nHeads * dHead + first] = marks.written;
}

/** A head that attends to equal angles, and writes part of what it finds there as it was read. */
function compareInPlace({ q, k, v, o }: Matrices, head: number, config: T5Config): void {
  const { dModel: width, dHead, nHeads } = config;
  const first = head * dHead;
  for (const matrix of [q, k]) {
    matrix.fill(0, first * width, (first + dHead) * width);
    ANGLES.forEach((angle, row) => {
      matrix[(first + row) * width + CALENDAR_PLACES[angle]] = Math.sqrt(COMPARISON) / LENGTH;
    });
  }
  for (let row = 0; row < dHead; row++) {
    for (let i = N_PLACES; i < width; i++) {
      o[i * nHeads * dHead + first + row] = WRITE * v[(first + row) * width + i]!;
    }
  }
}

/** Where several relative positions share a bucket, it gets their mean. */
function writeBiasInPlace(
  table: Float32Array,
  { scores, head, config, bidirectional }: {
    readonly scores: ReadonlyMap<number, number>;
    readonly head: number;
    readonly config: T5Config;
    readonly bidirectional: boolean;
  },
): void {
  const { nBuckets, maxDistance, nHeads } = config;
  const shared = new Map<number, number[]>();
  for (const [position, score] of scores) {
    const bucket = relativePositionBucket(position, { bidirectional, nBuckets, maxDistance });
    shared.set(bucket, [...shared.get(bucket) ?? [], score]);
  }
  for (const [bucket, all] of shared) {
    table[bucket * nHeads + head] = all.reduce((sum, score) => sum + score, 0) / all.length;
  }
}
