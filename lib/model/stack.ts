/**
 * Running a batch through a stack of blocks, one graph a block: between two blocks the residual stream is in our hands,
 * so any place can be read, replaced, started from or stopped at, and every weight is in memory once.
 */
import { type BatchShape, batchShape, type RowLength } from "./batching.ts";
import type { EngineSession, Float32Tensor, Tensor } from "./engine.ts";
import type { HookableStack, HookPoint, StackName, Sublayer } from "./hooks.ts";

/** A stack of blocks ready to run. */
export interface BlockStack extends HookableStack {
  readonly dModel: number;
  readonly nHeads: number;
  readonly dHead: number;
  /** The graph of a block, opened when it is first needed. */
  block(index: number): Promise<EngineSession>;
  /** What all blocks are fed besides the residual stream, the past and patches. */
  feeds(shape: BatchShape): Readonly<Record<string, Tensor>>;
}

/** Keys and values of known positions, for every block from `firstBlock` on; each [heads, capacity, dHead]. */
export interface Past {
  readonly length: number;
  /** Positions that there is room for, default `length`: what decoding appends is then not copied about. */
  readonly capacity?: number;
  readonly firstBlock: number;
  readonly blocks: readonly { readonly k: Float32Array; readonly v: Float32Array }[];
}

/** One row's replacement at one place. */
export interface RowPatch {
  readonly point: HookPoint;
  /** Positions within the row's new ones. */
  readonly positions: readonly number[];
  /** [positions, d] */
  readonly value: Float32Array;
}

/** A sequence to run: its residual stream before block `from`. */
export interface StackRow {
  readonly length: number;
  /** [length, d] */
  readonly resid: Float32Array;
  readonly past?: Past | undefined;
  /** See `RowLength`. */
  readonly mask?: ArrayLike<number> | undefined;
  readonly patches?: readonly RowPatch[];
}

export interface StackRun {
  /** First block to run. */
  readonly from: number;
  /** First block not to run. */
  readonly to: number;
  readonly read?: readonly HookPoint[];
  /** Keep keys and values of the new positions. */
  readonly keepPast?: boolean;
  /** More feeds of one block. */
  readonly blockFeeds?: (block: number) => Readonly<Record<string, Tensor>>;
}

export interface StackResult {
  /** Residual stream before block `to`, a row each, [length, d]. */
  readonly resid: readonly Float32Array[];
  /** What was read, in the order of `read`, a row each, [length, d]. */
  readonly read: readonly (readonly Float32Array[])[];
  /** A row each, if kept. */
  readonly past: readonly Past[];
}

/** Runs rows as one batch. Reads see patched values. */
export async function runStack(
  stack: BlockStack,
  rows: readonly StackRow[],
  { from, to, read = [], keepPast = false, blockFeeds = () => ({}) }: StackRun,
): Promise<StackResult> {
  const shape = batchShape(rows.map(({ length, past, mask }) => ({ length, past: past?.length ?? 0, mask })));
  const layout: Layout = { shape, dModel: stack.dModel };
  const common = stack.feeds(shape);
  const reads = read.map((): Float32Array[] => []);
  const kept = rows.map((): { k: Float32Array; v: Float32Array }[] => []);
  let resid = packRows(rows.map((row) => row.resid), layout);

  const take = (site: HookPoint["site"], block: number, values: Float32Array) =>
    read.forEach((point, i) => {
      if (isAt(point, stack.name, site, block)) reads[i] = unpackRows(values, layout);
    });

  for (let block = from;; block++) {
    patchInPlace(resid, rows, layout, { stack: stack.name, site: "resid", block });
    take("resid", block, resid);
    if (block >= to) break;
    const session = await stack.block(block);
    const wanted = stack.sublayers.filter((site) =>
      read.some((point) => isAt(point, stack.name, site, block))
    );
    const feeds: Record<string, Tensor> = {
      resid: { type: "float32", data: resid, dims: [rows.length, shape.length, stack.dModel] },
      ...pastFeeds(stack, rows, shape, block),
      ...common,
      ...blockFeeds(block),
    };
    for (const site of stack.sublayers) {
      Object.assign(feeds, patchFeeds(rows, layout, stack.name, site, block));
    }
    const out = await session.run(feeds, ["resid_post", ...wanted, ...(keepPast ? ["k", "v"] : [])]);
    for (const site of wanted) take(site, block, out[site]!.data);
    if (keepPast) {
      const keys = unpackHeads(out["k"]!, shape.rows);
      const values = unpackHeads(out["v"]!, shape.rows);
      kept.forEach((blocks, r) => blocks.push({ k: keys[r]!, v: values[r]! }));
    }
    resid = out["resid_post"]!.data;
  }
  return {
    resid: unpackRows(resid, layout),
    read: reads,
    past: keepPast ? kept.map((blocks, r) => ({ length: rows[r]!.length, firstBlock: from, blocks })) : [],
  };
}

/** The patch feeds of a stack's blocks when nothing is patched. */
export function unpatchedFeeds({ sublayers, dModel }: BlockStack): Readonly<Record<string, Tensor>> {
  return Object.assign(
    {},
    ...sublayers.map((site) => patchTensors(site, new Uint8Array(1), new Float32Array(dModel), [1, 1])),
  );
}

interface Layout {
  readonly shape: BatchShape;
  readonly dModel: number;
}

function isAt(point: HookPoint, stack: StackName, site: HookPoint["site"], block: number): boolean {
  return point.stack === stack && point.site === site && point.block === block;
}

/** [length, d] a row -> [batch, slots, d], zeros in padding. */
function packRows(values: readonly Float32Array[], { shape, dModel }: Layout): Float32Array {
  const packed = new Float32Array(shape.rows.length * shape.length * dModel);
  values.forEach((row, r) => packed.set(row, r * shape.length * dModel));
  return packed;
}

function unpackRows(packed: Float32Array, { shape, dModel }: Layout): Float32Array[] {
  return shape.rows.map(({ length }, r) => {
    const start = r * shape.length * dModel;
    return packed.slice(start, start + length * dModel);
  });
}

/** [batch, heads, slots, dHead] -> [heads, length, dHead] a row. */
function unpackHeads({ data, dims }: Float32Tensor, rows: readonly RowLength[]): Float32Array[] {
  const [, nHeads, slots, dHead] = dims as [number, number, number, number];
  return rows.map(({ length }, r) => {
    const out = new Float32Array(nHeads * length * dHead);
    for (let head = 0; head < nHeads; head++) {
      const start = (r * nHeads + head) * slots * dHead;
      out.set(data.subarray(start, start + length * dHead), head * length * dHead);
    }
    return out;
  });
}

function patchInPlace(
  packed: Float32Array,
  rows: readonly StackRow[],
  { shape, dModel }: Layout,
  at: { readonly stack: StackName; readonly site: HookPoint["site"]; readonly block: number },
): number {
  let count = 0;
  rows.forEach((row, r) => {
    const start = r * shape.length;
    for (const { point, positions, value } of row.patches ?? []) {
      if (!isAt(point, at.stack, at.site, at.block)) continue;
      positions.forEach((position, i) => {
        packed.set(value.subarray(i * dModel, (i + 1) * dModel), (start + position) * dModel);
      });
      count += positions.length;
    }
  });
  return count;
}

/** A sublayer's patch as the graph takes it: which slots, and by what. Without one, a single false. */
function patchFeeds(
  rows: readonly StackRow[],
  layout: Layout,
  stack: StackName,
  site: Sublayer,
  block: number,
): Record<string, Tensor> {
  const { shape, dModel } = layout;
  const isPatched = rows.some((row) => row.patches?.some(({ point }) => isAt(point, stack, site, block)));
  const [batch, length] = isPatched ? [rows.length, shape.length] : [1, 1];
  const value = new Float32Array(batch * length * dModel);
  const mask = new Uint8Array(batch * length);
  if (isPatched) {
    patchInPlace(value, rows, layout, { stack, site, block });
    rows.forEach((row, r) => {
      for (const { point, positions } of row.patches ?? []) {
        if (!isAt(point, stack, site, block)) continue;
        for (const position of positions) mask[r * length + position] = 1;
      }
    });
  }
  return patchTensors(site, mask, value, [batch, length]);
}

function patchTensors(
  site: Sublayer,
  mask: Uint8Array,
  value: Float32Array,
  slots: readonly [number, number],
): Record<string, Tensor> {
  const dModel = value.length / mask.length;
  return {
    [`hook_${site}_is_patched`]: { type: "bool", data: mask, dims: [...slots, 1] },
    [`hook_${site}_patch`]: { type: "float32", data: value, dims: [...slots, dModel] },
  };
}

/** Past keys and values of a block, [batch, heads, past, dHead]. */
function pastFeeds(
  { nHeads, dHead, name }: BlockStack,
  rows: readonly StackRow[],
  { past }: BatchShape,
  block: number,
): Record<string, Tensor> {
  if (name === "encoder") return {}; // every position sees every other: nothing is known before all are
  const feeds: Record<string, Tensor> = {};
  for (const which of ["k", "v"] as const) {
    const data = new Float32Array(rows.length * nHeads * past * dHead);
    rows.forEach((row, r) => {
      if (row.past === undefined) return;
      const known = row.past.blocks[block - row.past.firstBlock]![which];
      const size = row.past.length * dHead;
      const room = (row.past.capacity ?? row.past.length) * dHead;
      for (let head = 0; head < nHeads; head++) {
        data.set(
          known.subarray(head * room, head * room + size),
          (r * nHeads + head) * past * dHead, // at the left end, where the bias lets a row look
        );
      }
    });
    feeds[`past_${which}`] = { type: "float32", data, dims: [rows.length, nHeads, past, dHead] };
  }
  return feeds;
}
