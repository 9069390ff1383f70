/** From a hook to the end under many conditions; see prefix.ts. */
import type { CausalModel } from "./gpt_neox_model.ts";
import { type EncodedBatch, endEncoder } from "./encoded.ts";
import { type HookPoint, parseHook } from "./hooks.ts";
import { type CheckedCondition, type Condition, firstStack, type Prefix } from "./prefix.ts";
import { checkPatches, checkPositions, type RunOptions, type RunResult } from "./request.ts";
import { wantedPositions } from "./run_causal.ts";
import { checkTargets, runT5Rows } from "./run_t5.ts";
import { runStack } from "./stack.ts";
import { runCausalSuffix } from "./suffix_causal.ts";
import type { EncoderDecoderModel } from "./t5_model.ts";

/** `positions` and `targets` are for the items of the prefix; their conditions share them. */
export type SuffixOptions = Pick<RunOptions, "want" | "read" | "positions" | "targets" | "maxBatchPositions">;

/**
 * Runs conditions from the hook on; the prefix is not run again. In a causal model only the positions that can change
 * are: those before the first patched one are computed once an item, whatever the number of conditions.
 * @returns as `run`, but one entry a condition
 * @throws {RangeError} for conditions that do not fit the prefix
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadModel, prefix, suffix } from "lib/model/model.ts";
 * const model = await loadModel("tests/golden/models/neox_pythia", { engine: "portable" });
 * const from = await prefix(model, [[5, 6, 7, 8]], "blocks.0.hook_resid_post");
 * const value = from.values[0]!.subarray(2 * 32, 3 * 32);
 * const conditions = [
 *   { item: 0 },
 *   { item: 0, patch: { positions: [2], value } },
 *   { item: 0, patch: { positions: [2], value: value.map((x) => 2 * x) } },
 * ];
 * const { nats } = await suffix(model, from, conditions, { want: "nats", positions: [[2]] });
 * assert.equal(nats?.[1]?.[0], nats?.[0]?.[0]); // replaced by itself
 * assert.notEqual(nats?.[2]?.[0], nats?.[0]?.[0]);
 * await model.close();
 * ```
 */
export async function suffix(
  model: CausalModel | EncoderDecoderModel,
  from: Prefix,
  conditions: readonly Condition[],
  options: SuffixOptions,
): Promise<RunResult> {
  const { want, read = [], maxBatchPositions } = options;
  const patches = checkConditions(model, from, conditions);
  const stacks = model.kind === "causal" ? [model.blocks] : [model.encoder, model.decoder];
  const points = read.map((hook) => parseHook(hook, stacks));
  checkReadable(from, read, points);
  const result = model.kind === "causal"
    ? await runCausalSuffix(model, from, patches, {
      want,
      read: points,
      wanted: wantedPositions(from.items, want, options.positions),
      maxBatchPositions,
    })
    : await runT5Suffix(model, from, patches, points, options);
  return {
    read: Object.fromEntries(read.map((hook, p) => [hook, result.read[p]!])),
    ...(want !== "residual" && { [want]: result.predictions }),
  };
}

/**
 * Runs conditions through the rest of the encoder as one batch and hands them to the decoder.
 * @throws {RangeError} for conditions that do not fit the prefix
 */
export async function encodeConditions(
  model: EncoderDecoderModel,
  from: Prefix,
  conditions: readonly Condition[],
): Promise<EncodedBatch> {
  const rows = checkConditions(model, from, conditions).map(({ item, patches }) => ({
    length: from.items[item]!.length,
    resid: from.resid[item]!,
    mask: from.masks?.[item],
    patches,
  }));
  const { nBlocks } = model.encoder;
  const { resid } = await runStack(model.encoder, rows, { from: from.point.block, to: nBlocks });
  return endEncoder(model, resid.map((values, r) => ({ resid: values, mask: rows[r]!.mask })));
}

function checkConditions(
  model: CausalModel | EncoderDecoderModel,
  { hook, items }: Prefix,
  conditions: readonly Condition[],
): readonly CheckedCondition[] {
  return conditions.map(({ item, patch }, index) => {
    if (!Number.isInteger(item) || item < 0 || item >= items.length) {
      throw new RangeError(
        `Cannot run condition ${index}: needs an item in [0, ${items.length}), got ${item}`,
      );
    }
    const patches = checkPatches(patch === undefined ? [] : [{ hook, item, ...patch }], {
      stacks: [firstStack(model)],
      dModel: model.config.dModel,
      nItems: items.length,
      lengthOf: (i) => items[i]!.length,
    });
    return { item, patches };
  });
}

/** What lies before the hook is not run again. */
function checkReadable(from: Prefix, read: readonly string[], points: readonly HookPoint[]): void {
  points.forEach(({ stack, block }, p) => {
    if (stack === from.point.stack && block < from.point.block) {
      throw new RangeError(`Cannot read ${read[p]}: it lies before ${from.hook}, where the suffix begins`);
    }
  });
}

function runT5Suffix(
  model: EncoderDecoderModel,
  from: Prefix,
  conditions: readonly CheckedCondition[],
  read: readonly HookPoint[],
  { want, positions, targets, maxBatchPositions }: SuffixOptions,
) {
  const needsDecoder = want !== "residual" || read.some(({ stack }) => stack === "decoder");
  const decoded = checkTargets(model, targets, from.items.length, needsDecoder);
  const wanted = checkPositions(positions, decoded.map((own) => own.length));
  const rows = conditions.map(({ item, patches }) => ({
    length: from.items[item]!.length,
    resid: () => from.resid[item]!,
    mask: from.masks?.[item],
    patches,
    targets: decoded[item]!,
    positions: wanted[item]!,
  }));
  return runT5Rows(model, rows, { from: from.point.block, want, read, maxBatchPositions });
}
