/** Running a causal model: items in batches from the embedding to the last block or head that is needed. */
import { planBatches } from "./batching.ts";
import type { CausalModel } from "./gpt_neox_model.ts";
import { type HookPoint, parseHook } from "./hooks.ts";
import { predict } from "./predict.ts";
import {
  checkPatches,
  checkPositions,
  checkTokens,
  type ItemPatch,
  type RunOptions,
  type RunResult,
  type Tokens,
} from "./request.ts";
import { runStack } from "./stack.ts";

/** Runs items from the beginning. See `run`. */
export async function runCausal(
  model: CausalModel,
  items: readonly Tokens[],
  { want, read = [], patch = [], positions, maxBatchPositions }: RunOptions,
): Promise<RunResult> {
  const { blocks, config } = model;
  checkTokens(items, config);
  const points = read.map((hook) => parseHook(hook, [blocks]));
  const patches = checkPatches(patch, {
    stacks: [blocks],
    dModel: config.dModel,
    nItems: items.length,
    lengthOf: (item) => items[item]!.length,
  });
  const wanted = wantedPositions(items, want, positions);
  const to = want === "residual" ? lastBlock(points) : blocks.nBlocks;
  const reads = points.map((): Float32Array[] => []);
  const predictions: Float32Array[] = [];
  const lengths = items.map((tokens) => ({ length: tokens.length, past: 0 }));
  for (const batch of planBatches(lengths, batchPolicy(model.engine.name, maxBatchPositions))) {
    const rows = batch.map((item) => ({
      length: items[item]!.length,
      resid: model.embed(items[item]!),
      patches: patchesOf(patches, item),
    }));
    const result = await runStack(blocks, rows, { from: 0, to, read: points });
    result.read.forEach((rowsRead, p) => rowsRead.forEach((values, r) => reads[p]![batch[r]!] = values));
    if (want === "residual") continue;
    const predicted = await predict(
      model.head,
      batch.map((item, r) => ({
        resid: result.resid[r]!,
        positions: wanted[item]!,
        targets: want === "nats" ? wanted[item]!.map((t) => items[item]![t + 1]!) : [],
      })),
      want,
    );
    predicted.forEach((values, r) => predictions[batch[r]!] = values);
  }
  return {
    read: Object.fromEntries(read.map((hook, p) => [hook, reads[p]!])),
    ...(want !== "residual" && { [want]: predictions }),
  };
}

/** Positions to predict from: nats need a next token. */
export function wantedPositions(
  items: readonly Tokens[],
  want: RunOptions["want"],
  positions: RunOptions["positions"],
): readonly (readonly number[])[] {
  return checkPositions(positions, items.map((tokens) => tokens.length - (want === "nats" ? 1 : 0)));
}

/** The first block that need not run to read all points. */
export function lastBlock(points: readonly HookPoint[]): number {
  return points.reduce((last, { site, block }) => Math.max(last, site === "resid" ? block : block + 1), 0);
}

export function patchesOf(patches: readonly ItemPatch[], item: number): readonly ItemPatch[] {
  return patches.filter((patch) => patch.item === item);
}

/** Native pads and shares the matrix products among many positions; portable batches equal lengths only. */
export function batchPolicy(engine: "native" | "portable", maxBatchPositions?: number) {
  return { pad: engine === "native", maxSlots: maxBatchPositions ?? 1024 };
}
