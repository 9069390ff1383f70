/** Predictions at chosen positions of a batch: rows are gathered, so that no logit is computed that nobody wants. */
import { computeLogits, computeNats, type Head } from "./head.ts";
import type { Want } from "./request.ts";

export interface PredictionRow {
  /** Last residual stream of an item, [length, d]. */
  readonly resid: Float32Array;
  /** Positions within it. */
  readonly positions: readonly number[];
  /** The token each of them should predict, for nats. */
  readonly targets: readonly number[];
}

/** Logits [positions, vocabulary] or nats [positions] of every row, as views of one buffer: logits are large. */
export async function predict(
  head: Head,
  rows: readonly PredictionRow[],
  want: Exclude<Want, "residual">,
): Promise<Float32Array[]> {
  const { dModel } = head;
  const gathered = new Float32Array(rows.reduce((sum, row) => sum + row.positions.length, 0) * dModel);
  let at = 0;
  for (const { resid, positions } of rows) {
    for (const position of positions) {
      gathered.set(resid.subarray(position * dModel, (position + 1) * dModel), at);
      at += dModel;
    }
  }
  const values = want === "logits"
    ? await computeLogits(head, gathered)
    : await computeNats(head, gathered, rows.flatMap((row) => row.targets));
  const width = want === "logits" ? head.vocabSize : 1;
  let start = 0;
  return rows.map(({ positions }) => {
    const end = start + positions.length * width;
    const own = values.subarray(start, end);
    start = end;
    return own;
  });
}
