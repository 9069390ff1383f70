/**
 * Attention scores by relative position that make a landmark's share of attention follow an angle. A landmark scores
 * `advantage` above other places by its content; scores by position then set its share to what the angle asks for.
 */

/** What of the angle is measured. */
export const ANGLES = ["cosine", "sine"] as const;
export type AngleName = typeof ANGLES[number];

/** Steps of a turn. */
const TURN = 24;

/** Shares go from 1/2 - SWING to 1/2 + SWING: nearer to 0 and 1 scores would have to be very large. */
const SWING = 0.45;

/** The landmark's share for a step, counted from where the forecast begins (negative in the context). */
export function landmarkShare(angle: AngleName, step: number): number {
  const turned = 2 * Math.PI * step / TURN;
  return 0.5 + SWING * (angle === "cosine" ? Math.cos(turned) : Math.sin(turned));
}

function odds(angle: AngleName, step: number): number {
  const share = landmarkShare(angle, step);
  return share / (1 - share);
}

/** Mean over a turn: what a place that is no landmark counts on average. */
const MEAN_ODDS = Array.from({ length: TURN }, (_, step) => odds("cosine", step))
  .reduce((sum, value) => sum + value, 0) / TURN;

/** What a landmark's content is to score above other places of a context and EOS. */
export function landmarkAdvantage(contextLength: number): number {
  return Math.log((contextLength + 1) * MEAN_ODDS);
}

/** Scores of a bidirectional stack: a landmark d steps ahead is seen from step -d; what lies behind counts as the mean. */
export function encoderScores(angle: AngleName, contextLength: number): Map<number, number> {
  const scores = new Map<number, number>();
  for (let d = 1; d <= contextLength; d++) scores.set(d, Math.log(odds(angle, -d)));
  for (let d = 0; d <= contextLength; d++) scores.set(-d, Math.log(MEAN_ODDS));
  return scores;
}

/** Scores of a causal stack that begins with the landmark: one more place competes at every step. */
export function decoderScores(
  angle: AngleName,
  { nSteps, advantage }: { readonly nSteps: number; readonly advantage: number },
): Map<number, number> {
  const scores = new Map<number, number>([[0, 0]]);
  let others = 1;
  for (let step = 1; step < nSteps; step++) {
    const weight = odds(angle, step) * Math.exp(-advantage) * others;
    scores.set(-step, Math.log(weight));
    others += weight;
  }
  return scores;
}
