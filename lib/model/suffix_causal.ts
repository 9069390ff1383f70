/**
 * The suffix of a causal model. A patch at position p cannot change what is before p: those positions run once per
 * item, and every condition starts at p with their keys and values.
 */
import { planBatches } from "./batching.ts";
import type { CausalModel } from "./gpt_neox_model.ts";
import type { HookPoint } from "./hooks.ts";
import { predict } from "./predict.ts";
import type { CheckedCondition, Prefix } from "./prefix.ts";
import type { RunOptions } from "./request.ts";
import { batchPolicy, lastBlock } from "./run_causal.ts";
import { type Past, runStack } from "./stack.ts";

export interface CausalSuffix {
  readonly want: RunOptions["want"];
  readonly read: readonly HookPoint[];
  /** Positions to predict from, per item of the prefix. */
  readonly wanted: readonly (readonly number[])[];
  readonly maxBatchPositions?: number | undefined;
}

export interface SuffixResult {
  readonly read: Float32Array[][];
  readonly predictions: Float32Array[];
}

/** Past positions whose keys and values are held at a time, over all items. */
const MAX_PAST_POSITIONS = 2048;

/** Runs conditions; results are in their order. */
export async function runCausalSuffix(
  model: CausalModel,
  from: Prefix,
  conditions: readonly CheckedCondition[],
  options: CausalSuffix,
): Promise<SuffixResult> {
  const result: SuffixResult = { read: options.read.map(() => []), predictions: [] };
  const starts = firstChangedPositions(from, conditions, options);
  for (const group of groupByItem(conditions, starts)) {
    const pasts = await naturalPasts(model, from, group.items, starts, options);
    await runConditionsInto(
      result,
      { model, from, conditions, starts, pasts, indices: group.conditions },
      options,
    );
  }
  return result;
}

/** Per item, the first position that some condition changes or that is wanted; reads want all. */
function firstChangedPositions(
  { items }: Prefix,
  conditions: readonly CheckedCondition[],
  { read, want, wanted }: CausalSuffix,
): readonly number[] {
  const starts = items.map((tokens, item) =>
    read.length > 0 ? 0 : Math.min(tokens.length - 1, ...(want === "residual" ? [] : wanted[item]!))
  );
  for (const { item, patches } of conditions) {
    for (const { positions } of patches) starts[item] = Math.min(starts[item]!, ...positions);
  }
  return starts;
}

interface Group {
  readonly items: readonly number[];
  /** Indices of the items' conditions. */
  readonly conditions: readonly number[];
}

/** All conditions of an item are in one group; a group's pasts fit in memory. */
function groupByItem(conditions: readonly CheckedCondition[], starts: readonly number[]): Group[] {
  const byItem = new Map<number, number[]>();
  conditions.forEach(({ item }, index) => byItem.set(item, [...byItem.get(item) ?? [], index]));
  const groups: { items: number[]; conditions: number[] }[] = [];
  let held = Infinity;
  for (const [item, indices] of byItem) {
    if (held + starts[item]! > MAX_PAST_POSITIONS) {
      groups.push({ items: [], conditions: [] });
      held = 0;
    }
    held += starts[item]!;
    groups.at(-1)!.items.push(item);
    groups.at(-1)!.conditions.push(...indices);
  }
  return groups;
}

/** Keys and values of every item's positions before its start. */
async function naturalPasts(
  model: CausalModel,
  from: Prefix,
  items: readonly number[],
  starts: readonly number[],
  { want, read, maxBatchPositions }: CausalSuffix,
): Promise<ReadonlyMap<number, Past>> {
  const pasts = new Map<number, Past>();
  const { blocks, config, engine } = model;
  const withPast = items.filter((item) => starts[item]! > 0);
  const lengths = withPast.map((item) => ({ length: starts[item]!, past: 0 }));
  for (const batch of planBatches(lengths, batchPolicy(engine.name, maxBatchPositions))) {
    const own = batch.map((i) => withPast[i]!);
    const rows = own.map((item) => ({
      length: starts[item]!,
      resid: from.resid[item]!.subarray(0, starts[item]! * config.dModel),
    }));
    const to = want === "residual" ? lastBlock(read) : blocks.nBlocks;
    const result = await runStack(blocks, rows, { from: from.point.block, to, keepPast: true });
    own.forEach((item, r) => pasts.set(item, result.past[r]!));
  }
  return pasts;
}

interface ConditionRun {
  readonly model: CausalModel;
  readonly from: Prefix;
  readonly conditions: readonly CheckedCondition[];
  readonly starts: readonly number[];
  readonly pasts: ReadonlyMap<number, Past>;
  readonly indices: readonly number[];
}

async function runConditionsInto(
  result: SuffixResult,
  run: ConditionRun,
  options: CausalSuffix,
): Promise<void> {
  const { model, from, conditions, starts, pasts, indices } = run;
  const { want, read, wanted, maxBatchPositions } = options;
  const { blocks, config, engine, head } = model;
  const all = indices.map((index) => {
    const { item, patches } = conditions[index]!;
    const start = starts[item]!;
    return {
      index,
      item,
      start,
      length: from.items[item]!.length - start,
      resid: from.resid[item]!.subarray(start * config.dModel),
      past: pasts.get(item),
      patches: patches.map((patch) => ({ ...patch, positions: patch.positions.map((t) => t - start) })),
    };
  });
  const lengths = all.map(({ length, start }) => ({ length, past: start }));
  for (const batch of planBatches(lengths, batchPolicy(engine.name, maxBatchPositions))) {
    const rows = batch.map((i) => all[i]!);
    const to = want === "residual" ? lastBlock(read) : blocks.nBlocks;
    const ran = await runStack(blocks, rows, { from: from.point.block, to, read });
    ran.read.forEach((values, p) => values.forEach((one, r) => result.read[p]![rows[r]!.index] = one));
    if (want === "residual") continue;
    const predicted = await predict(
      head,
      rows.map(({ item, start }, r) => ({
        resid: ran.resid[r]!,
        positions: wanted[item]!.map((t) => t - start),
        targets: want === "nats" ? wanted[item]!.map((t) => from.items[item]![t + 1]!) : [],
      })),
      want,
    );
    predicted.forEach((values, r) => result.predictions[rows[r]!.index] = values);
  }
}
