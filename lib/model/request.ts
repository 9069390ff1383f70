/** What can be asked of a model, and the checks before any work is done. */
import { type Hook, type HookableStack, type HookPoint, parseHook } from "./hooks.ts";
import type { RowPatch } from "./stack.ts";

/** Token ids of one item. */
export type Tokens = ArrayLike<number>;

/** What comes out at the end: nothing but what was read, negative log-probabilities, or logits. */
export type Want = "residual" | "nats" | "logits";

/** Replaces values at a hook, in one item. */
export interface Patch {
  readonly hook: Hook;
  /** Index of the item (of the condition's own item in a condition); 0 by default. */
  readonly item?: number;
  readonly positions: readonly number[] | "all";
  /** [positions, d] */
  readonly value: Float32Array;
}

export interface RunOptions {
  readonly want: Want;
  /** Hooks to read; a patched hook reads as patched. */
  readonly read?: readonly Hook[];
  readonly patch?: readonly Patch[];
  /**
   * For every item the positions whose prediction is wanted: position t of a causal model predicts token t + 1,
   * position t of a decoder predicts target t. All of them by default; nats need the predicted token to be known.
   */
  readonly positions?: readonly (readonly number[])[];
  /** For encoder-decoder models: the decoder's targets, for every item. */
  readonly targets?: readonly Tokens[];
  /** For encoder-decoder models: for every item 0 at each position that nobody may attend to, else 1. */
  readonly masks?: readonly ArrayLike<number>[];
  /** Most positions in a batch; the default suits the engine. */
  readonly maxBatchPositions?: number;
}

export interface RunResult {
  /** Per hook and item, [positions, d]. */
  readonly read: Readonly<Record<Hook, readonly Float32Array[]>>;
  /** Per item, a value for every wanted position, in nats. */
  readonly nats?: readonly Float32Array[];
  /** Per item, [wanted positions, vocabulary]; items of a batch are views of one buffer. */
  readonly logits?: readonly Float32Array[];
}

/**
 * Checks token ids.
 * @throws {RangeError} naming the item and the position
 */
export function checkTokens(
  items: readonly Tokens[],
  { vocabSize, maxPositions = Infinity, what = "item" }: {
    readonly vocabSize: number;
    readonly maxPositions?: number;
    readonly what?: string;
  },
): void {
  items.forEach((tokens, item) => {
    if (tokens.length < 1 || tokens.length > maxPositions) {
      throw new RangeError(
        `Cannot run ${what} ${item}: needs 1 to ${maxPositions} tokens, got ${tokens.length}`,
      );
    }
    for (let t = 0; t < tokens.length; t++) {
      const token = tokens[t]!;
      if (!Number.isInteger(token) || token < 0 || token >= vocabSize) {
        throw new RangeError(
          `Cannot run ${what} ${item}: needs token ids in [0, ${vocabSize}), got ${token} at position ${t}`,
        );
      }
    }
  });
}

/**
 * Checks masks.
 * @throws {RangeError} naming the item
 */
export function checkMasks(masks: readonly ArrayLike<number>[] | undefined, items: readonly Tokens[]): void {
  if (masks === undefined) return;
  if (masks.length !== items.length) {
    throw new RangeError(`Cannot mask: needs masks for ${items.length} items, got ${masks.length}`);
  }
  masks.forEach((mask, item) => {
    if (mask.length !== items[item]!.length || Array.from(mask).some((bit) => bit !== 0 && bit !== 1)) {
      throw new RangeError(`Cannot mask item ${item}: needs ${items[item]!.length} values of 0 or 1`);
    }
  });
}

/** A patch checked against the items it is for. */
export interface ItemPatch extends RowPatch {
  readonly item: number;
}

export interface PatchTarget {
  readonly stacks: readonly HookableStack[];
  readonly dModel: number;
  /** Positions of an item in a stack. */
  readonly lengthOf: (item: number, point: HookPoint) => number;
  readonly nItems: number;
}

/**
 * Checks patches: the hook exists, the positions are in the item, the value has a row for each.
 * @throws {UsageError | RangeError} naming the patch
 */
export function checkPatches(patches: readonly Patch[], target: PatchTarget): ItemPatch[] {
  return patches.map(({ hook, item = 0, positions, value }) => {
    const point = parseHook(hook, target.stacks);
    const refuse = (needs: string) => new RangeError(`Cannot patch ${hook} of item ${item}: needs ${needs}`);
    if (!Number.isInteger(item) || item < 0 || item >= target.nItems) {
      throw refuse(`an item in [0, ${target.nItems})`);
    }
    const length = target.lengthOf(item, point);
    const at = positions === "all" ? Array.from({ length }, (_, i) => i) : positions;
    for (const position of at) {
      if (!Number.isInteger(position) || position < 0 || position >= length) {
        throw refuse(`positions in [0, ${length}), got ${position}`);
      }
    }
    if (value.length !== at.length * target.dModel) {
      throw refuse(`${at.length} x ${target.dModel} values, got ${value.length}`);
    }
    return { item, point, positions: at, value };
  });
}

/**
 * The positions whose predictions are wanted, per item.
 * @param nPredictable how many positions of each item can be predicted from
 * @throws {RangeError} naming the item
 */
export function checkPositions(
  wanted: readonly (readonly number[])[] | undefined,
  nPredictable: readonly number[],
): readonly (readonly number[])[] {
  if (wanted === undefined) return nPredictable.map((length) => Array.from({ length }, (_, i) => i));
  if (wanted.length !== nPredictable.length) {
    throw new RangeError(
      `Cannot predict: needs positions for ${nPredictable.length} items, got ${wanted.length}`,
    );
  }
  wanted.forEach((positions, item) => {
    for (const position of positions) {
      if (!Number.isInteger(position) || position < 0 || position >= nPredictable[item]!) {
        throw new RangeError(
          `Cannot predict from item ${item}: needs positions in [0, ${nPredictable[item]}), got ${position}`,
        );
      }
    }
  });
  return wanted;
}
