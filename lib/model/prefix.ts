/**
 * Patching many conditions from one natural run: `prefix` computes an item up to a hook once, `suffix` goes on from
 * there under every condition. The natural values are what an autoencoder reads, and what a condition replaces.
 */
import { planBatches } from "./batching.ts";
import type { CausalModel } from "./gpt_neox_model.ts";
import { type Hook, type HookPoint, parseHook } from "./hooks.ts";
import { checkMasks, checkTokens, type ItemPatch, type Tokens } from "./request.ts";
import { batchPolicy } from "./run_causal.ts";
import { type BlockStack, runStack } from "./stack.ts";
import type { EncoderDecoderModel } from "./t5_model.ts";

/** Items that have run up to a hook. */
export interface Prefix {
  readonly hook: Hook;
  readonly point: HookPoint;
  readonly items: readonly Tokens[];
  readonly masks?: readonly ArrayLike<number>[] | undefined;
  /** What was at the hook, an item each, [length, d]. */
  readonly values: readonly Float32Array[];
  /** The residual stream before the first block that has not run, an item each, [length, d]. */
  readonly resid: readonly Float32Array[];
}

export interface PrefixOptions {
  readonly masks?: readonly ArrayLike<number>[];
  readonly maxBatchPositions?: number;
}

/** Replaces what is at the prefix's hook in one of its items. */
export interface Condition {
  readonly item: number;
  /** Without one the condition is the natural run. */
  readonly patch?: {
    readonly positions: readonly number[] | "all";
    /** [positions, d] */
    readonly value: Float32Array;
  };
}

/** A condition whose patch fits its item. */
export interface CheckedCondition {
  readonly item: number;
  readonly patches: readonly ItemPatch[];
}

/**
 * Runs items up to a hook.
 * @param hook in the blocks of a causal model, or in the encoder
 * @throws {UsageError | RangeError} for a hook or tokens that do not fit the model
 */
export async function prefix(
  model: CausalModel | EncoderDecoderModel,
  items: readonly Tokens[],
  hook: Hook,
  { masks, maxBatchPositions }: PrefixOptions = {},
): Promise<Prefix> {
  const stack = firstStack(model);
  const point = parseHook(hook, [stack]);
  checkTokens(items, model.config);
  checkMasks(masks, items);
  const isResid = point.site === "resid";
  const start: HookPoint = { stack: stack.name, site: "resid", block: point.block };
  const values: Float32Array[] = [];
  const resid: Float32Array[] = [];
  const lengths = items.map((tokens) => ({ length: tokens.length, past: 0 }));
  for (const batch of planBatches(lengths, batchPolicy(model.engine.name, maxBatchPositions))) {
    const rows = batch.map((item) => ({
      length: items[item]!.length,
      resid: model.embed(items[item]!),
      mask: masks?.[item],
    }));
    const read = isResid ? [start] : [start, point];
    const result = await runStack(stack, rows, { from: 0, to: point.block + (isResid ? 0 : 1), read });
    batch.forEach((item, r) => {
      resid[item] = result.read[0]![r]!;
      values[item] = result.read.at(-1)![r]!;
    });
  }
  return { hook, point, items, masks, values, resid };
}

/** Some items of a prefix, as a prefix of their own. @throws {RangeError} for an index that is not an item's */
export function selectItems(from: Prefix, indices: readonly number[]): Prefix {
  const pick = <T>(all: readonly T[]): T[] =>
    indices.map((index) => {
      const one = all[index];
      if (one === undefined) {
        throw new RangeError(`Cannot select items: needs an index in [0, ${all.length}), got ${index}`);
      }
      return one;
    });
  return {
    ...from,
    items: pick(from.items),
    masks: from.masks && pick(from.masks),
    values: pick(from.values),
    resid: pick(from.resid),
  };
}

/** The stack that reads the items. */
export function firstStack(model: CausalModel | EncoderDecoderModel): BlockStack {
  return model.kind === "causal" ? model.blocks : model.encoder;
}
