/** Batches of the language of facts, as a GPT-NeoX training graph wants them. */
import { type PretrainingRow, pretrainingRow } from "../../data/facts/pretraining.ts";
import type { Tensor } from "../engine.ts";
import type { BatchSize } from "./gpt_neox_training.ts";
import { HIDDEN } from "./t5_training.ts";

export interface FactsBatchOptions extends BatchSize {
  readonly seed: number;
  readonly textWeight: number;
}

/** The batch of a step, and which of its targets are answers. Weights sum to 1. */
export function factsBatch(step: number, { seed, nRows, length, textWeight }: FactsBatchOptions) {
  const n = nRows * length;
  const ids = {
    tokens: new BigInt64Array(n),
    targets: new BigInt64Array(n),
    positions: new BigInt64Array(n),
  };
  const weights = new Float32Array(n);
  const mask = new Float32Array(n * length).fill(HIDDEN);
  for (let r = 0; r < nRows; r++) {
    const row = pretrainingRow(step * nRows + r, { seed, length, textWeight });
    for (let i = 0; i < length; i++) {
      const at = r * length + i;
      ids.tokens[at] = BigInt(row.tokens[i]!);
      ids.targets[at] = BigInt(row.targets[i]!);
      ids.positions[at] = BigInt(row.positions[i]!);
      weights[at] = row.weights[i]!;
      for (let j = 0; j <= i; j++) if (i === j || sees(row, i, j)) mask[at * length + j] = 0;
    }
  }
  const isAnswer = Uint8Array.from(weights, (weight) => Number(weight === 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const feeds: Record<string, Tensor> = {
    tokens: { type: "int64", data: ids.tokens, dims: [n] },
    targets: { type: "int64", data: ids.targets, dims: [n] },
    positions: { type: "int64", data: ids.positions, dims: [nRows, length] },
    mask: { type: "float32", data: mask, dims: [nRows, 1, length, length] },
    weights: { type: "float32", data: weights.map((weight) => weight / total), dims: [n, 1] },
  };
  return { feeds, isCounted: isAnswer };
}

/** Whether an earlier token is visible: of the same story, and of the story itself or of the same branch. */
function sees({ stories, branches }: PretrainingRow, from: number, to: number): boolean {
  if (stories[from] !== stories[to] || stories[from] === -1) return false;
  return branches[to] === 0 || branches[to] === branches[from];
}
